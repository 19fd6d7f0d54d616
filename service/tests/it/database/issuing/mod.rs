//! Issuing logins: what Vault's login may do, and what an issued login may.

/// What logins leave behind.
mod leftovers;

/// Who may grant and drop roles.
mod admin_option;

/// What the roles may do.
mod rights;

/// What `migrate prepare` creates.
mod preparation;

use crate::support::concurrently::concurrently;
use crate::support::database::Database;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use std::time::{Duration, Instant};

const HOUR: &str = "now() + interval '1 hour'";

/// The groups of services, and a static login with the same privileges.
const GROUPS: [(&str, &str); 6] = [
    ("portcullis_rates_reader", "portcullis_rates"),
    ("portcullis_rates_writer", "portcullis_ingest"),
    ("portcullis_accounts_writer", "portcullis_accounts"),
    ("portcullis_wishes_writer", "portcullis_wishes"),
    ("portcullis_mail_sender", "portcullis_mail"),
    ("portcullis_demo_writer", "portcullis_demo"),
];

/// The verifier that PostgreSQL stores for this password.
fn verifier(password: &str) -> String {
    postgres_protocol::password::scram_sha_256(password.as_bytes())
}

/// A name of an issued login that no other test uses.
fn name(database: &Database, suffix: &str) -> String {
    format!("v-{}-{suffix}", database.name)
}

fn create(name: &str, password: &str, valid_until: &str, group: &str) -> String {
    format!(
        "SELECT vault_api.create_login('{name}', '{}', {valid_until}, '{group}', false)",
        verifier(password)
    )
}

fn drop_login(name: &str) -> String {
    format!("SELECT vault_api.drop_login('{name}')")
}

fn error_of(conn: &mut PgConnection, statement: &str) -> String {
    conn.batch_execute(statement).expect_err(statement).to_string()
}

fn roles(database: &Database, start: &str) -> Vec<String> {
    database.lines(&format!(
        "SELECT rolname::text AS line FROM pg_roles WHERE starts_with(rolname, '{start}')"
    ))
}

/// V11, N1: Arguments that are not allowed, or missing, create and change no login; without pgaudit there is none for people.
#[test]
fn what_is_not_allowed_is_refused() {
    let database = Database::fresh();
    let mut conn = database.login("vault");
    let (good, group) = (name(&database, "x"), "portcullis_rates_reader");
    conn.batch_execute(&create(&good, "good-password", HOUR, group))
        .unwrap();
    let other = name(&database, "y");
    let secret = verifier("refused-password");
    let call = |name: &str, secret: &str, end: &str, group: &str, audited: &str| {
        format!("SELECT vault_api.create_login({name}, {secret}, {end}, {group}, {audited})")
    };
    let quoted = |text: &str| format!("'{text}'");
    let (name, verifier, group) = (&quoted(&other), &quoted(&secret), &quoted(group));
    let mut refused = Vec::new();
    let long = quoted(&format!("v-{}", "a".repeat(61)));
    for bad in [
        "'postgres'",
        "'portcullis_rates'",
        "'v-'",
        "'v-a b'",
        "'v-a\"b'",
        "'v-ü'",
        "NULL",
        &long,
        "E'v-a\\nb'",
    ] {
        refused.push((call(bad, verifier, HOUR, group, "false"), "name not allowed"));
    }
    for bad in [
        "'portcullis_owner'",
        "'portcullis_migrator'",
        "'portcullis_issuer'",
        "'portcullis_vault_client'",
        "'portcullis_vault'",
        "'portcullis_access_missing'",
        "'pg_read_all_data'",
        "'postgres'",
        "NULL",
    ] {
        refused.push((call(name, verifier, HOUR, bad, "false"), "group not allowed"));
    }
    for bad in ["now() + interval '31 days 1 minute'", "'infinity'", "NULL"] {
        refused.push((call(name, verifier, bad, group, "false"), "end not allowed"));
        refused.push((
            format!("SELECT vault_api.extend_login('{good}', {bad})"),
            "end not allowed",
        ));
    }
    let md5 = quoted(&format!("md5{}", "0".repeat(32)));
    let cut = quoted(&secret[..secret.len() - 1]);
    for bad in [
        "'a-plain-password'",
        "''",
        "NULL",
        "'SCRAM-SHA-256$x'",
        &md5,
        &cut,
    ] {
        refused.push((call(name, bad, HOUR, group, "false"), "not a SCRAM verifier"));
    }
    refused.push((call(name, verifier, HOUR, group, "true"), "must be audited"));
    refused.push((call(name, verifier, HOUR, group, "NULL"), "must be audited"));
    let people = "'portcullis_access_rates_read'";
    refused.push((call(name, verifier, HOUR, people, "false"), "must be audited"));
    // The server of most tests has none.
    refused.push((call(name, verifier, HOUR, people, "true"), "needs pgaudit"));
    for bad in ["'postgres'", "'portcullis_rates'", "'portcullis_issuer'", "NULL"] {
        refused.push((format!("SELECT vault_api.drop_login({bad})"), "name not allowed"));
        refused.push((
            format!("SELECT vault_api.extend_login({bad}, {HOUR})"),
            "name not allowed",
        ));
        refused.push((
            format!("SELECT vault_api.set_password({bad}, {verifier})"),
            "name not allowed",
        ));
    }
    refused.push((
        format!("SELECT vault_api.extend_login({name}, {HOUR})"),
        "name not allowed",
    ));
    refused.push((
        format!("SELECT vault_api.set_password('{good}', {verifier})"),
        "name not allowed",
    ));
    for bad in ["'59 seconds'", "'-1 day'", "NULL"] {
        refused.push((
            format!("SELECT vault_api.sweep_expired({bad})"),
            "grace not allowed",
        ));
    }
    let end = format!("SELECT rolvaliduntil::text AS line FROM pg_roles WHERE rolname = '{good}'");
    let before = database.lines(&end);
    for (statement, reason) in &refused {
        let error = error_of(&mut conn, statement);
        assert!(error.contains(reason), "{statement}: {error}");
        assert!(
            !error.contains("password-") && !error.contains(&secret),
            "{error}"
        );
    }
    let error = error_of(
        &mut conn,
        &create(&good, "again-password", HOUR, "portcullis_rates_reader"),
    );
    assert!(error.contains("login not created"), "{error}");
    assert_eq!(roles(&database, &other), Vec::<String>::new());
    assert_eq!(database.lines(&end), before);
    conn.batch_execute(&drop_login(&good)).unwrap();
}

