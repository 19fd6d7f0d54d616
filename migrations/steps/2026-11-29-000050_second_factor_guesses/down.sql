ALTER TABLE accounts.credentials
  DROP COLUMN totp_started_at, DROP COLUMN totp_session_id, DROP COLUMN wrong_codes, DROP COLUMN codes_blocked_until;
