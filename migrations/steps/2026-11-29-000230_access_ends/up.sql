-- Access ends with what its approval was based on, and the request names which.
ALTER TABLE access.requests DROP CONSTRAINT requests_end_reason_check;
ALTER TABLE access.requests ADD CONSTRAINT requests_end_reason_check CHECK (
  end_reason IN ('expired', 'revoked', 'role-changed', 'password-changed', 'sessions-ended', 'account-deleted'));
