REVOKE SELECT (created_at) ON rates.batches FROM portcullis_rates_reader;
