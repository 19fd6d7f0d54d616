//! The token: renewed in time, replaced when it cannot be renewed or has ended, by one login for all calls.

use super::server::{VaultClient, VaultServer, error};
use crate::support::temp_file::TempFile;
use crate::support::wait::{wait_until, wait_until_within};
use portcullis::secrets::vault::{Vault, VaultError};
use serde_json::json;
use std::cell::Cell;
use std::time::Duration;

/// Enough for a login and several renewals of a token of three seconds on a machine under load.
const PATIENCE: Duration = Duration::from_secs(90);

fn keep_token(server: &VaultServer, vault: &Vault) {
    let vault = vault.clone();
    server.spawn(async move { drop(vault.keep_token().await) });
}

fn session_number(client: &VaultClient) -> u64 {
    *client.vault.session_number().borrow()
}

/// V1: The token is renewed before it ends, and the leases under it live on.
#[test]
fn a_token_is_renewed_before_it_ends() {
    let server = VaultServer::start();
    server.set_token(&json!({ "token_period": "6s" }));
    let client = server.client();
    keep_token(&server, &client.vault);
    let (credentials, _) = server.run(client.vault.issue_login("rates")).unwrap();
    let least = Cell::new(6.0_f64);
    wait_until_within(PATIENCE, "the token is renewed three times", || {
        least.set(least.get().min(client.gauge("vault_token_remaining").unwrap()));
        client.requests("token_renew", "ok") >= 3
    });
    assert_eq!(session_number(&client), 1, "renewed, not replaced");
    let least = least.get();
    assert!(least < 3.0, "not before two thirds of its life: {least}");
    assert_eq!(server.logins(), [credentials.user.as_str()]);
    assert_eq!(client.gauge("vault_up"), Some(1.0));
}

/// V1: A token whose renewals are cut by its maximum TTL is replaced by a new login, and the owners of leases are notified.
#[test]
fn a_token_at_its_maximum_ttl_is_replaced() {
    let server = VaultServer::start();
    server.set_token(&json!({ "token_ttl": "4s", "token_max_ttl": "8s" }));
    let client = server.client();
    let mut session = client.vault.session_number();
    keep_token(&server, &client.vault);
    wait_until_within(PATIENCE, "the maximum TTL was reached", || {
        session_number(&client) >= 2
    });
    let notified = server.run(async { tokio::time::timeout(PATIENCE, session.changed()).await });
    notified.unwrap().unwrap();
}

/// V1: A renewal in the last second of the maximum TTL, which is answered with 0 seconds, is not taken for an endless token.
#[test]
fn a_token_renewed_for_less_than_a_second_is_replaced() {
    let server = VaultServer::start();
    server.set_token(&json!({ "token_ttl": "3s", "token_max_ttl": "4s" }));
    let client = server.client();
    keep_token(&server, &client.vault);
    wait_until_within(PATIENCE, "a first renewal", || {
        client.requests("token_renew", "ok") >= 1
    });
    // The second renewal follows between 3.6 and 4 seconds after the login, in the last second of the second 3 seconds.
    server.server.advance(Duration::from_millis(500));
    wait_until_within(PATIENCE, "a second login", || session_number(&client) >= 2);
}

/// V1: A token whose renewals are refused is replaced by a new login.
#[test]
fn a_refused_renewal_leads_to_a_login() {
    let server = VaultServer::start();
    server.set_token(&json!({ "token_period": "3s" }));
    let client = server.client();
    keep_token(&server, &client.vault);
    server.inject(
        "auth/token/renew-self",
        None,
        &json!({ "error": { "status": 400, "text": "lease is not renewable" } }),
    );
    wait_until_within(PATIENCE, "two logins follow", || session_number(&client) >= 3);
    assert!(client.requests("token_renew", "rejected") >= 1);
}

/// V1: While the server is unavailable the token is not given up, and a renewal is tried again.
#[test]
fn a_token_survives_an_outage() {
    let server = VaultServer::start();
    server.set_token(&json!({ "token_period": "30s" }));
    let client = server.client();
    keep_token(&server, &client.vault);
    wait_until("a first login", || session_number(&client) == 1);
    server.inject(
        "auth/",
        None,
        &json!({ "error": { "status": 503, "text": "Vault is sealed" } }),
    );
    wait_until_within(PATIENCE, "renewals fail", || {
        client.requests("token_renew", "unavailable") >= 2
    });
    assert_eq!(client.gauge("vault_up"), Some(0.0));
    server.recover();
    wait_until_within(PATIENCE, "the renewal is repeated", || {
        client.requests("token_renew", "ok") >= 1
    });
    assert_eq!(session_number(&client), 1);
}

