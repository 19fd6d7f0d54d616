-- Access restrictions of one database. Run in it by a database administrator; idempotent.
-- PUBLIC's default privileges are revoked: TEMP and CONNECT, and CREATE on "public" before PostgreSQL 15.
REVOKE ALL ON SCHEMA public FROM PUBLIC;

-- The schema of the list of migrations; the domains' schemas are created by their migrations.
CREATE SCHEMA IF NOT EXISTS portcullis AUTHORIZATION portcullis_owner;
GRANT USAGE ON SCHEMA portcullis TO portcullis_rates_reader, portcullis_rates_writer, portcullis_accounts_writer,
  portcullis_wishes_writer, portcullis_mail_sender, portcullis_demo_writer;

-- Without IN SCHEMA, which would not revoke the built-in default of PUBLIC.
ALTER DEFAULT PRIVILEGES FOR ROLE portcullis_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE portcullis_owner REVOKE USAGE ON TYPES FROM PUBLIC;

-- Functions with which any login could use up the disk (large objects, WAL messages) or the lock table that all databases of
-- the server share (advisory locks). The service uses none of them.
DO $$
DECLARE
  function regprocedure;
BEGIN
  FOR function IN
    SELECT oid FROM pg_catalog.pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace
      AND (proname ~ '^(lo_|pg_(try_)?advisory_)' OR proname IN ('loread', 'lowrite', 'pg_logical_emit_message'))
      AND pg_catalog.has_function_privilege('public', oid, 'EXECUTE') AND pg_catalog.pg_has_role(proowner, 'USAGE')
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', function);
  END LOOP;
END
$$;

-- English messages, whatever the server's language: the service classifies some errors by them. The setting requires a
-- superuser or, since PostgreSQL 15, SET on it.
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET lc_messages = ''C''', current_database());
EXCEPTION WHEN insufficient_privilege THEN NULL; -- reported by `migrate prepare`
END
$$;
