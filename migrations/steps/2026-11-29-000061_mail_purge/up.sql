-- Deletes up to `batch` mails that were sent or given up at least `age` ago. The mail login has no DELETE of its own: with
-- it, it could LOCK TABLE mail.outbox and block every transaction that adds a mail, and delete waiting mails.
CREATE FUNCTION mail.purge(age interval, batch integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH old AS (
    SELECT o.id FROM mail.outbox o
    WHERE o.sent_at < now() - greatest(age, interval '1 day') OR o.given_up_at < now() - greatest(age, interval '1 day')
    LIMIT batch
    FOR UPDATE SKIP LOCKED
  ), deleted AS (
    DELETE FROM mail.outbox o USING old WHERE o.id = old.id RETURNING 1
  )
  SELECT count(*) FROM deleted
$$;
REVOKE DELETE ON mail.outbox FROM portcullis_mail_sender;
GRANT EXECUTE ON FUNCTION mail.purge(interval, integer) TO portcullis_mail_sender;
