-- Lets an import wait for another one before it changes its first row. The triggers of the rates schema lock the sums as well, but
-- only after rows of regions and ports: two imports that list them in different orders would block each other.
CREATE FUNCTION rates.lock_sums() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  LOCK TABLE rates.daily_rates IN SHARE ROW EXCLUSIVE MODE;
END
$$;
REVOKE EXECUTE ON FUNCTION rates.lock_sums() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rates.lock_sums() TO portcullis_rates_writer;
