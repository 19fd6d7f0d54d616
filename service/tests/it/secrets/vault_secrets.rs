//! The secrets that Vault gives to a service appear in no response, metric, log or error text, whatever Vault answers.

use super::exposure::{Given, MailServer, serve};
use crate::support::database::Database;
use crate::support::recording_proxy::RecordingProxy;
use crate::support::sample_data::small;
use crate::support::vault::TestVault;
use serde_json::json;

/// Members of Vault's answers that are secrets.
const MEMBERS: [&str; 3] = ["password", "client_token", "secret_id"];

/// V7: SecretID, token and issued passwords are shown by nothing, also when an answer with a password cannot be parsed, the
/// leases are revoked and Vault is sealed.
#[test]
fn secrets_of_vault_are_not_shown() {
    let (database, mail) = (Database::with_data(&small()), MailServer::start());
    let vault = TestVault::over(&database);
    let proxy = RecordingProxy::to(vault.server.address());
    let mut pairs = vault.pairs();
    for (name, value) in [
        ("VAULT_ADDRESS", format!("http://{}", proxy.address)),
        ("DATABASE_CREDENTIALS", "vault".to_owned()),
    ] {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name.to_owned(), value));
    }
    let mut given = Given::over(&database, &mail, pairs).in_files();
    let unparsable = format!("hidden-answer-of-{}", database.name);
    given.add(&unparsable);
    let shown = serve(&database, &mail, &given, false, |serving, connect| {
        let body = format!(r#"{{"data":{{"username":"v-test","password":"{unparsable}"}},"lease_id":"#);
        let rule = json!({"path": "database/creds", "times": 4, "effect": {"body": body}});
        assert!(vault.call("POST", "control/rules", &rule).0 < 300);
        vault.write("sys/leases/revoke-prefix/database/creds", &json!({}));
        serving.wait_for_line("database credentials ended early and cannot be replaced");
        // A login whose lease is over notices it when it is used; a sealed Vault could not issue it again.
        connect();
        vault.write("sys/seal", &json!({}));
    });
    let key = json!({"key": vault.server.unseal_keys()[0]});
    assert_eq!(vault.call("PUT", "sys/unseal", &key).0, 200);
    let of_vault = proxy.members(&MEMBERS);
    assert!(of_vault.contains(&unparsable), "the service received it");
    // A token, and a password for each login and each time.
    assert!(of_vault.len() >= 9, "{}", of_vault.len());
    of_vault.iter().for_each(|secret| given.add(secret));
    shown.assert_hides(&given.secrets);
}
