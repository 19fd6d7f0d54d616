-- What the server's login may do: call these functions, and nothing else. They create, extend and drop logins and change
-- passwords for it.
CREATE ROLE app_runtime NOLOGIN;
CREATE ROLE app_auditor NOLOGIN;
CREATE ROLE vault_min LOGIN PASSWORD 'first-password' CONNECTION LIMIT 5;
CREATE ROLE "s-report" LOGIN PASSWORD 'old';
REVOKE ALL ON DATABASE app FROM public;
GRANT CONNECT ON DATABASE app TO app_runtime, app_auditor, vault_min;
CREATE SCHEMA vault_api;
GRANT USAGE ON SCHEMA vault_api TO vault_min;

CREATE FUNCTION vault_api.create_login(
  p_name text, p_password text, p_valid_until timestamptz, p_group text, p_audited boolean)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  -- A NULL argument makes the test NULL, which a plain IF would let pass.
  IF (p_name ~ '^v-[a-zA-Z0-9_-]{1,60}$') IS NOT TRUE THEN RAISE EXCEPTION 'name not allowed'; END IF;
  IF (p_group = ANY (ARRAY['app_runtime', 'app_auditor'])) IS NOT TRUE THEN RAISE EXCEPTION 'group not allowed'; END IF;
  IF (p_valid_until <= now() + interval '31 days') IS NOT TRUE THEN RAISE EXCEPTION 'ttl not allowed'; END IF;
  IF (p_password LIKE 'SCRAM-SHA-256$%') IS NOT TRUE THEN RAISE EXCEPTION 'no verifier'; END IF;
  EXECUTE format('CREATE ROLE %I WITH LOGIN PASSWORD %L VALID UNTIL %L CONNECTION LIMIT 20', p_name, p_password, p_valid_until);
  EXECUTE format('GRANT %I TO %I', p_group, p_name);
END $f$;

CREATE FUNCTION vault_api.extend_login(p_name text, p_valid_until timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  IF (p_name ~ '^v-[a-zA-Z0-9_-]{1,60}$') IS NOT TRUE THEN RAISE EXCEPTION 'name not allowed'; END IF;
  IF (p_valid_until <= now() + interval '31 days') IS NOT TRUE THEN RAISE EXCEPTION 'ttl not allowed'; END IF;
  EXECUTE format('ALTER ROLE %I VALID UNTIL %L', p_name, p_valid_until);
END $f$;

CREATE FUNCTION vault_api.drop_login(p_name text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  IF (p_name ~ '^v-[a-zA-Z0-9_-]{1,60}$') IS NOT TRUE THEN RAISE EXCEPTION 'name not allowed'; END IF;
  -- A second revocation is no error.
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = p_name) THEN RETURN; END IF;
  EXECUTE format('ALTER ROLE %I NOLOGIN', p_name);
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = p_name;
  EXECUTE format('DROP ROLE %I', p_name);
END $f$;

CREATE FUNCTION vault_api.set_password(p_name text, p_password text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  IF (p_name ~ '^s-[a-z0-9_]{1,40}$') IS NOT TRUE THEN RAISE EXCEPTION 'name not allowed'; END IF;
  IF (p_password LIKE 'SCRAM-SHA-256$%') IS NOT TRUE THEN RAISE EXCEPTION 'no verifier'; END IF;
  EXECUTE format('ALTER ROLE %I WITH PASSWORD %L', p_name, p_password);
END $f$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA vault_api FROM public;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA vault_api TO vault_min;
