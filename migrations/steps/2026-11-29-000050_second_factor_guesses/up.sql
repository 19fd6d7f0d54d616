-- Set-ups of a second factor expire and belong to one session, and wrong codes are counted per account.
ALTER TABLE accounts.credentials
  ADD COLUMN totp_started_at timestamptz,
  -- The session that started the set-up, and may confirm it.
  ADD COLUMN totp_session_id uuid,
  -- Wrong codes of the app since the last right one. Counted here rather than with the throttles, which expire after an hour.
  ADD COLUMN wrong_codes integer NOT NULL DEFAULT 0,
  ADD COLUMN codes_blocked_until timestamptz,
  ADD CONSTRAINT credentials_wrong_codes_check CHECK (wrong_codes >= 0);

GRANT SELECT (totp_started_at, totp_session_id, wrong_codes, codes_blocked_until),
  UPDATE (totp_started_at, totp_session_id, wrong_codes, codes_blocked_until)
  ON accounts.credentials TO portcullis_accounts_writer;
