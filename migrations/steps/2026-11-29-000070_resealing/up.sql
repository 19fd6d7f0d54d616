-- Second factors are encrypted anew when the data key is replaced: also those of deleted accounts, which can be restored,
-- and those whose setup is not confirmed. The value is encrypted, and no other column is returned.
CREATE FUNCTION accounts.sealed_factor(wanted_id bigint) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.totp_secret FROM accounts.credentials c WHERE c.account_id = wanted_id
$$;

GRANT EXECUTE ON FUNCTION accounts.sealed_factor(bigint) TO portcullis_accounts_writer;
