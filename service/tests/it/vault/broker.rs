//! The client of the access broker, which has settings of its own.

use super::server::{VaultClient, VaultServer, error};
use crate::support::temp_file::TempFile;
use portcullis::config::access::AccessSettings;
use portcullis::config::source::Source;
use portcullis::config::vault::VaultSettings;
use portcullis::secrets::vault::{Vault, VaultError};
use portcullis::telemetry::logs::Telemetry;
use serde_json::json;
use std::time::Duration;

/// The settings of the access broker's login, with this setting for its secret.
fn broker_settings(server: &VaultServer, setting: &str, file: &TempFile) -> VaultSettings {
    let vault = server.settings(&[
        ("VAULT_ROLE_ID", "the-service"),
        ("VAULT_SECRET_ID", "5d1c-of-the-service"),
    ]);
    let pairs = [
        ("ACCESS_REQUESTS", "vault"),
        ("ACCESS_VAULT_ROLE_ID", "portcullis"),
        (setting, file.path_str()),
    ];
    let source = Source::of(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let settings = AccessSettings::parse(&source.unwrap(), Some(&vault)).unwrap();
    settings.unwrap().vault
}

/// V1: The errors of the access broker's login name its own settings, and not those of the service.
#[test]
fn errors_of_the_brokers_login_name_its_settings() {
    let server = VaultServer::start();
    let file = TempFile::new("wrapped", "not a token");
    let (plain, wrapped) = ("ACCESS_VAULT_SECRET_ID", "ACCESS_VAULT_WRAPPED_SECRET_ID");
    let refused = |setting: &str| {
        let settings = broker_settings(&server, &format!("{setting}_FILE"), &file);
        error(server.run(VaultClient::new(&settings).vault.log_in()))
    };
    let malformed = refused(wrapped).to_string();
    assert_eq!(
        malformed,
        format!("PORTCULLIS_{wrapped}: is not a wrapping token")
    );

    let other = "auth/approle/role/other";
    server.write(other, &json!({ "token_policies": ["service"] }));
    let token = server.wrap(&format!("{other}/secret-id"), &json!({}), "5m");
    std::fs::write(file.path(), token).unwrap();
    let foreign = refused(wrapped);
    assert_eq!(foreign, VaultError::WrapForeign("ACCESS_VAULT_ROLE"));
    assert!(
        foreign.to_string().contains("PORTCULLIS_ACCESS_VAULT_ROLE,"),
        "{foreign}"
    );

    std::fs::remove_file(file.path()).unwrap();
    for setting in [plain, wrapped] {
        let unreadable = refused(setting).to_string();
        let start = format!("PORTCULLIS_{setting}: cannot read");
        assert!(unreadable.starts_with(&start), "{unreadable}");
    }
}

/// V1: Metrics distinguish the clients of the broker and of the service: the valid token of one does not hide the end of the
/// other's.
#[test]
fn each_client_has_metrics_of_its_own() {
    let server = VaultServer::start();
    let telemetry = Telemetry::quiet().unwrap();
    let log_in = |name, period: &str| {
        server.set_token(&json!({ "token_period": period }));
        let settings = server.settings(&[
            ("VAULT_ROLE_ID", "portcullis"),
            ("VAULT_SECRET_ID", &server.secret_id()),
        ]);
        let vault = Vault::new(&settings, name, telemetry.metrics.clone()).unwrap();
        server.run(vault.log_in()).unwrap();
        vault
    };
    let (service, _broker) = (log_in("service", "10m"), log_in("broker", "1h"));
    let gauges = |metric: &str| {
        let text = telemetry.metrics.prometheus_text();
        ["service", "broker"].map(|client| {
            let label = format!("client=\"{client}\"");
            let mut lines = text.lines().filter(|line| line.starts_with(metric));
            let line = lines.find(|line| line.contains(&label)).unwrap();
            line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
        })
    };
    let [of_service, of_broker] = gauges("vault_token_remaining");
    assert!(
        (1.0..=600.0).contains(&of_service) && of_broker > 3000.0,
        "{of_service} {of_broker}"
    );

    let sealed = json!({ "error": { "status": 503, "text": "Vault is sealed" } });
    server.inject("secret/", Some(1), &sealed);
    let unavailable = error(server.run(service.read_document("token-keys")));
    assert!(unavailable.is_retryable(), "{unavailable}");
    assert_eq!(gauges("vault_up"), [0.0, 1.0]);
}

/// V1: A wrapped SecretID that someone else has used is found when the server is available again: the task that logs in for the
/// first time then ends with the incident.
#[test]
fn an_incident_of_a_late_first_login_ends_the_task() {
    let server = VaultServer::start();
    let file = TempFile::new("wrapped", server.wrapped_secret_id("5m"));
    let settings = broker_settings(&server, "ACCESS_VAULT_WRAPPED_SECRET_ID_FILE", &file);
    server.run(VaultClient::new(&settings).vault.log_in()).unwrap();
    let sealed = json!({ "error": { "status": 503, "text": "Vault is sealed" } });
    server.inject("sys/wrapping", Some(1), &sealed);
    let client = VaultClient::new(&settings);
    let task = client.vault.keep_token();
    let ended = server.run(async { tokio::time::timeout(Duration::from_secs(60), task).await });
    assert_eq!(ended.unwrap(), VaultError::WrapSpent);
    assert_eq!(client.requests("wrap_lookup", "unavailable"), 1);
}