/// V1: After an outage that the token did not survive, a login follows.
#[test]
fn a_token_that_ended_in_an_outage_is_replaced() {
    let server = VaultServer::start();
    server.set_token(&json!({ "token_period": "6s" }));
    let client = server.client();
    keep_token(&server, &client.vault);
    wait_until("a first login", || session_number(&client) == 1);
    server.inject("auth/", None, &json!("disconnect"));
    wait_until_within(PATIENCE, "logins fail", || {
        client.requests("login", "unavailable") >= 1
    });
    assert_eq!(session_number(&client), 1);
    server.recover();
    wait_until_within(PATIENCE, "logged in again", || session_number(&client) == 2);
}

/// V1: However many calls notice that the token has ended, there is one login, and every call succeeds.
#[test]
fn a_dead_token_is_replaced_by_one_login_for_all_calls() {
    let server = VaultServer::start();
    let client = server.client();
    server.run(client.vault.log_in()).unwrap();
    server.end_tokens();
    let calls = (0..30).map(|_| client.vault.read_document("token-keys"));
    let results = server.run(futures_util::future::join_all(calls));
    assert!(
        results.iter().all(|result| matches!(result, Ok(None))),
        "{results:?}"
    );
    assert_eq!((session_number(&client), client.requests("login", "ok")), (2, 2));

    // The clock of the server jumps: the token has ended before this process expects it.
    server.server.advance(Duration::from_secs(7200));
    let (credentials, lease) = server.run(client.vault.issue_login("rates")).unwrap();
    assert_eq!((session_number(&client), lease.session_number()), (3, 3));
    assert_eq!(server.logins(), [credentials.user]);
}

/// V1: A wrong SecretID is not sent once for each of the calls that wait for the login: five lock an AppRole.
#[test]
fn a_refused_login_is_not_repeated_by_the_calls_that_waited_for_it() {
    let server = VaultServer::start();
    let settings = server.settings(&[
        ("VAULT_ROLE_ID", "portcullis"),
        ("VAULT_SECRET_ID", "b1946ac9-wrong-secret-id"),
    ]);
    let client = VaultClient::new(&settings);
    server.inject("auth/approle/login", Some(1), &json!({ "delay_ms": 500 }));
    let calls = (0..30).map(|_| client.vault.read_document("token-keys"));
    for result in server.run(futures_util::future::join_all(calls)) {
        assert!(matches!(error(result), VaultError::Rejected { status: 400, .. }));
    }
    assert_eq!(client.requests("login", "rejected"), 1);
}

/// V1: Nor once for each call that follows: a refusal holds for a minute, or until another SecretID is delivered.
#[test]
fn a_refused_login_is_not_repeated_until_the_secret_is_replaced() {
    let server = VaultServer::start();
    let file = TempFile::new("secret-id", "0d5e7a41-wrong-secret-id");
    let settings = server.settings(&[
        ("VAULT_ROLE_ID", "portcullis"),
        ("VAULT_SECRET_ID_FILE", file.path_str()),
    ]);
    let client = VaultClient::new(&settings);
    for _ in 0..20 {
        let refused = error(server.run(client.vault.issue_login("rates")));
        assert!(
            matches!(refused, VaultError::Rejected { status: 400, .. }),
            "{refused}"
        );
    }
    assert_eq!(client.requests("login", "rejected"), 1);
    std::fs::write(file.path(), server.secret_id()).unwrap();
    server.run(client.vault.issue_login("rates")).unwrap();
    assert_eq!(client.requests("login", "ok"), 1);
}

/// V2: A client that is closed during a login revokes the token that it gets afterwards.
#[test]
fn a_login_that_ends_after_the_client_was_closed_leaves_no_token() {
    let server = VaultServer::start();
    let client = server.client();
    server.inject("auth/approle/login", Some(1), &json!({ "delay_ms": 2000 }));
    let logging_in = client.vault.clone();
    let login = server.run(async {
        let login = tokio::spawn(async move { logging_in.log_in().await });
        tokio::time::sleep(Duration::from_millis(700)).await;
        client.vault.close().await;
        login.await.unwrap()
    });
    assert_eq!(error(login), VaultError::Closed);
    let counts = ["login", "token_revoke"].map(|operation| client.requests(operation, "ok"));
    assert_eq!(counts[0], counts[1], "each token is revoked");
}

