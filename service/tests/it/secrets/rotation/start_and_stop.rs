//! What remains when the service stops or is killed, and what it waits for at the start.

use super::{
    LOGINS, PATIENCE, existing, leases, pairs, pairs_of, readiness, set_ttls, start, users, wait_until_ready,
};
use crate::support::app::App;
use crate::support::database::{Database, settings};
use crate::support::program::{ServiceProcess, run, stderr};
use crate::support::sample_data::{QUERY, small};
use crate::support::tcp_proxy::TcpProxy;
use crate::support::temp_file::TempFile;
use crate::support::vault::TestVault;
use crate::support::wait::wait_until_within;
use portcullis::crypto::data_key_document::DataKeyDocument;
use portcullis::startup::command_login;
use portcullis::telemetry::logs::Telemetry;
use portcullis::types::clock;
use std::thread::sleep;
use std::time::Duration;

/// V2: Stopping the service revokes its logins: none is left when the process has ended.
#[test]
fn stopping_the_service_revokes_its_logins() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let process = ServiceProcess::start(&pairs(&vault, "vault"));
    wait_until_ready(&App::of_process(&process));
    let used = users(&database);
    assert_eq!((used.len(), leases(&vault)), (LOGINS.len(), LOGINS.len()));
    process.terminate();
    let (code, log) = process.wait();
    assert_eq!(code, Some(0), "{log:?}");
    assert_eq!(leases(&vault), 0, "{log:?}");
    assert_eq!(existing(&database, &used), [""; 0], "{log:?}");
}

/// V3: Two replicas have logins of their own: what one replaces or revokes does not concern the other.
#[test]
fn two_replicas_have_logins_of_their_own() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let one = start(&vault, "vault", &[]);
    let other = start(&vault, "vault", &[]);
    assert_eq!(leases(&vault), 2 * LOGINS.len());
    one.stop();
    assert_eq!(leases(&vault), LOGINS.len());
    assert_eq!(other.get(QUERY).status, 200);
    wait_until_ready(&other);
}

/// V2: A service that is killed before it uses a login leaves it to its lease, which ends it.
#[test]
fn the_leases_of_a_killed_service_end_by_themselves() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let proxy = TcpProxy::to(&database.server);
    // The service gets logins, but cannot use them.
    proxy.freeze();
    let mut pairs = pairs(&vault, "vault");
    pairs.extend(
        proxy
            .settings()
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let process = ServiceProcess::start(&pairs);
    wait_until_within(PATIENCE, "a login is issued", || leases(&vault) > 0);
    process.signal("-KILL");
    let _exit = process.wait();
    assert!(leases(&vault) > 0);
    vault.server.advance(Duration::from_secs(7200));
    wait_until_within(PATIENCE, "no login is left", || leases(&vault) == 0);
}

/// V5: Without Vault the service does not start; one line says what it waits for. It starts as soon as Vault answers.
#[test]
fn a_service_without_vault_says_what_it_waits_for() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let pairs = pairs(&vault, "vault");
    vault.write("sys/seal", &serde_json::json!({}));
    let process = ServiceProcess::spawn(&pairs);
    let line = process.wait_for_line("waiting for Vault");
    assert!(
        line.contains(&vault.address()) && line.contains("sealed"),
        "{line}"
    );
    for key in vault.server.unseal_keys() {
        vault.write("sys/unseal", &serde_json::json!({"key": key}));
    }
    process.wait_for_line("listening");
    let lines = process.log();
    let waiting = lines.iter().filter(|line| line.contains("waiting for"));
    assert_eq!(waiting.count(), 1, "{lines:?}");
    process.terminate();
    assert_eq!(process.wait().0, Some(0));
}

/// V5: A service that waits for Vault stops on SIGTERM.
#[test]
fn a_service_that_waits_for_vault_stops_on_a_signal() {
    let database = Database::fresh();
    let vault = TestVault::over(&database);
    let pairs = pairs(&vault, "vault");
    vault.write("sys/seal", &serde_json::json!({}));
    let process = ServiceProcess::spawn(&pairs);
    process.wait_for_line("waiting for Vault");
    process.terminate();
    assert_eq!(process.wait().0, Some(0));
    for key in vault.server.unseal_keys() {
        vault.write("sys/unseal", &serde_json::json!({"key": key}));
    }
}

