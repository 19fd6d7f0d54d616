-- Deletes up to `batch` attempts to issue a login that failed, left nothing, and were revoked at least `age` ago. While issuing fails,
-- there are hundreds of them a day. A function, because the service's login may delete no login otherwise: they are evidence.
CREATE FUNCTION access.purge_failed_logins(age interval, batch integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH old AS (
    SELECT l.id FROM access.logins l
    WHERE l.end_reason = 'failed' AND l.name IS NULL AND l.revoked_at < now() - greatest(age, interval '30 days')
    LIMIT batch
    FOR UPDATE SKIP LOCKED
  ), deleted AS (
    DELETE FROM access.logins l USING old WHERE l.id = old.id RETURNING 1
  )
  SELECT count(*) FROM deleted
$$;
REVOKE EXECUTE ON FUNCTION access.purge_failed_logins(interval, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.purge_failed_logins(interval, integer) TO portcullis_accounts_writer;
