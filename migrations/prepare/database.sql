-- The fences of one database. Run by an administrator in that database, as often as one likes.
-- What PUBLIC gets by default is taken away first: TEMP and CONNECT here, CREATE on "public" before PostgreSQL 15.
REVOKE ALL ON SCHEMA public FROM PUBLIC;

-- Where the list of migrations lives; the domains' schemas come with their migrations.
CREATE SCHEMA IF NOT EXISTS portcullis AUTHORIZATION portcullis_owner;
GRANT USAGE ON SCHEMA portcullis TO portcullis_rates_reader, portcullis_rates_writer, portcullis_accounts_writer,
  portcullis_wishes_writer, portcullis_mail_sender, portcullis_demo_writer;

-- Without IN SCHEMA: with it, the built-in default for PUBLIC would stay.
ALTER DEFAULT PRIVILEGES FOR ROLE portcullis_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE portcullis_owner REVOKE USAGE ON TYPES FROM PUBLIC;
