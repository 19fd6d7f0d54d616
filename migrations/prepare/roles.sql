-- The roles, for the whole cluster. Run by a database administrator; idempotent.
-- A NOLOGIN role owns the objects, NOLOGIN groups hold the grants, and logins are only members of groups.
-- The program that runs this file creates the logins, because passwords do not belong in a file.
DO $$
DECLARE
  role text;
BEGIN
  FOREACH role IN ARRAY ARRAY['portcullis_owner', 'portcullis_rates_reader', 'portcullis_rates_writer',
      'portcullis_accounts_writer', 'portcullis_wishes_writer', 'portcullis_mail_sender', 'portcullis_demo_writer'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', role);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- created concurrently
      END;
    END IF;
  END LOOP;
END
$$;