/// V11: Dropping a login ends its sessions, eight in less than a second, and those sessions can do nothing afterwards.
#[test]
fn dropping_a_login_ends_its_sessions() {
    let database = Database::fresh();
    let mut conn = database.login("vault");
    let user = name(&database, "sessions");
    conn.batch_execute(&create(&user, "issued-password", HOUR, "portcullis_rates_reader"))
        .unwrap();
    let connect = || database.server.connect(&database.name, &user, "issued-password");
    let mut sessions: Vec<PgConnection> = (0..8).map(|_| connect().unwrap()).collect();
    sessions[0]
        .batch_execute("BEGIN; SELECT FROM rates.ports")
        .unwrap();
    let start = Instant::now();
    conn.batch_execute(&drop_login(&user)).unwrap();
    let elapsed = start.elapsed();
    for session in &mut sessions {
        assert!(session.batch_execute("SELECT FROM rates.ports").is_err());
    }
    assert!(elapsed < Duration::from_secs(1), "{elapsed:?}");
    assert!(connect().is_err());
    let left = format!("SELECT pid::text AS line FROM pg_stat_activity WHERE usename = '{user}'");
    assert_eq!(database.lines(&left), Vec::<String>::new());
    // A second revocation is no error.
    conn.batch_execute(&drop_login(&user)).unwrap();
}

/// V11: After a thousand logins, issued and revoked by two issuers at once, no role and no membership is left.
#[test]
fn no_role_is_left_after_a_thousand_issues() {
    let database = Database::fresh();
    let count = |statement: &str| database.lines(statement)[0].clone();
    let start = name(&database, "");
    let run = |issuer: usize| {
        let mut conn = database.login("vault");
        for round in 0..500 {
            let user = format!("{start}{issuer}-{round}");
            let (group, _) = GROUPS[round % GROUPS.len()];
            conn.batch_execute(&create(&user, "issued-password", HOUR, group))
                .unwrap();
            conn.batch_execute(&format!(
                "SELECT vault_api.extend_login('{user}', now() + interval '2 hours')"
            ))
            .unwrap();
            conn.batch_execute(&drop_login(&user)).unwrap();
        }
    };
    concurrently(2, run);
    assert_eq!(roles(&database, &start), Vec::<String>::new());
    let orphans = "SELECT count(*)::text AS line FROM pg_auth_members m
                   WHERE NOT EXISTS (SELECT FROM pg_roles WHERE oid = m.member)
                      OR NOT EXISTS (SELECT FROM pg_roles WHERE oid = m.roleid)";
    assert_eq!(count(orphans), "0");
}

/// V11: Logins that expired and that no lease drops are swept; others are not, and neither are those of other products.
#[test]
fn expired_logins_are_swept() {
    let database = Database::fresh();
    let mut conn = database.login("vault");
    let (expired, live) = (name(&database, "expired"), name(&database, "live"));
    for user in [&expired, &live] {
        conn.batch_execute(&create(user, "issued-password", HOUR, "portcullis_rates_reader"))
            .unwrap();
    }
    let other = name(&database, "of-another-product");
    database.execute(&format!(
        "ALTER ROLE \"{expired}\" VALID UNTIL '2020-01-01'; CREATE ROLE \"{other}\" LOGIN VALID UNTIL '2020-01-01'"
    ));
    let error = error_of(&mut conn, &drop_login(&other));
    assert!(error.contains("name not allowed"), "{error}");
    // Issuing sweeps too, so what another test issues may be first.
    conn.batch_execute("SELECT vault_api.sweep_expired('1 minute')")
        .unwrap();
    let left = roles(&database, &name(&database, ""));
    database.execute(&format!("DROP ROLE \"{other}\""));
    conn.batch_execute(&drop_login(&live)).unwrap();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(!left.contains(&expired), "{left:?}");
    // Issuing the next login sweeps as well.
    conn.batch_execute(&create(
        &expired,
        "issued-password",
        HOUR,
        "portcullis_mail_sender",
    ))
    .unwrap();
    database.execute(&format!("ALTER ROLE \"{expired}\" VALID UNTIL '2020-01-01'"));
    conn.batch_execute(&create(&live, "issued-password", HOUR, "portcullis_rates_reader"))
        .unwrap();
    assert_eq!(roles(&database, &expired), Vec::<String>::new());
    conn.batch_execute(&drop_login(&live)).unwrap();
}
