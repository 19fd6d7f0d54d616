-- Deletes accounts for good that were deleted long enough ago, with everything that belongs to them. A function, because
-- the service's login may not delete accounts otherwise: not those in use, and none within a day of its deletion.
CREATE FUNCTION accounts.purge_deleted(age interval, max_rows integer) RETURNS SETOF bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM accounts.accounts WHERE id IN (
    SELECT a.id FROM accounts.accounts a
    WHERE a.deleted_at < now() - greatest(age, interval '1 day')
    ORDER BY a.id LIMIT max_rows FOR UPDATE SKIP LOCKED)
  RETURNING id
$$;
REVOKE EXECUTE ON FUNCTION accounts.purge_deleted(interval, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounts.purge_deleted(interval, integer) TO portcullis_accounts_writer;
