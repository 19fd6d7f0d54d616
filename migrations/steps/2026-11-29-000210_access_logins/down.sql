REVOKE SELECT ON ALL TABLES IN SCHEMA rates FROM portcullis_access_rates_read;
REVOKE SELECT (id, price_count, created_at) ON rates.batches FROM portcullis_access_rates_read;
REVOKE USAGE ON SCHEMA rates FROM portcullis_access_rates_read;
REVOKE SELECT (id, email, name, role, state, version, created_at, updated_at, confirmed_at, deleted_at)
  ON accounts.accounts FROM portcullis_access_accounts_audit;
REVOKE SELECT (account_id, password_changed_at, totp_confirmed_at) ON accounts.credentials FROM portcullis_access_accounts_audit;
REVOKE SELECT (id, account_id, kind, created_at, last_used_at, expires_at, ended_at, end_reason, user_agent, address, network)
  ON sessions.sessions FROM portcullis_access_accounts_audit;
REVOKE SELECT ON audit.events, audit.head, access.requests FROM portcullis_access_accounts_audit;
REVOKE USAGE ON SCHEMA accounts, sessions, audit, access FROM portcullis_access_accounts_audit;
DROP TABLE access.logins;
ALTER TABLE access.requests DROP COLUMN issue_failures, DROP COLUMN issue_after;
