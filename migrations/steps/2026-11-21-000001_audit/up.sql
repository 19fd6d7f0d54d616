-- The audit log: append-only, through one function.
CREATE SCHEMA audit;
GRANT USAGE ON SCHEMA audit TO portcullis_accounts_writer;
GRANT SELECT ON portcullis.__diesel_schema_migrations TO portcullis_accounts_writer, portcullis_wishes_writer,
  portcullis_mail_sender, portcullis_demo_writer;

-- A hash chain: each event has its own hash and its predecessor's. Changing one requires changing all later ones, which
-- a hash recorded elsewhere reveals.
CREATE TABLE audit.events (
  id bigint CONSTRAINT events_pkey PRIMARY KEY,
  at timestamptz NOT NULL,
  actor_id bigint,
  action text NOT NULL,
  subject text NOT NULL DEFAULT '',
  request_id text NOT NULL DEFAULT '',
  address text NOT NULL DEFAULT '',
  detail jsonb NOT NULL DEFAULT '{}',
  previous_hash bytea NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT events_action_check CHECK (action ~ '^[a-z_]+(\.[a-z_]+)+$'),
  -- The hash is computed over lines. No line but the last may contain a control character, and jsonb prints none, so no
  -- two events have the same bytes.
  CONSTRAINT events_fields_check CHECK (subject !~ '[[:cntrl:]]' AND request_id !~ '[[:cntrl:]]' AND address !~ '[[:cntrl:]]'),
  CONSTRAINT events_hash_check CHECK (length(previous_hash) = 32 AND length(hash) = 32)
);
CREATE INDEX events_actor_id_idx ON audit.events (actor_id, id);
CREATE INDEX events_subject_idx ON audit.events (subject, id);
CREATE INDEX events_action_idx ON audit.events (action, id);

-- The end of the chain. Locking its single row serialises the events.
CREATE TABLE audit.head (
  single boolean CONSTRAINT head_pkey PRIMARY KEY DEFAULT true,
  id bigint NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT head_single_check CHECK (single)
);
INSERT INTO audit.head (id, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- The bytes that are hashed for an event, after its predecessor's hash.
CREATE FUNCTION audit.record_of(e audit.events) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT convert_to(concat_ws(E'\n', e.id::text,
    to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    coalesce(e.actor_id::text, ''), e.action, e.subject, e.request_id, e.address, e.detail::text), 'UTF8')
$$;

-- The only way to add events. Locks the end of the chain until the transaction ends: call it last.
CREATE FUNCTION audit.append(actor_id bigint, action text, subject text, request_id text, address text, detail jsonb)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  event audit.events;
BEGIN
  SELECT h.id + 1, h.hash INTO event.id, event.previous_hash FROM audit.head h FOR UPDATE;
  event.at := clock_timestamp();
  event.actor_id := append.actor_id;
  event.action := append.action;
  event.subject := coalesce(append.subject, '');
  event.request_id := coalesce(append.request_id, '');
  event.address := coalesce(append.address, '');
  event.detail := coalesce(append.detail, '{}');
  event.hash := sha256(event.previous_hash || audit.record_of(event));
  INSERT INTO audit.events VALUES (event.*);
  UPDATE audit.head h SET id = event.id, hash = event.hash;
  RETURN event.id;
END
$$;

-- Applies to the owner too: a change requires dropping this trigger, which the server's log records.
CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit.events is append-only' USING ERRCODE = 'feature_not_supported';
END
$$;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.events
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

GRANT SELECT ON audit.events, audit.head TO portcullis_accounts_writer;
GRANT EXECUTE ON FUNCTION audit.append(bigint, text, text, text, text, jsonb) TO portcullis_accounts_writer;
