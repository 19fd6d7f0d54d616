//! Logins to Vault: AppRole, with a wrapped SecretID too, Kubernetes, and tokens of another issuer.

use super::server::{VaultClient, VaultServer, error};
use crate::support::temp_file::TempFile;
use portcullis::secrets::vault::VaultError;

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
        (*client.vault.logins().borrow(), client.requests("login", "ok")),
        (1, 1)
    );

    std::fs::write(file.path(), "7c3a0c5e-wrong-secret-id").unwrap();
    let refused = error(server.run(VaultClient::new(&settings).vault.log_in()));
    let VaultError::Rejected { status: 400, .. } = refused else {
        panic!("{refused}");
    };
    assert!(!refused.is_retryable() && !refused.is_incident());
    std::fs::write(file.path(), server.secret_id()).unwrap();
    server.run(VaultClient::new(&settings).vault.log_in()).unwrap();
}
