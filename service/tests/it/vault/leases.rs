//! Issued logins: they work in PostgreSQL, are renewed and revoked, and none is left without an owner.

use super::server::{VaultServer, error, revealed};
use crate::support::database::Server;
use crate::support::wait::wait_until;
use portcullis::secrets::credentials::Credentials;
use portcullis::secrets::vault::{LeaseState, VaultError};
use serde_json::json;
use std::time::{Duration, Instant};

fn works(credentials: &Credentials) -> bool {
    let password = revealed(&credentials.password);
    Server::shared()
        .connect("postgres", &credentials.user, password)
        .is_ok()
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
        (lease.login(), lease.granted(), lease.is_renewable()),
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
