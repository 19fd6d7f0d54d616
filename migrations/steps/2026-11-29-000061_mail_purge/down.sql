GRANT DELETE ON mail.outbox TO portcullis_mail_sender;
DROP FUNCTION mail.purge(interval, integer);
