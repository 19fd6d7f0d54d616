-- Access does not last longer than was decided. Earlier is possible.
ALTER TABLE access.requests ADD CONSTRAINT requests_period_check
  CHECK (expires_at <= decided_at + hours * interval '1 hour');

-- A request is evidence: what was requested does not change, and the rest only with its state. `requests_transition` sees changes of
-- the state only.
CREATE FUNCTION access.check_update() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (NEW.id, NEW.requester_id, NEW.level, NEW.reason, NEW.hours, NEW.requested_at)
       IS DISTINCT FROM (OLD.id, OLD.requester_id, OLD.level, OLD.reason, OLD.hours, OLD.requested_at)
     OR NEW.state = OLD.state
       AND to_jsonb(NEW) - 'issue_failures' - 'issue_after' <> to_jsonb(OLD) - 'issue_failures' - 'issue_after' THEN
    RAISE EXCEPTION 'a request that is % does not change', OLD.state
      USING ERRCODE = 'check_violation', CONSTRAINT = 'requests_update_check';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER requests_update BEFORE UPDATE ON access.requests
  FOR EACH ROW EXECUTE FUNCTION access.check_update();
