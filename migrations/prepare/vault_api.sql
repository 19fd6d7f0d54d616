-- Issuing logins for Vault. Run in the service's database by a database administrator, where `DATABASE_VAULT_PASSWORD` is set or
-- this ran before; idempotent. Vault's login has no CREATEROLE: it calls these functions, which own the rules.
DO $$
DECLARE
  member_group name;
  issued name;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'portcullis_issuer') THEN
    CREATE ROLE portcullis_issuer NOLOGIN CREATEROLE;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'portcullis_vault_client') THEN
    CREATE ROLE portcullis_vault_client NOLOGIN;
  END IF;
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO portcullis_vault_client', current_database());
  -- Since PostgreSQL 16 only a role with the admin option on a group may add members; before, CREATEROLE is enough.
  IF current_setting('server_version_num')::int >= 160000 THEN
    FOR member_group IN
      SELECT rolname FROM pg_catalog.pg_roles
      WHERE rolname IN ('portcullis_rates_reader', 'portcullis_rates_writer', 'portcullis_accounts_writer',
                        'portcullis_wishes_writer', 'portcullis_mail_sender', 'portcullis_demo_writer')
         OR rolname LIKE 'portcullis\_access\_%' AND NOT rolcanlogin
    LOOP
      EXECUTE format('GRANT %I TO portcullis_issuer WITH ADMIN TRUE, INHERIT FALSE, SET FALSE', member_group);
    END LOOP;
    -- The issuer has that option on the logins that it issues, but not on those from before an upgrade to PostgreSQL 16.
    FOR issued IN
      SELECT DISTINCT r.rolname
      FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.member
        JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
      WHERE r.rolname ~ '^v-[a-zA-Z0-9_-]{1,60}$' AND g.rolname LIKE 'portcullis\_%' AND NOT r.rolsuper AND NOT r.rolcreaterole
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members a WHERE a.roleid = r.oid AND a.admin_option
                        AND a.member = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = 'portcullis_issuer'))
    LOOP
      BEGIN
        EXECUTE format('GRANT %I TO portcullis_issuer WITH ADMIN TRUE, INHERIT FALSE, SET FALSE', issued);
      EXCEPTION WHEN insufficient_privilege OR undefined_object THEN NULL; -- only a superuser may, or it was dropped meanwhile
      END;
    END LOOP;
  END IF;
  -- Only a member may create objects for the issuer.
  IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
    EXECUTE 'GRANT portcullis_issuer TO CURRENT_USER';
  END IF;
END
$$;

CREATE SCHEMA IF NOT EXISTS vault_api AUTHORIZATION portcullis_issuer;
GRANT USAGE ON SCHEMA vault_api TO portcullis_vault_client, portcullis_accounts_writer;

SET ROLE portcullis_issuer;

