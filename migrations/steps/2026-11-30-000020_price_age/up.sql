-- The service reports when prices were last imported.
GRANT SELECT (created_at) ON rates.batches TO portcullis_rates_reader;
