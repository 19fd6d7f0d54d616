//! A server that is unavailable in any way: each call ends soon with an error that can be retried, and works afterwards.

use super::server::{VaultClient, VaultServer, error, revealed};
use crate::support::wait::wait_until;
use portcullis::secrets::vault::VaultError;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The time limit of a call, and as much again for a machine under load.
const SOON: Duration = Duration::from_secs(20);

fn fails_then_works(server: &VaultServer, client: &VaultClient, what: &str, effect: &Value) -> VaultError {
    server.inject("database/creds", Some(1), effect);
    let start = Instant::now();
    let failed = error(server.run(client.vault.issue_login("rates")));
    assert!(failed.is_retryable(), "{what}: {failed}");
    assert!(start.elapsed() < SOON, "{what}: {:?}", start.elapsed());
    server.recover();
    server.run(client.vault.issue_login("rates")).unwrap();
    failed
}

/// V1: Whatever the server answers instead, the call fails soon, can be retried, and causes no login.
#[test]
fn an_unavailable_server_fails_calls_soon_and_is_used_again() {
    let server = VaultServer::start();
    let client = server.client();
    server.run(client.vault.log_in()).unwrap();
    let status = |status: u16, text: &str| json!({ "error": { "status": status, "text": text } });
    let cases = [
        (
            "quota",
            status(429, "request path \"database/creds\": rate limit quota exceeded"),
        ),
        ("sealed", status(503, "Vault is sealed")),
        ("standby", status(473, "")),
        (
            "no active node",
            status(500, "local node not active but active cluster node not found"),
        ),
        ("gateway", status(502, "")),
        ("no JSON", json!({ "body": "<html>It works!</html>" })),
        ("other JSON", json!({ "body": "{\"data\":[]}" })),
        ("an empty object", json!({ "body": "{}" })),
        ("nothing", json!({ "body": "" })),
        ("a closed connection", json!("disconnect")),
        ("a lost answer", json!("lose_answer")),
        ("an answer after 90 seconds", json!({ "delay_ms": 90_000 })),
    ];
    for (what, effect) in &cases {
        fails_then_works(&server, &client, what, effect);
    }
    let whole = json!({
        "request_id": "", "lease_id": "", "lease_duration": 0, "renewable": false, "wrap_info": null, "warnings": null, "auth": null,
        "data": { "username": "v-planted", "password": "a-planted-password" },
    });
    let failed = fails_then_works(
        &server,
        &client,
        "a login without a lease",
        &json!({ "body": whole.to_string() }),
    );
    assert_eq!(failed, VaultError::Malformed);
    assert_eq!(client.requests("login", "ok"), 1);
}

/// V1: A token that cannot be sent in a header is no token.
#[test]
fn a_login_that_answers_nonsense_is_retried() {
    let server = VaultServer::start();
    let client = server.client();
    let auth = json!({
        "client_token": "s.with\r\nline: breaks", "accessor": "", "policies": [], "token_policies": [], "metadata": null,
        "lease_duration": 60, "renewable": true, "entity_id": "", "token_type": "service", "orphan": true,
    });
    let whole = json!({
        "request_id": "", "lease_id": "", "lease_duration": 0, "renewable": false, "wrap_info": null, "warnings": null,
        "data": null, "auth": auth,
    });
    for body in [
        whole.to_string(),
        "[]".to_owned(),
        "{\"auth\":null}".to_owned(),
        "\u{0}".to_owned(),
    ] {
        server.inject("auth/approle/login", Some(1), &json!({ "body": body }));
        assert_eq!(
            error(server.run(client.vault.log_in())),
            VaultError::Malformed,
            "{body}"
        );
    }
    server.run(client.vault.log_in()).unwrap();
}

/// V1: An answer that is larger than any of Vault's is not read to its end, and counts as nonsense.
#[test]
fn an_oversized_answer_is_not_read() {
    let server = VaultServer::start();
    let client = server.client();
    server.run(client.vault.log_in()).unwrap();
    let largest = "x".repeat(900 * 1024);
    server.write(
        "secret/data/portcullis/large",
        &json!({ "data": { "document": largest } }),
    );
    let document = server.run(client.vault.read_document("large")).unwrap().unwrap();
    assert_eq!(revealed(&document.text).len(), largest.len());
    let oversized = json!({
        "request_id": "1", "lease_id": "database/creds/portcullis-rates/1", "lease_duration": 60, "renewable": true,
        "data": { "username": "v-rates", "password": "x".repeat(2 << 20) },
    });
    server.inject(
        "database/creds",
        Some(1),
        &json!({ "body": oversized.to_string() }),
    );
    assert_eq!(
        error(server.run(client.vault.issue_login("rates"))),
        VaultError::Malformed
    );
    server.run(client.vault.issue_login("rates")).unwrap();
}

/// V1: A really sealed server, and one that is not there.
#[test]
fn a_sealed_or_absent_server_is_unavailable() {
    let server = VaultServer::start();
    let client = server.client();
    server.run(client.vault.log_in()).unwrap();
    server.write("sys/seal", &json!({}));
    let sealed = error(server.run(client.vault.issue_login("rates")));
    assert_eq!(
        sealed,
        VaultError::Unavailable("status 503: Vault is sealed".to_owned())
    );
    assert_eq!(client.gauge("vault_up"), Some(0.0));
    server.write("sys/unseal", &json!({ "key": server.server.unseal_keys()[0] }));
    server.run(client.vault.issue_login("rates")).unwrap();
    assert_eq!(client.gauge("vault_up"), Some(1.0));
    let settings = {
        let gone = VaultServer::start();
        gone.settings(&[
            ("VAULT_ROLE_ID", "portcullis"),
            ("VAULT_SECRET_ID", "4e1f-of-a-server-that-is-gone"),
        ])
    };
    let absent = VaultClient::new(&settings);
    wait_until("the port is closed", || {
        matches!(server.run(absent.vault.log_in()), Err(VaultError::Unavailable(_)))
    });
    let text = error(server.run(absent.vault.log_in())).to_string();
    assert!(
        text.to_lowercase().contains("refused") || text.contains("reset"),
        "{text}"
    );
}

/// V1: A revocation that the server could not carry out is not taken for one that it did.
#[test]
fn a_failed_revocation_or_renewal_leaves_the_lease() {
    let server = VaultServer::start();
    let client = server.client();
    let (credentials, mut lease) = server.run(client.vault.issue_login("rates")).unwrap();
    let text = "failed to revoke entry: resp: (*logical.Response)(nil) err: ERROR: a test (SQLSTATE P0001)";
    server.inject(
        "sys/leases/revoke",
        Some(1),
        &json!({ "error": { "status": 400, "text": text } }),
    );
    assert!(error(server.run(client.vault.revoke(&lease))).is_retryable());
    let text = "failed to renew entry: resp: (*logical.Response)(nil) err: ERROR: a test (SQLSTATE P0001)";
    server.inject(
        "sys/leases/renew",
        Some(1),
        &json!({ "error": { "status": 400, "text": text } }),
    );
    assert!(error(server.run(client.vault.renew(&mut lease))).is_retryable());
    assert_eq!(server.logins(), [credentials.user]);
    server.run(client.vault.renew(&mut lease)).unwrap();
    server.run(client.vault.revoke(&lease)).unwrap();
    assert!(server.logins().is_empty());
}
