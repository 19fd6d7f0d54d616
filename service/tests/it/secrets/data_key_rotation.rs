//! Replacing the data key: under a running service, on replicas that load it at different times, and when a key is lost.

use crate::support::accounts::{
    PASSWORD, call_as, create_account, get_as, log_in, post, try_log_in_with_code,
};
use crate::support::app::App;
use crate::support::authenticator::{code, enable_totp};
use crate::support::browser::{Browser, token_in};
use crate::support::database::{DATA_KEY, Database, settings};
use crate::support::mailbox::Mailbox;
use crate::support::program::{run, stderr, stdout};
use crate::support::temp_file::TempFile;
use crate::support::wait::wait_until_within;
use portcullis::crypto::data_key::DataKey;
use portcullis::crypto::data_key_document::DataKeyDocument;
use portcullis::types::role::Role;
use serde_json::{Value, json};
use std::process::Output;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const ANN: &str = "ann@example.org";
const BOB: &str = "bob@example.org";

/// The settings of a service that reads its data keys from a file.
fn pairs(database: &Database, file: &TempFile) -> Vec<(String, String)> {
    let mut pairs = database.pairs();
    pairs.retain(|(name, _)| name != "DATA_KEY");
    pairs.push(("DATA_KEY_FILE".into(), file.path_str().into()));
    pairs
}

fn start(database: &Database, file: &TempFile) -> App {
    App::start(&settings(pairs(database, file), &[]))
}

/// Waits for services to notice a change of their file, on a machine under load.
fn wait_until(what: &str, holds: impl Fn() -> bool) {
    wait_until_within(Duration::from_secs(60), what, holds);
}

fn keys(arguments: &[&str]) -> String {
    let output = run(&[&["keys"], arguments].concat(), &[]);
    assert!(output.status.success(), "{output:?}");
    stdout(&output)
}

fn document(file: &TempFile) -> DataKeyDocument {
    DataKeyDocument::parse(&std::fs::read_to_string(file.path()).unwrap()).unwrap()
}

fn reseal(database: &Database, file: &TempFile) -> Output {
    run(&["keys", "reseal"], &pairs(database, file))
}

/// The ids of the keys that the stored second factors name, one per account.
fn sealed_with(database: &Database) -> Vec<String> {
    database.lines(
        "SELECT encode(substr(totp_secret, 2, 8), 'hex') AS line FROM accounts.credentials
         WHERE totp_secret IS NOT NULL ORDER BY account_id",
    )
}

fn log_in_with_totp(database: &Database, app: &App, secret: &str) -> u16 {
    database.execute(
        "UPDATE accounts.credentials SET totp_last_step = totp_last_step - 10; DELETE FROM sessions.throttles",
    );
    try_log_in_with_code(app, ANN, PASSWORD, &code(secret, 0)).status
}

