-- Roles, for the whole cluster. Run by an administrator, as often as one likes: it only adds and corrects.
-- A NOLOGIN owner owns, NOLOGIN groups hold the grants, logins are members and nothing else.
-- The logins and their passwords are made beside this file's caller, because a password is no text for a file.
DO $$
DECLARE
  role text;
BEGIN
  FOREACH role IN ARRAY ARRAY['portcullis_owner', 'portcullis_rates_reader', 'portcullis_rates_writer',
      'portcullis_accounts_writer', 'portcullis_wishes_writer', 'portcullis_mail_sender', 'portcullis_demo_writer'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', role);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- somebody else was quicker
      END;
    END IF;
  END LOOP;
END
$$;
