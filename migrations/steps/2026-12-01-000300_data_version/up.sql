-- Identifies the state of everything that rates and places are answered from, so that an answer can be reused while it is current. Random
-- instead of counted: after a restore, no version of the restored database names another state.
CREATE TABLE rates.data_version (
  is_only boolean NOT NULL DEFAULT true,
  version uuid NOT NULL DEFAULT gen_random_uuid(),
  CONSTRAINT data_version_pkey PRIMARY KEY (is_only),
  CONSTRAINT data_version_one_row_check CHECK (is_only)
);
INSERT INTO rates.data_version DEFAULT VALUES;
GRANT SELECT (version) ON rates.data_version TO portcullis_rates_reader, portcullis_rates_writer;

-- Gives the data another version, in the transaction that changes them. Every writer of prices holds the lock on the sums already, so none
-- waits here for another.
CREATE FUNCTION rates.change_data_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE rates.data_version SET version = gen_random_uuid();
  RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION rates.change_data_version() FROM PUBLIC;
