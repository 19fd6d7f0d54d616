ALTER TABLE access.logins DROP CONSTRAINT logins_end_reason_check;
ALTER TABLE access.logins ADD CONSTRAINT logins_end_reason_check CHECK (
  end_reason IN ('expired', 'revoked', 'failed', 'uncollected', 'compromised')) NOT VALID;
