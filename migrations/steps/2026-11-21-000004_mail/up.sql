-- Mail that is to be sent: written in the transaction that is its reason, sent by a worker that holds the row meanwhile.
CREATE SCHEMA mail;
GRANT USAGE ON SCHEMA mail TO portcullis_accounts_writer, portcullis_mail_sender;

CREATE TABLE mail.outbox (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT outbox_pkey PRIMARY KEY,
  -- The local part of the Message-ID: the same at every try, so that a mail sent twice is told as one.
  message_id uuid NOT NULL CONSTRAINT outbox_message_id_key UNIQUE,
  kind text NOT NULL,
  recipient text NOT NULL,
  -- What the text is made with. Never a token: that follows from link_id and the service's key.
  data jsonb NOT NULL DEFAULT '{}',
  link_id uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Not worth sending later.
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

-- Whoever waits for mails is told at the commit, and need not ask all the time.
CREATE FUNCTION mail.announce() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_notify('outbox', '');
  RETURN NULL;
END
$$;
CREATE TRIGGER outbox_announced AFTER INSERT ON mail.outbox FOR EACH STATEMENT EXECUTE FUNCTION mail.announce();

GRANT INSERT (message_id, kind, recipient, data, link_id, expires_at) ON mail.outbox TO portcullis_accounts_writer;
GRANT SELECT, UPDATE (next_try_at, tries, last_error, sent_at, given_up_at), DELETE ON mail.outbox TO portcullis_mail_sender;
