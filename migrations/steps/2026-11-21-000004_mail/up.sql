-- The outbox: a mail is inserted in the transaction that causes it, and sent by a worker that locks the row.
CREATE SCHEMA mail;
GRANT USAGE ON SCHEMA mail TO portcullis_accounts_writer, portcullis_mail_sender;

CREATE TABLE mail.outbox (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT outbox_pkey PRIMARY KEY,
  -- The local part of the Message-ID: the same for every attempt, so that duplicates can be detected.
  message_id uuid NOT NULL CONSTRAINT outbox_message_id_key UNIQUE,
  kind text NOT NULL,
  recipient text NOT NULL,
  -- The data of the text. Never a token, which is derived from link_id and the service's key.
  data jsonb NOT NULL DEFAULT '{}',
  link_id uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Not sent after this time.
  expires_at timestamptz,
  next_try_at timestamptz NOT NULL DEFAULT now(),
  tries integer NOT NULL DEFAULT 0,
  last_error text,
  sent_at timestamptz,
  given_up_at timestamptz,
  CONSTRAINT outbox_recipient_check CHECK (length(recipient) BETWEEN 3 AND 254 AND recipient !~ '[[:cntrl:][:space:]]'),
  CONSTRAINT outbox_kind_check CHECK (kind ~ '^[a-z_]{1,40}$')
);
CREATE INDEX outbox_waiting_idx ON mail.outbox (next_try_at) WHERE sent_at IS NULL AND given_up_at IS NULL;

-- Notifies the workers at commit, so that they need not poll often.
CREATE FUNCTION mail.announce() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_notify('outbox', '');
  RETURN NULL;
END
$$;
CREATE TRIGGER outbox_announced AFTER INSERT ON mail.outbox FOR EACH STATEMENT EXECUTE FUNCTION mail.announce();

GRANT INSERT (message_id, kind, recipient, data, link_id, expires_at) ON mail.outbox TO portcullis_accounts_writer;
GRANT SELECT, UPDATE (next_try_at, tries, last_error, sent_at, given_up_at), DELETE ON mail.outbox TO portcullis_mail_sender;