-- Whether a group may have issued members: `service`, `person` or NULL. New groups for people need no change here.
CREATE OR REPLACE FUNCTION vault_api.group_kind(p_group text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN rolname IN ('portcullis_rates_reader', 'portcullis_rates_writer', 'portcullis_accounts_writer',
                     'portcullis_wishes_writer', 'portcullis_mail_sender', 'portcullis_demo_writer') THEN 'service'
    WHEN rolname LIKE 'portcullis\_access\_%' THEN 'person'
  END
  FROM pg_roles WHERE rolname = p_group AND NOT rolcanlogin AND NOT rolsuper AND NOT rolcreaterole
$$;

-- Whether a login is a member of such a group: other products of the server have logins with the same form of name.
CREATE OR REPLACE FUNCTION vault_api.is_member(p_name text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (
    SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member JOIN pg_roles g ON g.oid = m.roleid
    WHERE r.rolname = p_name AND NOT r.rolsuper AND NOT r.rolcreaterole AND vault_api.group_kind(g.rolname) IS NOT NULL)
$$;

-- Whether a login is one of a person.
CREATE OR REPLACE FUNCTION vault_api.is_person(p_name text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT vault_api.is_member(p_name) AND p_name ~ '^v-[a-zA-Z0-9_-]{1,60}$' AND EXISTS (
    SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member JOIN pg_roles g ON g.oid = m.roleid
    WHERE r.rolname = p_name AND vault_api.group_kind(g.rolname) = 'person')
$$;

-- The login of a person with this name. NULL: it does not exist, which is no error: Vault may have dropped it.
CREATE OR REPLACE FUNCTION vault_api.find_person(p_name text) RETURNS oid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  login oid := (SELECT oid FROM pg_roles WHERE rolname = p_name);
BEGIN
  IF (p_name ~ '^v-[a-zA-Z0-9_-]{1,60}$') IS NOT TRUE OR login IS NOT NULL AND vault_api.is_person(p_name) IS NOT TRUE THEN
    RAISE EXCEPTION 'name not allowed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN login;
END
$$;

-- Whether a text is what PostgreSQL stores for a password. Anything else it would take for the password itself.
CREATE OR REPLACE FUNCTION vault_api.is_verifier(p_text text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT p_text ~ '^SCRAM-SHA-256\$[1-9][0-9]{3,6}:[A-Za-z0-9+/]{22,}={0,2}\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$'
$$;

-- Creates a login that is a member of one group and nothing else. A NULL argument makes a test NULL, which a plain IF lets pass.
-- No message contains an argument. Vault waits for 5 s, so no function waits longer than 2 s for a lock, which an issued login may hold.
CREATE OR REPLACE FUNCTION vault_api.create_login(
  p_name text, p_verifier text, p_valid_until timestamptz, p_group text, p_audited boolean)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  kind text := vault_api.group_kind(p_group);
  state text;
BEGIN
  IF (p_name ~ '^v-[a-zA-Z0-9_-]{1,60}$') IS NOT TRUE THEN
    RAISE EXCEPTION 'name not allowed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF kind IS NULL THEN
    RAISE EXCEPTION 'group not allowed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF (p_valid_until <= now() + interval '31 days') IS NOT TRUE THEN
    RAISE EXCEPTION 'end not allowed: at most 31 days from now' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF vault_api.is_verifier(p_verifier) IS NOT TRUE THEN
    RAISE EXCEPTION 'not a SCRAM verifier: set password_authentication of the connection to scram-sha-256'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- Logins of people are audited; those of services send parameters that must not be logged.
  IF p_audited IS DISTINCT FROM (kind = 'person') THEN
    RAISE EXCEPTION 'logins of people, and only those, must be audited' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- A parameter of a module that is not loaded could be set and would have no effect.
  IF p_audited AND NOT EXISTS (SELECT FROM pg_settings WHERE name = 'pgaudit.log' AND context = 'superuser') THEN
    RAISE EXCEPTION 'an audited login needs pgaudit in shared_preload_libraries' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  BEGIN
    EXECUTE format('CREATE ROLE %I LOGIN CONNECTION LIMIT %s VALID UNTIL %L PASSWORD %L',
                   p_name, CASE kind WHEN 'person' THEN 5 ELSE 120 END, p_valid_until, p_verifier);
  EXCEPTION WHEN OTHERS THEN
    -- The context of the original error contains the statement.
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE;
    RAISE EXCEPTION 'login not created' USING ERRCODE = state;
  END;
  -- A session with the group as its current role keeps the group's privileges after DROP ROLE. Since PostgreSQL 16 that can be
  -- forbidden; before, only the end of the session ends it.
  EXECUTE format('GRANT %I TO %I', p_group, p_name)
    || CASE WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT TRUE, SET FALSE' ELSE '' END;
  IF p_audited THEN
    -- Catalogue too: pg_stats shows values of tables. Parameters too: a condition can be a parameter.
    EXECUTE format('ALTER ROLE %I SET pgaudit.log = ''all''', p_name);
    EXECUTE format('ALTER ROLE %I SET pgaudit.log_catalog = ''on''', p_name);
    EXECUTE format('ALTER ROLE %I SET pgaudit.log_parameter = ''on''', p_name);
    EXECUTE format('ALTER ROLE %I SET pgaudit.log_statement = ''on''', p_name);
    EXECUTE format('ALTER ROLE %I SET pgaudit.log_statement_once = ''off''', p_name);
  END IF;
  -- A request that Vault's client cuts off can leave a login without a lease, which nothing else drops.
  PERFORM vault_api.sweep_expired(interval '1 hour');
END
$$;

-- Moves the end of a login.
CREATE OR REPLACE FUNCTION vault_api.extend_login(p_name text, p_valid_until timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
BEGIN
  IF (p_name ~ '^v-[a-zA-Z0-9_-]{1,60}$' AND vault_api.is_member(p_name)) IS NOT TRUE THEN
    RAISE EXCEPTION 'name not allowed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF (p_valid_until <= now() + interval '31 days') IS NOT TRUE THEN
    RAISE EXCEPTION 'end not allowed: at most 31 days from now' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  EXECUTE format('ALTER ROLE %I VALID UNTIL %L', p_name, p_valid_until);
END
$$;

-- Permits no new session of a login, once the transaction has committed, and lets the issuer end its sessions: a member may, and
-- pg_signal_backend could end those of all roles. Again is no change. A login may change its own password, and a transaction of its
-- that has done so and stays open would hold its row for ever: sessions in the way are ended.
CREATE OR REPLACE FUNCTION vault_api.close_login(p_name text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
  start timestamptz := clock_timestamp();
BEGIN
  LOOP
    BEGIN
      IF NOT pg_has_role(p_name::name, 'USAGE') THEN
        EXECUTE format('GRANT %I TO CURRENT_USER', p_name);
      END IF;
      BEGIN
        IF (SELECT rolcanlogin FROM pg_roles WHERE rolname = p_name) THEN
          EXECUTE format('ALTER ROLE %I NOLOGIN', p_name);
        END IF;
        RETURN;
      -- internal_error: "tuple concurrently updated", by a transaction that has ended meanwhile.
      EXCEPTION WHEN lock_not_available OR internal_error THEN
        IF clock_timestamp() > start + interval '2 seconds' THEN
          RAISE;
        END IF;
        PERFORM pg_stat_clear_snapshot();
        PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = p_name;
      END;
    -- Another transaction closes it, too.
    EXCEPTION WHEN unique_violation THEN
      IF clock_timestamp() > start + interval '2 seconds' THEN
        RAISE;
      END IF;
    END;
  END LOOP;
END
$$;

-- Ends the sessions of logins, again and again for this time at least and until there are none. A session that is being
-- authenticated is not in pg_stat_activity yet.
DROP FUNCTION IF EXISTS vault_api.terminate(oid, interval);
CREATE OR REPLACE FUNCTION vault_api.terminate(p_logins oid[], p_least interval)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  start timestamptz := clock_timestamp();
  sessions integer;
BEGIN
  LOOP
    PERFORM pg_stat_clear_snapshot();
    -- pg_terminate_backend(pid, timeout) would wait at least 100 ms for each session, and does not exist before PostgreSQL 14.
    SELECT count(pg_terminate_backend(pid)) INTO sessions FROM pg_stat_activity WHERE usesysid = ANY (p_logins);
    EXIT WHEN sessions = 0 AND clock_timestamp() >= start + p_least OR clock_timestamp() > start + interval '2 seconds';
    PERFORM pg_sleep(0.01);
  END LOOP;
END
$$;

-- Permits no new session of a person's login. The caller commits before it ends the sessions: until then new ones begin.
CREATE OR REPLACE FUNCTION vault_api.block_login(p_name text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF vault_api.find_person(p_name) IS NOT NULL THEN
    PERFORM vault_api.close_login(p_name);
  END IF;
END
$$;

-- Ends the sessions of people's logins that are blocked, of all at the same time; returns the logins that still have some.
DROP FUNCTION IF EXISTS vault_api.end_sessions(text);
CREATE OR REPLACE FUNCTION vault_api.end_sessions(p_names text[])
RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  logins oid[] := ARRAY(SELECT vault_api.find_person(name) FROM unnest(p_names) name);
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE oid = ANY (logins) AND rolcanlogin) THEN
    RAISE EXCEPTION 'login not blocked' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  PERFORM vault_api.terminate(logins, interval '300 milliseconds');
  RETURN QUERY SELECT DISTINCT usename::text FROM pg_stat_activity WHERE usesysid = ANY (logins);
END
$$;

-- Drops a person's login that is blocked, as drop_login does. `false`: it does not exist. Vault answers that it has revoked a lease
-- that it does not know, too, so the service drops what is left.
CREATE OR REPLACE FUNCTION vault_api.drop_blocked(p_name text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  login oid := vault_api.find_person(p_name);
BEGIN
  IF login IS NULL THEN
    RETURN false;
  END IF;
  IF (SELECT rolcanlogin FROM pg_roles WHERE oid = login) THEN
    RAISE EXCEPTION 'login not blocked' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  PERFORM vault_api.drop_login(p_name);
  RETURN true;
END
$$;

-- Ends the sessions of a login and drops it, with what it left in this database: any login may leave default privileges, and DROP
-- ROLE refuses while there are some. If it cannot be dropped, because a session does not end or something of it is in another
-- database, it stays closed and without a password for the next sweep: an error would undo that. Dropping it again is no error. A
-- session that begins between the last look at pg_stat_activity and the end of the transaction survives, with the privileges of its
-- current role if that is the group. Only a login that was blocked in a transaction before has none: the service does that with
-- logins of people.
CREATE OR REPLACE FUNCTION vault_api.drop_login(p_name text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  login oid := (SELECT oid FROM pg_roles WHERE rolname = p_name);
BEGIN
  IF (p_name ~ '^v-[a-zA-Z0-9_-]{1,60}$') IS NOT TRUE THEN
    RAISE EXCEPTION 'name not allowed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF login IS NULL THEN
    RETURN;
  END IF;
  IF NOT vault_api.is_member(p_name) THEN
    RAISE EXCEPTION 'name not allowed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM vault_api.close_login(p_name);
  BEGIN
    PERFORM vault_api.terminate(ARRAY[login], interval '0');
    IF EXISTS (SELECT FROM pg_stat_activity WHERE usesysid = login) THEN
      RAISE EXCEPTION 'it has sessions' USING ERRCODE = 'object_in_use';
    END IF;
    EXECUTE format('DROP OWNED BY %I', p_name);
    EXECUTE format('DROP ROLE %I', p_name);
  EXCEPTION WHEN OTHERS THEN
    EXECUTE format('ALTER ROLE %I PASSWORD NULL', p_name);
    RAISE WARNING '% is closed, but not dropped: %', p_name, SQLERRM;
  END;
END
$$;

-- Changes the password of a static login, which `migrate prepare --static-logins` created for this database: static
-- logins of other databases of the server are members of the same groups.
CREATE OR REPLACE FUNCTION vault_api.set_password(p_name text, p_verifier text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  state text;
BEGIN
  -- A name of another database may begin with this one's, so the whole name is compared.
  IF (p_name IN (SELECT format('s-%s_%s', current_database(), purpose)
                 FROM unnest(ARRAY['rates', 'ingest', 'accounts', 'wishes', 'mail', 'demo']) purpose)
      AND vault_api.is_member(p_name)) IS NOT TRUE THEN
    RAISE EXCEPTION 'name not allowed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF vault_api.is_verifier(p_verifier) IS NOT TRUE THEN
    RAISE EXCEPTION 'not a SCRAM verifier: set password_authentication of the connection to scram-sha-256'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  BEGIN
    EXECUTE format('ALTER ROLE %I PASSWORD %L', p_name, p_verifier);
  EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE;
    RAISE EXCEPTION 'password not set' USING ERRCODE = state;
  END;
END
$$;

-- Drops issued logins whose end is longer ago than this, and those that are closed, and returns their number. One that another
-- transaction drops is passed over. It begins none after a second, because Vault waits: the next one goes on elsewhere.
CREATE OR REPLACE FUNCTION vault_api.sweep_expired(p_grace interval)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  start timestamptz := clock_timestamp();
  expired name;
  dropped integer := 0;
BEGIN
  IF (p_grace >= interval '1 minute') IS NOT TRUE THEN
    RAISE EXCEPTION 'grace not allowed: at least a minute' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR expired IN
    SELECT rolname FROM pg_roles
    WHERE rolname ~ '^v-[a-zA-Z0-9_-]{1,60}$' AND (rolvaliduntil < now() - p_grace OR NOT rolcanlogin)
      AND vault_api.is_member(rolname)
    ORDER BY random()
  LOOP
    EXIT WHEN clock_timestamp() > start + interval '1 second';
    BEGIN
      PERFORM vault_api.drop_login(expired);
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = expired) THEN
        dropped := dropped + 1;
      END IF;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
  RETURN dropped;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA vault_api FROM PUBLIC;
GRANT EXECUTE ON FUNCTION vault_api.create_login(text, text, timestamptz, text, boolean),
  vault_api.extend_login(text, timestamptz), vault_api.drop_login(text), vault_api.set_password(text, text),
  vault_api.sweep_expired(interval) TO portcullis_vault_client;
-- The service ends logins of people itself: it must not depend on Vault.
GRANT EXECUTE ON FUNCTION vault_api.block_login(text), vault_api.end_sessions(text[]), vault_api.drop_blocked(text)
  TO portcullis_accounts_writer;
RESET ROLE;

-- Statements of people are logged by pgaudit. Its schema is the administrator's, so that the owner of the other schemas cannot
-- drop the extension, which adds the objects of changes to the log.
DO $$
DECLARE
  parameter text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name = 'pgaudit.log' AND context = 'superuser') THEN
    RETURN; -- reported by `migrate prepare`
  END IF;
  BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'pgaudit') THEN
      CREATE SCHEMA IF NOT EXISTS pgaudit;
      CREATE EXTENSION pgaudit SCHEMA pgaudit;
    END IF;
  EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN NULL; -- changes are logged without objects
  END;
  BEGIN
    -- Since PostgreSQL 15 a role with SET on a parameter may give it to a login; before, only a superuser may.
    IF current_setting('server_version_num')::int >= 150000 THEN
      FOREACH parameter IN ARRAY ARRAY['pgaudit.log', 'pgaudit.log_catalog', 'pgaudit.log_parameter',
                                       'pgaudit.log_statement', 'pgaudit.log_statement_once'] LOOP
        EXECUTE format('GRANT SET ON PARAMETER %s TO portcullis_issuer', parameter);
      END LOOP;
    END IF;
  EXCEPTION WHEN insufficient_privilege THEN NULL; -- reported by `migrate prepare`
  END;
  BEGIN
    -- Changes of roles and of the schema by any login, unless the operator chose something else.
    IF current_setting('pgaudit.log') = 'none' AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c
      WHERE d.datname = current_database() AND s.setrole = 0 AND c LIKE 'pgaudit.log=%') THEN
      EXECUTE format('ALTER DATABASE %I SET pgaudit.log = %L', current_database(), 'role,ddl');
    END IF;
  EXCEPTION WHEN insufficient_privilege THEN NULL;
  END;
END
$$;
