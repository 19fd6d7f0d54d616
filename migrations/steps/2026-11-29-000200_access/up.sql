-- Requests for access to the database. Numbers of accounts have no foreign key: a request is evidence that outlives its account.
CREATE SCHEMA access;
GRANT USAGE ON SCHEMA access TO portcullis_accounts_writer;

CREATE TABLE access.requests (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT requests_pkey PRIMARY KEY,
  requester_id bigint NOT NULL,
  level text NOT NULL,
  reason text NOT NULL,
  hours integer NOT NULL,
  state text NOT NULL DEFAULT 'requested',
  requested_at timestamptz NOT NULL DEFAULT now(),
  decided_at timestamptz,
  decided_by bigint,
  decision_reason text,
  -- The end of the approved period.
  expires_at timestamptz,
  ended_at timestamptz,
  end_reason text,
  -- NULL: the service itself.
  ended_by bigint,
  CONSTRAINT requests_level_check CHECK (level ~ '^[a-z]+(-[a-z]+)*$' AND length(level) <= 40),
  CONSTRAINT requests_reason_check CHECK (length(reason) BETWEEN 1 AND 500),
  CONSTRAINT requests_decision_reason_check CHECK (length(decision_reason) BETWEEN 1 AND 500),
  CONSTRAINT requests_hours_check CHECK (hours BETWEEN 1 AND 8760),
  CONSTRAINT requests_state_check CHECK (state IN ('requested', 'approved', 'denied', 'withdrawn', 'ended')),
  -- A second person decides.
  CONSTRAINT requests_decided_by_check CHECK (decided_by <> requester_id),
  CONSTRAINT requests_decided_check CHECK (
    (state IN ('approved', 'denied', 'ended')) = (decided_at IS NOT NULL)
    AND (decided_at IS NULL) = (decided_by IS NULL) AND (decided_at IS NULL) = (decision_reason IS NULL)),
  CONSTRAINT requests_expires_at_check CHECK ((state IN ('approved', 'ended')) = (expires_at IS NOT NULL)),
  CONSTRAINT requests_ended_check CHECK (
    (state IN ('withdrawn', 'ended')) = (ended_at IS NOT NULL) AND (state = 'ended') = (end_reason IS NOT NULL)
    AND (ended_by IS NULL OR ended_at IS NOT NULL)),
  CONSTRAINT requests_end_reason_check CHECK (end_reason IN ('expired', 'revoked'))
);
CREATE INDEX requests_requester_id_idx ON access.requests (requester_id, id);
CREATE INDEX requests_open_idx ON access.requests (expires_at, id) WHERE state IN ('requested', 'approved');

-- A CHECK does not see the former row. The rule of domain/access/state.rs.
CREATE FUNCTION access.check_transition() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (OLD.state, NEW.state) NOT IN (('requested', 'approved'), ('requested', 'denied'), ('requested', 'withdrawn'),
                                    ('approved', 'ended')) THEN
    RAISE EXCEPTION 'a request that is % cannot become %', OLD.state, NEW.state
      USING ERRCODE = 'check_violation', CONSTRAINT = 'requests_transition_check';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER requests_transition BEFORE UPDATE OF state ON access.requests
  FOR EACH ROW EXECUTE FUNCTION access.check_transition();

GRANT SELECT, INSERT (requester_id, level, reason, hours),
  UPDATE (state, decided_at, decided_by, decision_reason, expires_at, ended_at, end_reason, ended_by)
  ON access.requests TO portcullis_accounts_writer;
