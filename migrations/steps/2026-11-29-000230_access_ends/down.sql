-- Requests are evidence and do not change: those that ended for another reason remain as they are.
ALTER TABLE access.requests DROP CONSTRAINT requests_end_reason_check;
ALTER TABLE access.requests ADD CONSTRAINT requests_end_reason_check CHECK (end_reason IN ('expired', 'revoked')) NOT VALID;
