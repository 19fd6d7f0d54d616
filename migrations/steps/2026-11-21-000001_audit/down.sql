DROP SCHEMA audit CASCADE;
REVOKE SELECT ON portcullis.__diesel_schema_migrations FROM portcullis_accounts_writer, portcullis_wishes_writer,
  portcullis_mail_sender, portcullis_demo_writer;
