-- `lost`: credentials that were read already, perhaps by an attempt of the service that got no answer.
ALTER TABLE access.logins DROP CONSTRAINT logins_end_reason_check;
ALTER TABLE access.logins ADD CONSTRAINT logins_end_reason_check CHECK (
  end_reason IN ('expired', 'revoked', 'failed', 'uncollected', 'compromised', 'lost'));
