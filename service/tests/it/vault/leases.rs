//! Issued logins: they work in PostgreSQL, are renewed and revoked, and none is left without an owner.

use super::server::{VaultServer, error, revealed};
use crate::support::database::Server;
use crate::support::wait::wait_until;
use portcullis::secrets::credentials::Credentials;
use portcullis::secrets::vault::{LeaseState, VaultError};
use serde_json::json;
use std::time::{Duration, Instant};

/// Whether PostgreSQL accepts the password. Whether the login may use the database is checked after that.
fn works(credentials: &Credentials) -> bool {
    let password = revealed(&credentials.password);
    let server = Server::shared();
    match server.connect("postgres", &credentials.user, password) {
        Ok(_) => true,
        Err(error) => error.to_string().contains("does not have CONNECT privilege"),
    }
}

/// V1: An issued login works until its lease is revoked; its lease can be renewed up to the maximum TTL.
#[test]
fn an_issued_login_works_until_its_lease_is_revoked() {
    let server = VaultServer::start();
    let vault = server.client().vault;
    let (credentials, mut lease) = server.run(vault.issue_login("rates")).unwrap();
    assert!(works(&credentials));
    assert_eq!(server.logins(), [credentials.user.as_str()]);
    assert_eq!(
        (lease.session_number(), lease.granted(), lease.is_renewable()),
        (1, Duration::from_secs(60), true)
    );
    assert!(lease.remaining() > Duration::from_secs(30), "{lease:?}");
    let renew_in = lease.renew_at() - Instant::now();
    assert!(renew_in < Duration::from_secs(41), "{renew_in:?}");

    server.server.advance(Duration::from_secs(40));
    server.run(vault.renew(&mut lease)).unwrap();
    assert!(
        !lease.is_cut() && lease.duration() == Duration::from_secs(60),
        "{lease:?}"
    );
    server.server.advance(Duration::from_secs(40));
    assert!(works(&credentials), "renewed");
    server.run(vault.renew(&mut lease)).unwrap();
    assert!(lease.is_cut(), "two minutes are the maximum: {lease:?}");
    let LeaseState::Active(left) = server.run(vault.lease_state(&lease)).unwrap() else {
        panic!("the lease is active");
    };
    assert!(left <= Duration::from_secs(41), "{left:?}");

    server.run(vault.revoke(&lease)).unwrap();
    assert!(!works(&credentials));
    assert_eq!(server.logins(), Vec::<String>::new());
    assert_eq!(server.run(vault.lease_state(&lease)).unwrap(), LeaseState::Gone);
    server
        .run(vault.revoke(&lease))
        .expect("a lease that has ended is revoked");
    assert_eq!(error(server.run(vault.renew(&mut lease))), VaultError::Gone);
    assert_eq!(
        error(server.run(vault.issue_login("unknown")))
            .to_string()
            .split(':')
            .next()
            .unwrap(),
        "Vault rejected the request with status 400"
    );
}

/// V1: A time that no clock reaches is cut, wherever an answer names one, so that adding it to the present does not panic.
#[test]
fn an_endless_ttl_is_cut() {
    let server = VaultServer::start();
    let client = server.client();
    let answer = |path: &str, body: serde_json::Value| {
        server.inject(path, Some(1), &json!({ "body": body.to_string() }));
    };
    let envelope = |data: serde_json::Value, auth: serde_json::Value| {
        json!({
            "request_id": "1", "lease_id": "", "renewable": false, "lease_duration": 0, "data": data,
            "auth": auth, "wrap_info": null, "warnings": null,
        })
    };
    let auth = json!({
        "client_token": server.server.root_token(), "accessor": "a", "policies": [], "token_policies": [],
        "metadata": null, "lease_duration": u64::MAX, "renewable": true, "entity_id": "", "token_type": "service",
        "orphan": true,
    });
    answer("auth/approle/login", envelope(json!(null), auth));
    server.run(client.vault.log_in()).unwrap();
    let limit = Instant::now() + Duration::from_secs(20 * 365 * 24 * 3600);
    let login = json!({ "username": "s-rates", "password": "a-static-password", "ttl": i64::MAX });
    answer("database/static-creds", envelope(login, json!(null)));
    let (_, remaining) = server.run(client.vault.static_login("rates")).unwrap();
    assert!(
        Instant::now()
            .checked_add(remaining)
            .is_some_and(|end| end < limit)
    );
    answer(
        "sys/leases/lookup",
        envelope(json!({ "ttl": i64::MAX }), json!(null)),
    );
    let state = server.run(client.vault.find_lease("a/lease"));
    let Ok(LeaseState::Active(left)) = state else {
        panic!("{state:?}");
    };
    assert!(Instant::now().checked_add(left).is_some_and(|end| end < limit));
}

/// V1: The login of a request that its caller did not wait for is revoked.
#[test]
fn a_login_that_no_one_received_is_revoked() {
    let server = VaultServer::start();
    let client = server.client();
    server.run(client.vault.log_in()).unwrap();
    server.inject("database/creds", Some(1), &json!({ "delay_ms": 300 }));
    let dropped =
        async { tokio::time::timeout(Duration::from_millis(50), client.vault.issue_login("rates")).await };
    assert!(
        server.run(dropped).is_err(),
        "the caller is gone before the answer"
    );
    wait_until("the login was issued and revoked", || {
        client.requests("lease_revoke", "ok") == 1
    });
    assert_eq!(client.requests("issue_login", "ok"), 1);
    assert_eq!(server.logins(), Vec::<String>::new());
}

/// V1: The login of an access request lives under a token of its own: it outlives the token of the service that issued it, and
/// another service revokes it.
#[cfg(feature = "access")]
#[test]
fn a_login_under_an_orphan_token_outlives_the_service() {
    let server = VaultServer::start();
    let (first, second) = (server.client().vault, server.client().vault);
    let (minutes, day) = (Duration::from_secs(100), Duration::from_secs(24 * 3600));
    let token = server.run(first.create_orphan_token("portcullis-access", day, &json!({ "request": "42" })));
    let token = token.unwrap();
    let (credentials, lease) = server
        .run(first.issue_login_with(&token, "access-read", minutes))
        .unwrap();
    assert!(lease.duration() > Duration::from_secs(60), "{lease:?}");
    let own = server.run(first.issue_login("access-read"));
    assert_eq!(error(own), VaultError::Denied, "the service itself may not");
    server.run(first.close());
    // Vault revokes the leases of a token that ended behind its answer. They have ended when this returns.
    server.server.advance(Duration::from_secs(1));
    assert!(works(&credentials));
    server.run(second.revoke_accessor(token.accessor())).unwrap();
    wait_until("the login ends with its token", || !works(&credentials));
    server
        .run(second.revoke_accessor(token.accessor()))
        .expect("a token that has ended is revoked");
    let after = server.run(second.issue_login_with(&token, "access-read", minutes));
    assert_eq!(error(after), VaultError::Denied);
}
