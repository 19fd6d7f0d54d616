REVOKE UPDATE (cookie_hash) ON sessions.sessions FROM portcullis_accounts_writer;
DROP INDEX sessions.sessions_active_idx;
