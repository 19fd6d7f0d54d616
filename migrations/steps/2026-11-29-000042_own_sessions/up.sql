-- The active sessions of an account: expired ones of busy accounts are many.
CREATE INDEX sessions_active_idx ON sessions.sessions (account_id, expires_at) WHERE ended_at IS NULL;

-- A cookie is replaced after a change of the password.
GRANT UPDATE (cookie_hash) ON sessions.sessions TO portcullis_accounts_writer;
