//! Logins to Vault: AppRole, with a wrapped SecretID too, Kubernetes, and tokens of another issuer.

use super::identities::{ReviewServer, jwt, public_key};
use super::server::{VaultClient, VaultServer, error};
use crate::support::temp_file::TempFile;
use portcullis::config::vault::VaultSettings;
use portcullis::secrets::vault::{Vault, VaultError};
use portcullis::types::clock;
use serde_json::{Value, json};
use std::time::Duration;

/// What the fake server grants to each method.
fn tokens() -> Value {
    json!({ "token_policies": ["service"], "token_no_default_policy": true, "token_period": "1h" })
}

fn with(fields: Value) -> Value {
    let (Value::Object(mut all), Value::Object(fields)) = (tokens(), fields) else {
        panic!("both are objects");
    };
    all.extend(fields);
    Value::Object(all)
}

/// Logs in with a new client; returns it and the outcome.
fn log_in(server: &VaultServer, settings: &VaultSettings) -> (Vault, Result<(), VaultError>) {
    let vault = VaultClient::new(settings).vault;
    let result = server.run(vault.log_in());
    (vault, result)
}

fn refused(server: &VaultServer, settings: &VaultSettings) -> VaultError {
    error(log_in(server, settings).1)
}

/// V1: A SecretID is read again at each login, and a wrong one is refused without a retry.
#[test]
fn an_app_role_logs_in_with_the_present_secret_id() {
    let server = VaultServer::start();
    let file = TempFile::new("secret-id", server.secret_id());
    let settings = server.settings(&[
        ("VAULT_ROLE_ID", "portcullis"),
        ("VAULT_SECRET_ID_FILE", file.path_str()),
    ]);
    let client = VaultClient::new(&settings);
    server.run(client.vault.log_in()).unwrap();
    server.run(client.vault.log_in()).unwrap();
    assert_eq!(
        (
            *client.vault.session_number().borrow(),
            client.requests("login", "ok")
        ),
        (1, 1)
    );

    std::fs::write(file.path(), "7c3a0c5e-wrong-secret-id").unwrap();
    let wrong = refused(&server, &settings);
    assert!(
        matches!(wrong, VaultError::Rejected { status: 400, .. }),
        "{wrong}"
    );
    assert!(!wrong.is_retryable() && !wrong.is_incident());
    std::fs::remove_file(file.path()).unwrap();
    let missing = refused(&server, &settings).to_string();
    assert!(
        missing.starts_with("PORTCULLIS_VAULT_SECRET_ID: cannot read"),
        "{missing}"
    );
    std::fs::write(file.path(), server.secret_id()).unwrap();
    log_in(&server, &settings).1.unwrap();
}

fn wrapped_settings(server: &VaultServer, file: &TempFile) -> VaultSettings {
    server.settings(&[
        ("VAULT_ROLE_ID", "portcullis"),
        ("VAULT_WRAPPED_SECRET_ID_FILE", file.path_str()),
    ])
}

/// V1: A wrapped SecretID is unwrapped once and serves later logins as well. A second client with the same wrapping token reports an incident.
#[test]
fn a_wrapped_secret_id_is_unwrapped_once() {
    let server = VaultServer::start();
    let file = TempFile::new("wrapped", server.wrapped_secret_id("5m"));
    let settings = wrapped_settings(&server, &file);
    let client = VaultClient::new(&settings);
    server.run(client.vault.log_in()).unwrap();
    server.end_tokens();
    server.run(client.vault.issue_login("rates")).unwrap();
    assert_eq!(
        *client.vault.session_number().borrow(),
        2,
        "the SecretID is in memory"
    );
    assert_eq!(client.requests("unwrap", "ok"), 1);

    let spent = refused(&server, &settings);
    assert_eq!(spent, VaultError::WrapSpent);
    assert!(spent.is_incident() && !spent.is_retryable());

    server.end_tokens();
    std::fs::write(file.path(), server.wrapped_secret_id("5m")).unwrap();
    server.run(client.vault.issue_login("rates")).unwrap();
    assert_eq!(
        client.requests("unwrap", "ok"),
        2,
        "a new wrapping token was delivered"
    );
}

