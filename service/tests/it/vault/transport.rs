//! The connection: certificates, redirects, clear text. The token reaches the configured server, and no other.

use super::server::{VaultClient, VaultServer, error, settings};
use super::tls_proxy::TlsProxy;
use crate::support::certificate_authority::CertificateAuthority;
use portcullis::config::source::Source;
use portcullis::config::vault::VaultSettings;
use portcullis::secrets::vault::{Vault, VaultError};
use serde_json::json;
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::time::Duration;

/// A client over TLS that trusts one authority.
fn client_of(server: &VaultServer, port: u16, host: &str, authority: &str) -> VaultClient {
    let secret_id = server.secret_id();
    let pairs = [
        ("VAULT_ADDRESS", format!("https://{host}:{port}")),
        ("VAULT_CA_FILE", authority.to_owned()),
        ("VAULT_ROLE_ID", "portcullis".to_owned()),
        ("VAULT_SECRET_ID", secret_id),
    ];
    let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value));
    VaultClient::new(&settings(pairs.collect()))
}

fn reason(server: &VaultServer, vault: &Vault) -> String {
    let error = error(server.run(vault.log_in()));
    assert!(error.is_retryable(), "{error}");
    error.to_string()
}

/// V1: Over TLS only a certificate of the configured authority for the right name is accepted, and TLS 1.3.
#[test]
fn only_the_configured_authority_is_trusted_and_only_tls_1_3() {
    let server = VaultServer::start();
    let (authority, other) = (CertificateAuthority::new(), CertificateAuthority::new());
    let proxy = TlsProxy::start(&server, authority.server("localhost"));
    let trusting = client_of(&server, proxy.port, "localhost", authority.file());
    server.run(trusting.vault.issue_login("rates")).unwrap();

    let wrong_authority = client_of(&server, proxy.port, "localhost", other.file());
    let text = reason(&server, &wrong_authority.vault);
    // The two authorities have the same name.
    assert!(text.contains("invalid peer certificate: BadSignature"), "{text}");
    // The operating system's authorities are not added.
    let system = client_of(&server, proxy.port, "localhost", "system");
    let text = reason(&server, &system.vault);
    assert!(text.contains("UnknownIssuer"), "{text}");
    let wrong_name = client_of(&server, proxy.port, "127.0.0.1", authority.file());
    let text = reason(&server, &wrong_name.vault);
    assert!(text.contains("not valid for name"), "{text}");

    let old = TlsProxy::start(
        &server,
        authority.server_with("localhost", &[&rustls::version::TLS12]),
    );
    let downgraded = client_of(&server, old.port, "localhost", authority.file());
    let text = reason(&server, &downgraded.vault);
    assert!(
        text.contains("protocol version") || text.contains("ProtocolVersion"),
        "{text}"
    );
}

/// V1: A redirect is not followed: the token and the SecretID reach no other server.
#[test]
fn a_redirect_is_not_followed() {
    let server = VaultServer::start();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let location = format!("http://{}/v1/", other.local_addr().unwrap());
    let (connected, connections) = channel();
    std::thread::spawn(move || {
        for stream in other.incoming() {
            let _ = connected.send(stream.is_ok());
        }
    });
    let client = server.client();
    server.inject("", Some(1), &json!({ "redirect": location }));
    assert!(reason(&server, &client.vault).contains("redirects with status 307"));
    server.run(client.vault.log_in()).unwrap();
    server.inject("", Some(1), &json!({ "redirect": location }));
    let redirected = error(server.run(client.vault.issue_login("rates")));
    assert!(matches!(redirected, VaultError::Unavailable(_)), "{redirected}");
    assert!(
        connections.recv_timeout(Duration::from_millis(500)).is_err(),
        "the other server was contacted"
    );
    server.run(client.vault.issue_login("rates")).unwrap();
}

