REVOKE SELECT (withdrawn_at) ON rates.batches FROM portcullis_rates_reader;
REVOKE SELECT (price_count, created_at, withdrawn_at) ON rates.batches FROM portcullis_rates_writer;
ALTER TABLE rates.batches DROP COLUMN withdrawn_at;
ALTER TABLE rates.prices DROP COLUMN batch_id;
