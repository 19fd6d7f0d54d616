REVOKE SELECT ON rates.routes FROM portcullis_rates_reader;
