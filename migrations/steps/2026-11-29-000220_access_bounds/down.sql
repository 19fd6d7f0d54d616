DROP TRIGGER requests_update ON access.requests;
DROP FUNCTION access.check_update();
ALTER TABLE access.requests DROP CONSTRAINT requests_period_check;