/// K1, V1: Without TLS only a loopback address is accepted, in every profile, and an authority that cannot be read is named.
#[test]
fn clear_text_beyond_the_machine_is_refused() {
    let parse = |address: &str| {
        let login = [
            ("VAULT_ROLE_ID", "a"),
            ("VAULT_SECRET_ID", "b"),
            ("PROFILE", "development"),
        ];
        let pairs = login.into_iter().chain([("VAULT_ADDRESS", address)]);
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        VaultSettings::parse(&Source::of(pairs).unwrap())
    };
    for address in [
        "http://vault.example:8200",
        "http://192.0.2.1",
        "http://[2001:db8::1]:8200",
        "http://127.0.0.1.example",
    ] {
        let error = parse(address).unwrap_err().to_string();
        assert_eq!(
            error,
            "PORTCULLIS_VAULT_ADDRESS: must be an https URL or a loopback address"
        );
    }
    for address in [
        "http://127.0.0.1:8200/",
        "http://localhost:8200",
        "http://[::1]:8200",
        "https://vault.example",
    ] {
        let settings = parse(address).unwrap().unwrap();
        assert_eq!(settings.address, address.trim_end_matches('/'));
    }
    let mut unreadable = parse("https://vault.example").unwrap().unwrap();
    unreadable.ca_file = Some("/nowhere/ca.pem".into());
    let metrics = portcullis::telemetry::logs::Telemetry::quiet().unwrap().metrics;
    let error = error(Vault::new(&unreadable, "service", metrics)).to_string();
    assert!(
        error.starts_with("PORTCULLIS_VAULT_CA_FILE: cannot read /nowhere/ca.pem"),
        "{error}"
    );
}

/// K1, V1: Settings that contradict each other are refused with the name of one.
#[test]
fn settings_that_contradict_each_other_are_refused() {
    let address = ("VAULT_ADDRESS", "https://vault.example");
    let cases: [(&[(&str, &str)], &str); 12] = [
        (
            &[("VAULT_KV_MOUNT", "kv")],
            "VAULT_KV_MOUNT: requires VAULT_ADDRESS",
        ),
        (
            &[("VAULT_SECRET_ID_FILE", "/a")],
            "VAULT_SECRET_ID: requires VAULT_ADDRESS",
        ),
        (&[address], "VAULT_SECRET_ID: is not set"),
        (&[address, ("VAULT_SECRET_ID", "s")], "VAULT_ROLE_ID: is not set"),
        (
            &[
                address,
                ("VAULT_SECRET_ID", "s"),
                ("VAULT_WRAPPED_SECRET_ID_FILE", "/a"),
            ],
            "VAULT_WRAPPED_SECRET_ID: cannot be combined with VAULT_SECRET_ID",
        ),
        (
            &[address, ("VAULT_ROLE", "r")],
            "VAULT_ROLE: is not used by VAULT_AUTH=approle without VAULT_WRAPPED_SECRET_ID",
        ),
        (
            &[
                address,
                ("VAULT_ROLE_ID", "r"),
                ("VAULT_ROLE", "a/b"),
                ("VAULT_WRAPPED_SECRET_ID_FILE", "/a"),
            ],
            "VAULT_ROLE: must be the name of one AppRole",
        ),
        (
            &[address, ("VAULT_AUTH", "jwt"), ("VAULT_ROLE_ID", "r")],
            "VAULT_ROLE_ID: is not used by VAULT_AUTH=jwt",
        ),
        (
            &[address, ("VAULT_AUTH", "jwt"), ("VAULT_ROLE", "r")],
            "VAULT_JWT_FILE: is not set",
        ),
        (&[address, ("VAULT_AUTH", "kubernetes")], "VAULT_ROLE: is not set"),
        (
            &[address, ("VAULT_AUTH", "kubernetes"), ("VAULT_SECRET_ID", "s")],
            "VAULT_SECRET_ID: is not used by VAULT_AUTH=kubernetes",
        ),
        (
            &[address, ("VAULT_AUTH", "jwt"), ("VAULT_JWT_FILE", "a")],
            "VAULT_JWT_FILE: must be an absolute path",
        ),
    ];
    for (pairs, expected) in cases {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let error = VaultSettings::parse(&Source::of(pairs).unwrap())
            .unwrap_err()
            .to_string();
        assert_eq!(error, format!("PORTCULLIS_{expected}"));
    }
}