/// V1: What the policy does not permit is denied with a valid token too: a login would help no one and end all leases.
#[test]
fn a_call_that_the_policy_forbids_causes_no_login() {
    let server = VaultServer::start();
    let client = server.client();
    server.run(client.vault.log_in()).unwrap();
    server.write(
        "sys/policies/acl/service",
        &json!({ "policy": "path \"auth/token/lookup-self\" { capabilities = [\"read\"] }" }),
    );
    assert_eq!(
        error(server.run(client.vault.read_document("token-keys"))),
        VaultError::Denied
    );
    assert_eq!(
        error(server.run(client.vault.issue_login("rates"))),
        VaultError::Denied
    );
    assert_eq!(
        (session_number(&client), client.requests("token_lookup", "ok")),
        (1, 2)
    );
}

/// V1: Closing revokes the token, with whatever it still holds, and no later call logs in again.
#[test]
fn closing_revokes_the_token() {
    let server = VaultServer::start();
    let client = server.client();
    server.run(client.vault.issue_login("rates")).unwrap();
    server.run(client.vault.close());
    assert_eq!(client.requests("token_revoke", "ok"), 1);
    wait_until("the lease ends with its token", || server.logins().is_empty());
    assert_eq!(
        error(server.run(client.vault.issue_login("rates"))),
        VaultError::Closed
    );
    assert_eq!(client.requests("login", "ok"), 1);
}

/// Has the client believe that its token has ended, so that it logs in again. The token is alive.
fn log_in_again(server: &VaultServer, client: &VaultClient) {
    let denied = json!({ "error": { "status": 403, "text": "permission denied" } });
    server.inject("secret/", Some(1), &denied);
    server.inject("auth/token/lookup-self", Some(1), &denied);
    let former = session_number(client);
    assert!(matches!(
        server.run(client.vault.read_document("token-keys")),
        Ok(None)
    ));
    assert_eq!(session_number(client), former + 1);
}

/// V1: A token that a new login has replaced is revoked as soon as no lease depends on it, and not before.
#[test]
fn a_replaced_token_is_revoked_after_its_last_lease() {
    let server = VaultServer::start();
    let client = server.client();
    let (one, first) = server.run(client.vault.issue_login("rates")).unwrap();
    let (other, second) = server.run(client.vault.issue_login("rates")).unwrap();
    log_in_again(&server, &client);
    server.run(client.vault.revoke(&first)).unwrap();
    let copy = second.clone();
    drop((first, second));
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(client.requests("token_revoke", "ok"), 0);
    assert_eq!(server.logins(), [other.user.as_str()], "without {}", one.user);

    server.run(client.vault.revoke(&copy)).unwrap();
    drop(copy);
    wait_until("the former token is revoked", || {
        client.requests("token_revoke", "ok") == 1
    });
    server.run(client.vault.issue_login("rates")).unwrap();
    assert_eq!(session_number(&client), 2, "the present token is valid");
}

/// V1: A replaced token without leases is revoked at once, also after an outage.
#[test]
fn a_replaced_token_without_leases_is_revoked_at_once() {
    let server = VaultServer::start();
    let client = server.client();
    server.run(client.vault.log_in()).unwrap();
    let sealed = json!({ "error": { "status": 503, "text": "Vault is sealed" } });
    server.inject("auth/token/revoke-self", Some(1), &sealed);
    log_in_again(&server, &client);
    wait_until("the former token is revoked", || {
        client.requests("token_revoke", "ok") == 1
    });
    assert_eq!(client.requests("token_revoke", "unavailable"), 1);
}

/// V2: Closing revokes the tokens of former logins too, on which leases still depend.
#[test]
fn closing_revokes_replaced_tokens() {
    let server = VaultServer::start();
    let client = server.client();
    let issued = server.run(client.vault.issue_login("rates")).unwrap();
    log_in_again(&server, &client);
    server.run(client.vault.close());
    assert_eq!(client.requests("token_revoke", "ok"), 2);
    wait_until("the lease ends with its token", || server.logins().is_empty());
    drop(issued);
}
