-- Run by backup.sh with psql: the dump and its inventory, of one snapshot.
\set QUIET on
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv SNAPSHOT :snapshot
-- What `migrate prepare` creates is no part of it: the functions that issue logins, pgaudit, and extensions. A failed dump leaves no file.
\! pg_dump --format=custom --snapshot="$SNAPSHOT" --exclude-schema=vault_api --exclude-schema=pgaudit --file="$DUMP" || rm -f "$DUMP"
\o :inventory
\ir inventory.sql
\o
COMMIT;