/// E21: The key is replaced while two replicas serve: second factors, open forms, page links and mailed links from before
/// still work, and after `reseal` the old key can be removed.
#[test]
fn a_rotation_under_a_running_service_breaks_nothing() {
    let database = Database::fresh();
    let file = TempFile::new("key", DATA_KEY);
    let old = DataKey::parse(DATA_KEY).unwrap().id().to_string();
    let apps = [start(&database, &file), start(&database, &file)];
    create_account(&database, ANN, Role::Admin);
    let bob = create_account(&database, BOB, Role::User);
    create_account(&database, "eve@example.org", Role::User);
    let admin = log_in(&apps[0], ANN).access;
    let (secret, _) = enable_totp(&apps[0], &admin);
    let bob_token = log_in(&apps[0], BOB).access;
    enable_totp(&apps[0], &bob_token);
    let eve_token = log_in(&apps[0], "eve@example.org").access;
    let eve_starts = || {
        let body = json!({ "password": PASSWORD });
        let started = call_as(&apps[1], &eve_token, "POST", "/auth/totp/start", &body);
        assert_eq!(started.status, 200, "{started:?}");
    };
    let deleted = call_as(
        &apps[0],
        &admin,
        "DELETE",
        &format!("/user?id={bob}"),
        &Value::Null,
    );
    assert_eq!(deleted.status, 200, "{deleted:?}");
    let browser = Browser::new(&apps[0]);
    let open_form = browser.token("/forgot");
    let list = get_as(&apps[0], &admin, "/users?limit=1");
    let next = list.header("link").split(['<', '>']).nth(1).unwrap().to_owned();
    let next = &next[next.find("/users").unwrap()..];
    let forgotten = |app: &App| assert_eq!(post(app, "/auth/forgot", &json!({ "email": ANN })).status, 202);
    forgotten(&apps[0]);
    let mailed = Mailbox::of(&database).wait(ANN, "password").token();
    eve_starts();
    assert_eq!(sealed_with(&database), [old.clone(), old.clone(), old.clone()]);

    let table = keys(&["rotate", "--data", "--overlap", "6", file.path_str()]);
    let new = document(&file).keys[1].kid.clone();
    assert!(table.contains(&new) && table.contains("waiting"), "{table}");
    wait_until("the new key seals", || {
        for app in &apps {
            assert_eq!(log_in_with_totp(&database, app, &secret), 200);
        }
        eve_starts();
        sealed_with(&database)[2] == new
    });
    let open = browser.post(
        "/forgot",
        &[("csrf", &open_form), ("email", "nobody@example.org")],
    );
    assert_eq!(open.status, 303, "a form that was open meanwhile: {open:?}");
    assert_eq!(get_as(&apps[1], &admin, next).status, 200, "{next}");
    let body = json!({ "token": mailed, "password": "another bicycle in the sun" });
    assert_eq!(post(&apps[1], "/auth/reset", &body).status, 200);
    let body = json!({ "token": mailed, "password": PASSWORD });
    post(&apps[1], "/auth/reset", &body).problem(404);
    database.execute("TRUNCATE mail.outbox; DELETE FROM sessions.throttles");
    for mail in Mailbox::of(&database).to(ANN) {
        std::fs::remove_file(format!("{}/{}.eml", database.mail_folder(), mail.id)).unwrap();
    }
    forgotten(&apps[0]);
    let mailed = Mailbox::of(&database).wait(ANN, "password").token();
    let body = json!({ "token": mailed, "password": PASSWORD });
    assert_eq!(
        post(&apps[1], "/auth/reset", &body).status,
        200,
        "a link of the new key"
    );

    // A code was used since the new key seals, and encrypted its secret anew. Bob's account is deleted.
    assert_eq!(log_in_with_totp(&database, &apps[1], &secret), 200);
    assert_eq!(sealed_with(&database), [new.clone(), old.clone(), new.clone()]);
    let output = reseal(&database, &file);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        stdout(&output),
        format!("data key {new}: 1 second factors resealed, 3 in all\n")
    );
    assert_eq!(sealed_with(&database), [new.clone(), new.clone(), new.clone()]);
    let again = stdout(&reseal(&database, &file));
    assert!(again.contains(": 0 second factors resealed, 3 in all"), "{again}");
    let events = "SELECT subject || ' ' || (detail - 'operator')::text AS line FROM audit.events WHERE action = 'data_key.resealed'";
    let event = format!("data_key:{new} {{\"second_factors\": 1}}");
    assert_eq!(database.lines(events), [event]);

    let form = browser.token("/forgot");
    keys(&["remove", file.path_str(), &old]);
    let addresses = AtomicU32::new(0);
    wait_until("the old key is gone", || {
        // The answer to a form that arrives again is repeated, so each one has another address.
        let address = format!(
            "unknown-{}@example.org",
            addresses.fetch_add(1, Ordering::Relaxed)
        );
        let stale = browser.post("/forgot", &[("csrf", &open_form), ("email", &address)]);
        let fresh = browser.post("/forgot", &[("csrf", &form), ("email", &address)]);
        assert_eq!(fresh.status, 303, "{fresh:?}");
        stale.status != 303
    });
    for app in &apps {
        assert_eq!(log_in_with_totp(&database, app, &secret), 200);
    }
}

