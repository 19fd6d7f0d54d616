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