/// V1: A wrapping token that has expired, or that holds something else than a SecretID of the login, is an incident, and the
/// latter is not unwrapped.
#[test]
fn a_wrapping_token_of_another_origin_is_refused() {
    let server = VaultServer::start();
    let expired = TempFile::new("wrapped", server.wrapped_secret_id("5s"));
    server.server.advance(Duration::from_secs(6));
    assert_eq!(
        refused(&server, &wrapped_settings(&server, &expired)),
        VaultError::WrapSpent
    );

    let planted = json!({ "secret_id": server.secret_id() });
    let token = server.wrap("sys/wrapping/wrap", &planted, "5m");
    let foreign = TempFile::new("wrapped", &token);
    let error = refused(&server, &wrapped_settings(&server, &foreign));
    assert_eq!(error, VaultError::WrapForeign("VAULT_ROLE"));
    assert!(error.is_incident());
    let (status, origin) = server.call("POST", "sys/wrapping/lookup", &json!({ "token": token }));
    assert_eq!(
        (status, origin["data"]["creation_path"].as_str()),
        (200, Some("sys/wrapping/wrap"))
    );

    let no_token = TempFile::new("wrapped", "not a token");
    let error = refused(&server, &wrapped_settings(&server, &no_token)).to_string();
    assert!(
        error.starts_with("PORTCULLIS_VAULT_WRAPPED_SECRET_ID: "),
        "{error}"
    );
}

/// V1: A SecretID of another role of the same mount is none of this service: it is an incident, and is not unwrapped. A role whose
/// RoleID is not its name is named by a setting.
#[test]
fn a_wrapped_secret_id_of_another_role_is_refused() {
    let server = VaultServer::start();
    let other = "auth/approle/role/other";
    server.write(other, &tokens());
    let token = server.wrap(&format!("{other}/secret-id"), &json!({}), "5m");
    let file = TempFile::new("wrapped", &token);
    let error = refused(&server, &wrapped_settings(&server, &file));
    assert_eq!(error, VaultError::WrapForeign("VAULT_ROLE"));
    assert!(error.is_incident() && error.to_string().contains("VAULT_ROLE"));
    let (status, origin) = server.call("POST", "sys/wrapping/lookup", &json!({ "token": token }));
    assert_eq!(status, 200, "it was not unwrapped: {origin}");

    let role_id = json!({ "role_id": "7d0e-the-role-id" });
    server.write("auth/approle/role/portcullis/role-id", &role_id);
    let file = TempFile::new("wrapped", server.wrapped_secret_id("5m"));
    let settings = |role: &[(&'static str, &'static str)]| {
        let mut pairs = vec![
            ("VAULT_ROLE_ID", "7d0e-the-role-id"),
            ("VAULT_WRAPPED_SECRET_ID_FILE", file.path_str()),
        ];
        pairs.extend(role);
        server.settings(&pairs)
    };
    assert_eq!(
        refused(&server, &settings(&[])),
        VaultError::WrapForeign("VAULT_ROLE")
    );
    let other = [("VAULT_ROLE", "other")];
    assert_eq!(
        refused(&server, &settings(&other)),
        VaultError::WrapForeign("VAULT_ROLE")
    );
    log_in(&server, &settings(&[("VAULT_ROLE", "portcullis")]))
        .1
        .unwrap();
}

/// V1: A SecretID that is refused at its first use is not the one that was issued for the service: an incident. One that was
/// accepted before may have ended.
#[test]
fn a_secret_id_that_is_refused_at_its_first_use_is_an_incident() {
    let server = VaultServer::start();
    server.write("auth/approle/role/other", &tokens());
    server.write("auth/approle/role/other/role-id", &json!({ "role_id": "other" }));
    let file = TempFile::new("wrapped", server.wrapped_secret_id("5m"));
    let settings = server.settings(&[
        ("VAULT_ROLE_ID", "other"),
        ("VAULT_ROLE", "portcullis"),
        ("VAULT_WRAPPED_SECRET_ID_FILE", file.path_str()),
    ]);
    let error = refused(&server, &settings);
    assert_eq!(error, VaultError::SecretIdRefused);
    assert!(error.is_incident() && !error.is_retryable());

    let file = TempFile::new("wrapped", server.wrapped_secret_id("5m"));
    let client = VaultClient::new(&wrapped_settings(&server, &file));
    server.inject(
        "auth/approle/login",
        Some(1),
        &json!({ "error": { "status": 503, "text": "Vault is sealed" } }),
    );
    assert!(super::server::error(server.run(client.vault.log_in())).is_retryable());
    server.run(client.vault.log_in()).unwrap();
    server.set_token(&json!({ "token_period": "1h" }));
    server.end_tokens();
    let ended = super::server::error(server.run(client.vault.issue_login("rates")));
    assert!(
        matches!(ended, VaultError::Rejected { status: 400, .. }) && !ended.is_incident(),
        "{ended}"
    );
}