/// E21: Replicas whose key sets differ understand each other while a new key waits. What a key seals that a replica does
/// not have yet is refused with a clear error, and works once the replica has it.
#[test]
fn replicas_may_load_a_new_key_at_different_times() {
    let database = Database::fresh();
    let files = [TempFile::new("key", DATA_KEY), TempFile::new("key", DATA_KEY)];
    let apps = [start(&database, &files[0]), start(&database, &files[1])];
    create_account(&database, ANN, Role::User);
    let token = log_in(&apps[1], ANN).access;
    keys(&["rotate", "--data", files[1].path_str()]);
    let (secret, recovery) = enable_totp(&apps[1], &token);
    assert_eq!(
        log_in_with_totp(&database, &apps[0], &secret),
        200,
        "the new key waits"
    );

    keys(&["rotate", "--data", "--now", files[1].path_str()]);
    let body = |code: &str| json!({ "password": PASSWORD, "code": code });
    wait_until("the second replica seals with the new key", || {
        database.execute(
            "UPDATE accounts.credentials SET totp_confirmed_at = NULL; DELETE FROM sessions.throttles",
        );
        let (_, codes) = enable_totp(&apps[1], &token);
        assert_eq!(codes.len(), recovery.len());
        sealed_with(&database)[0] == document(&files[1]).keys[2].kid
    });
    database.execute("UPDATE accounts.credentials SET totp_confirmed_at = NULL");
    let (secret, _) = enable_totp(&apps[1], &token);
    database.execute("UPDATE accounts.credentials SET totp_last_step = totp_last_step - 10");
    let disabled = call_as(
        &apps[0],
        &token,
        "POST",
        "/auth/totp/disable",
        &body(&code(&secret, 0)),
    );
    assert_eq!(
        disabled.problem(409)["type"],
        "urn:portcullis:problem:second-factor-unavailable"
    );
    assert_eq!(log_in_with_totp(&database, &apps[1], &secret), 200);
    assert_eq!(
        post(&apps[1], "/auth/forgot", &json!({ "email": ANN })).status,
        202
    );
    let copy = TempFile::new("key", std::fs::read(files[1].path()).unwrap());
    std::fs::rename(copy.path(), files[0].path()).unwrap();
    wait_until("the first replica has the key", || {
        log_in_with_totp(&database, &apps[0], &secret) == 200
    });
    let mailed = Mailbox::of(&database);
    wait_until("whichever replica renders the mail", || {
        !mailed.to(ANN).is_empty()
    });
    let body =
        json!({ "token": mailed.wait(ANN, "password").token(), "password": "another bicycle in the sun" });
    assert_eq!(post(&apps[0], "/auth/reset", &body).status, 200);
}

/// E21: An account whose key is lost gets a clear error, on every way, and can use its recovery codes.
#[test]
fn an_account_whose_key_is_lost_gets_a_clear_error() {
    let database = Database::fresh();
    let before = App::over(&database);
    create_account(&database, ANN, Role::User);
    create_account(&database, BOB, Role::User);
    let token = log_in(&before, ANN).access;
    let (secret, recovery) = enable_totp(&before, &token);
    let bob = log_in(&before, BOB).access;
    let start_body = json!({ "password": PASSWORD });
    assert_eq!(
        call_as(&before, &bob, "POST", "/auth/totp/start", &start_body).status,
        200
    );
    drop(before);
    let file = TempFile::new("key", DataKey::generate());
    let app = start(&database, &file);
    database.execute("UPDATE accounts.credentials SET totp_last_step = totp_last_step - 10");
    let unavailable = "urn:portcullis:problem:second-factor-unavailable";
    let code = code(&secret, 0);
    for _ in 0..12 {
        let refused = try_log_in_with_code(&app, ANN, PASSWORD, &code);
        assert_eq!(refused.problem(409)["type"], unavailable);
    }
    let body = json!({ "name": "Ann", "new_password": "another bicycle in the sun", "current_password": PASSWORD, "code": code });
    let refused = call_as(&app, &token, "PUT", "/auth/me", &body);
    assert_eq!(refused.problem(409)["type"], unavailable);
    let body = json!({ "password": PASSWORD, "code": code });
    let refused = call_as(&app, &token, "POST", "/auth/totp/recovery-codes", &body);
    assert_eq!(refused.problem(409)["type"], unavailable);
    let refused = call_as(&app, &bob, "POST", "/auth/totp/confirm", &json!({ "code": code }));
    assert_eq!(
        refused.problem(409)["type"],
        "urn:portcullis:problem:second-factor-not-started"
    );
    let browser = Browser::new(&app);
    let page = browser.submit("/sign-in", &[("email", ANN), ("password", PASSWORD)]);
    let csrf = token_in(&page).unwrap();
    let fields = [
        ("csrf", csrf.as_str()),
        ("email", ANN),
        ("password", PASSWORD),
        ("code", &code),
    ];
    let page = browser.post("/sign-in", &fields);
    assert_eq!(page.status, 409);
    assert!(page.text().contains("Use a recovery code"), "{page:?}");
    let output = reseal(&database, &file);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("no data key decrypts the second factors of these accounts: 1, 2"),
        "{output:?}"
    );
    let body = json!({ "password": PASSWORD, "code": recovery[0] });
    let disabled = call_as(&app, &token, "POST", "/auth/totp/disable", &body);
    assert_eq!(disabled.status, 204, "{disabled:?}");
    assert_eq!(
        call_as(&app, &bob, "POST", "/auth/totp/start", &start_body).status,
        200
    );
}