/// V2, V12: A command gets a login with the rights of its own program, uses it and revokes it.
#[test]
fn a_command_revokes_its_login() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let prices = TempFile::new("sql", small());
    for (program, arguments) in [
        ("portcullis-accounts", ["accounts", "list"].as_slice()),
        ("portcullis-audit", &["audit", "verify"]),
        ("portcullis-import", &["import", prices.path_str()]),
    ] {
        let pairs = pairs_of(&vault, "vault", program);
        let output = run(arguments, &pairs);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        assert_eq!(leases(&vault), 0);
    }
}

/// V1, V2: A command whose login and data keys come from Vault uses a wrapped SecretID once: it succeeds, and nothing looks
/// like an incident.
#[test]
fn a_command_with_a_wrapped_secret_id_unwraps_it_once() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let document = DataKeyDocument::generate(clock::now()).unwrap().to_text();
    let body = serde_json::json!({"options": {"cas": 0}, "data": {"document": document}});
    vault.write("secret/data/portcullis/data-keys", &body);
    let mut pairs = pairs_of(&vault, "vault", "portcullis-audit");
    pairs.retain(|(name, _)| !["VAULT_SECRET_ID", "TOKEN_KEYS", "DATA_KEY"].contains(&name.as_str()));
    pairs.push(("KEYS".to_owned(), "vault".to_owned()));
    let anchors = TempFile::new("anchors", "");
    for (arguments, code) in [
        (["keys", "reseal"].as_slice(), 0),
        // The file holds no anchor, which is found after the keys are loaded.
        (&["audit", "verify", "--anchors", anchors.path_str()], 65),
    ] {
        let mut pairs = pairs.clone();
        let wrapped = vault.wrapped_secret_id("portcullis-audit", "5m");
        pairs.push(("VAULT_WRAPPED_SECRET_ID".to_owned(), wrapped));
        let output = run(arguments, &pairs);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(!text.contains("wrapp") && !text.contains("security"), "{text}");
        assert_eq!(leases(&vault), 0, "{text}");
    }
}

/// V2: The login of a command lives as long as the command, which may take longer than a lease.
#[test]
fn the_login_of_a_command_outlives_its_first_lease() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let lease = Duration::from_secs(6);
    set_ttls(&vault, lease, Duration::from_secs(3600));
    let telemetry = Telemetry::quiet().unwrap();
    let user = command_login::with_login(
        &settings(pairs(&vault, "vault"), &[]),
        |database| &mut database.accounts,
        &telemetry.metrics,
        |settings, _| {
            let user = settings.database.accounts.credentials().unwrap().user;
            sleep(lease * 3);
            assert_eq!(existing(&database, std::slice::from_ref(&user)), [user.as_str()]);
            user
        },
    )
    .unwrap();
    assert_eq!(existing(&database, &[user]), [""; 0]);
}

/// V5: A service is not ready before each of its logins has credentials, also those that readiness does not use.
#[test]
fn a_service_without_the_credentials_of_one_login_is_not_ready() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let unavailable = serde_json::json!({
        "path": "database/creds/portcullis-mail",
        "effect": {"error": {"status": 503, "text": "planted"}},
    });
    vault.write("control/rules", &unavailable);
    let app = App::start(&settings(pairs(&vault, "vault"), &[]));
    wait_until_within(PATIENCE, "rates are served", || app.get(QUERY).status == 200);
    wait_until_within(PATIENCE, "the other logins are issued", || {
        leases(&vault) == LOGINS.len() - 1
    });
    let missing = (
        503,
        "the service waits for credentials of the database\n".to_owned(),
    );
    assert_eq!(readiness(&app), missing);
    vault.call("DELETE", "control/rules", &serde_json::Value::Null);
    wait_until_ready(&app);
}

/// V2: A command that gets no login revokes its token.
#[test]
fn a_command_without_a_login_leaves_no_token() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let refused = serde_json::json!({
        "path": "database/creds",
        "effect": {"error": {"status": 400, "text": "planted"}},
    });
    vault.write("control/rules", &refused);
    let telemetry = Telemetry::quiet().unwrap();
    let started = command_login::with_login(
        &settings(pairs(&vault, "vault"), &[]),
        |database| &mut database.accounts,
        &telemetry.metrics,
        |_, _| (),
    );
    assert!(started.is_err());
    let text = telemetry.metrics.prometheus_text();
    let is_revocation =
        |line: &str| line.contains("operation=\"token_revoke\"") && line.contains("outcome=\"ok\"");
    assert!(text.lines().any(is_revocation), "{text}");
}