/// V1: When the server becomes unavailable between the check and the use of a wrapping token, the next attempt goes on.
#[test]
fn a_wrapping_token_survives_an_outage_before_its_use() {
    let server = VaultServer::start();
    let file = TempFile::new("wrapped", server.wrapped_secret_id("5m"));
    let client = VaultClient::new(&wrapped_settings(&server, &file));
    server.inject(
        "sys/wrapping/unwrap",
        Some(1),
        &json!({ "error": { "status": 503, "text": "Vault is sealed" } }),
    );
    assert!(error(server.run(client.vault.log_in())).is_retryable());
    server.run(client.vault.log_in()).unwrap();

    let file = TempFile::new("wrapped", server.wrapped_secret_id("5m"));
    let client = VaultClient::new(&wrapped_settings(&server, &file));
    server.inject("sys/wrapping/unwrap", Some(1), &json!("lose_answer"));
    assert!(error(server.run(client.vault.log_in())).is_retryable());
    assert_eq!(
        error(server.run(client.vault.log_in())),
        VaultError::WrapSpent,
        "it was used, by whom is not known"
    );
}

/// V1: A pod logs in with the token of its service account, which the kubelet replaces.
#[test]
fn a_kubernetes_service_account_logs_in() {
    let server = VaultServer::start();
    let reviews = ReviewServer::start();
    server.write("sys/auth/kubernetes", &json!({ "type": "kubernetes" }));
    let config = json!({
        "kubernetes_host": format!("http://{}", reviews.address),
        "token_reviewer_jwt": jwt(&json!({ "sub": "reviewer" })),
        "disable_local_ca_jwt": true,
        "kubernetes_ca_cert": public_key(),
    });
    server.write("auth/kubernetes/config", &config);
    let role = json!({
        "bound_service_account_names": ["portcullis"],
        "bound_service_account_namespaces": ["prod"],
        "audience": "vault",
    });
    server.write("auth/kubernetes/role/portcullis", &with(role));
    let now = clock::now().timestamp();
    let token = |account: &str, end: i64| {
        jwt(&json!({
            "aud": ["vault"], "iat": now - 7200, "nbf": now - 7200, "exp": end,
            "kubernetes.io": { "namespace": "prod", "serviceaccount": { "name": account, "uid": "0a1b" } },
        }))
    };
    let file = TempFile::new("jwt", token("portcullis", now - 3600));
    let settings = server.settings(&[
        ("VAULT_AUTH", "kubernetes"),
        ("VAULT_ROLE", "portcullis"),
        ("VAULT_JWT_FILE", file.path_str()),
    ]);
    let expired = refused(&server, &settings);
    assert_eq!(expired, VaultError::Denied, "expired");
    std::fs::write(file.path(), token("other", now + 3600)).unwrap();
    assert_eq!(refused(&server, &settings), VaultError::Denied, "another account");
    std::fs::write(file.path(), token("portcullis", now + 3600)).unwrap();
    let (vault, result) = log_in(&server, &settings);
    result.unwrap();
    server.run(vault.issue_login("rates")).unwrap();
}

/// V1: A token of another issuer, such as a managed identity's, logs in at its own mount.
#[test]
fn a_token_of_another_issuer_logs_in() {
    let server = VaultServer::start();
    server.write("sys/auth/identity", &json!({ "type": "jwt" }));
    let issuer = "https://idp.example";
    let config = json!({ "jwt_validation_pubkeys": [public_key()], "bound_issuer": issuer });
    server.write("auth/identity/config", &config);
    let role = json!({ "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["portcullis"], "bound_subject": "service-1" });
    server.write("auth/identity/role/portcullis", &with(role));
    let now = clock::now().timestamp();
    let token = |subject: &str, end: i64| {
        jwt(
            &json!({ "iss": issuer, "aud": "portcullis", "sub": subject, "iat": now - 3600, "nbf": now - 3600, "exp": end }),
        )
    };
    let file = TempFile::new("jwt", token("service-1", now - 1800));
    let settings = server.settings(&[
        ("VAULT_AUTH", "jwt"),
        ("VAULT_AUTH_MOUNT", "identity"),
        ("VAULT_ROLE", "portcullis"),
        ("VAULT_JWT_FILE", file.path_str()),
    ]);
    let expired = refused(&server, &settings);
    assert!(
        matches!(expired, VaultError::Rejected { status: 400, .. }),
        "{expired}"
    );
    std::fs::write(file.path(), token("service-2", now + 600)).unwrap();
    let other = refused(&server, &settings).to_string();
    assert!(other.contains("invalid subject"), "{other}");
    std::fs::write(file.path(), token("service-1", now + 600)).unwrap();
    let (vault, result) = log_in(&server, &settings);
    result.unwrap();
    server.run(vault.issue_login("rates")).unwrap();
    let missing = TempFile::new("jwt", "x");
    std::fs::remove_file(missing.path()).unwrap();
    let settings = server.settings(&[
        ("VAULT_AUTH", "jwt"),
        ("VAULT_ROLE", "portcullis"),
        ("VAULT_JWT_FILE", missing.path_str()),
    ]);
    let error = refused(&server, &settings).to_string();
    assert!(
        error.starts_with("PORTCULLIS_VAULT_JWT_FILE: cannot read"),
        "{error}"
    );
}
