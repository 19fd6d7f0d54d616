//! What the administrator adds to the database of a soak.

/// The transaction that adds a wish takes a second: whenever a login is replaced or
/// revoked, a change is in progress, which the service cannot repeat. It succeeds only if its connection remains until its
/// end. The other function ends all sessions of the service, for planted early revocations of static logins and tokens:
/// those of a single login could end while no request gets so far, because another login's have just ended.
pub const SCHEMA: &str = "CREATE SCHEMA soak; GRANT USAGE ON SCHEMA soak TO PUBLIC; \
     CREATE FUNCTION soak.delay() RETURNS trigger LANGUAGE plpgsql AS \
     'BEGIN PERFORM pg_sleep(1); RETURN NEW; END'; \
     CREATE TRIGGER soak_delay BEFORE INSERT ON wishes.wishes FOR EACH ROW EXECUTE FUNCTION soak.delay(); \
     CREATE FUNCTION soak.end_sessions() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS \
     'BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE ''portcullis-%''; END'";

/// Follows each change of a static password, before the service has read it.
pub const END_SESSIONS: &str = "SELECT soak.end_sessions();";
