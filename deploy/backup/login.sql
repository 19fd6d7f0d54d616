-- The login of backups, run once by an administrator with psql: reads everything and changes nothing. Needs PostgreSQL 14. Set its
-- password with \password portcullis_backup.
\set ON_ERROR_STOP on
CREATE ROLE portcullis_backup LOGIN BYPASSRLS IN ROLE pg_read_all_data;
SELECT format('GRANT CONNECT ON DATABASE %I TO portcullis_backup', current_database()) \gexec
