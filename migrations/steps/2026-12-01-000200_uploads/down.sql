DROP FUNCTION rates.purge_uploads(interval, integer);
REVOKE INSERT (id) ON rates.batches FROM portcullis_rates_writer;
REVOKE USAGE ON SEQUENCE rates.batches_id_seq FROM portcullis_rates_writer;
DROP TABLE rates.upload_parts;
DROP TABLE rates.uploads;
