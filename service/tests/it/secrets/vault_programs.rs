//! What the set-up of Vault grants to each program, and the SecretIDs with which programs log in.

use crate::support::database::Database;
use crate::support::vault::TestVault;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use vault_setup::Server;

/// V8, V12: Each program gets the logins that it needs, which work, under a new and under a fixed name, and no others. The service
/// gets its keys and writes none; imports and the administration of accounts see no keys, the audit only the data keys.
#[test]
fn each_program_can_do_what_it_needs_and_nothing_else() {
    let database = Database::fresh();
    let vault = TestVault::over(&database);
    let service = vault.log_in("portcullis");
    let connect = |data: &Value| {
        let text = |name: &str| data[name].as_str().unwrap().to_owned();
        database
            .server
            .connect(&database.name, &text("username"), &text("password"))
    };
    let [import, accounts, audit] =
        ["import", "accounts", "audit"].map(|name| vault.log_in(&format!("portcullis-{name}")));
    for (token, logins) in [
        (
            &service,
            ["rates", "accounts", "wishes", "mail", "demo"].as_slice(),
        ),
        (&import, &["ingest"]),
        (&accounts, &["accounts"]),
        (&audit, &["accounts"]),
    ] {
        for purpose in ["rates", "ingest", "accounts", "wishes", "mail", "demo"] {
            for path in [
                format!("database/creds/portcullis-{purpose}"),
                format!("database/static-creds/portcullis-static-{purpose}"),
            ] {
                let (status, answer) = vault.call_as(token, "GET", &path, &Value::Null);
                let expected = if logins.contains(&purpose) { 200 } else { 403 };
                assert_eq!(status, expected, "{logins:?} {path}: {answer}");
                assert_eq!(status == 200 && connect(&answer["data"]).is_ok(), status == 200);
                let lease = json!({"lease_id": answer["lease_id"]});
                if answer["lease_id"].as_str().is_some_and(|id| !id.is_empty()) {
                    for step in ["lookup", "renew", "revoke"] {
                        let path = format!("sys/leases/{step}");
                        let (status, answer) = vault.call_as(token, "POST", &path, &lease);
                        assert!(status < 300, "{logins:?} {path}: {answer}");
                    }
                }
            }
        }
        let (status, _) = vault.call_as(token, "POST", "auth/token/renew-self", &json!({}));
        assert_eq!(status, 200);
    }
    let document = json!({"options": {"cas": 0}, "data": {"document": "{}"}});
    let keys = vault.log_in("portcullis-keys");
    for name in ["token-keys", "data-keys"] {
        let path = format!("secret/data/portcullis/{name}");
        assert_eq!(vault.call_as(&service, "POST", &path, &document).0, 403);
        // Without the number of the former version a write is refused.
        let blind = json!({"data": {"document": "{}"}});
        assert_eq!(vault.call_as(&keys, "POST", &path, &blind).0, 400);
        assert_eq!(vault.call_as(&keys, "POST", &path, &document).0, 200);
        assert_eq!(vault.call_as(&service, "GET", &path, &Value::Null).0, 200);
        let is_of_audit = if name == "data-keys" { 200 } else { 403 };
        assert_eq!(vault.call_as(&audit, "GET", &path, &Value::Null).0, is_of_audit);
        for token in [&import, &accounts] {
            assert_eq!(vault.call_as(token, "GET", &path, &Value::Null).0, 403);
        }
    }
    let broker = vault.log_in("portcullis-broker");
    for (token, method, path) in [
        (&service, "GET", "database/creds/portcullis-access-rates-read"),
        (&service, "POST", "auth/token/create/portcullis-access"),
        (&service, "GET", "database/config/portcullis"),
        (&service, "POST", "sys/leases/revoke-prefix/database/creds"),
        (&keys, "GET", "database/creds/portcullis-rates"),
        (&broker, "GET", "database/creds/portcullis-access-rates-read"),
        (&broker, "GET", "database/creds/portcullis-rates"),
        (&broker, "GET", "secret/data/portcullis/token-keys"),
    ] {
        let (status, answer) = vault.call_as(token, method, path, &json!({}));
        assert_eq!(status, 403, "{path}: {answer}");
    }
    let (status, answer) = vault.call_as(
        &broker,
        "POST",
        "auth/token/create/portcullis-access",
        &json!({"ttl": "60s"}),
    );
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["auth"]["orphan"], true);
    assert_eq!(answer["auth"]["policies"], json!(["portcullis-access-login"]));
}

/// V12: A deployment gets SecretIDs wrapped only; what is wrapped opens once.
#[test]
fn a_deployment_gets_wrapped_secret_ids_only() {
    let database = Database::fresh();
    let vault = TestVault::over(&database);
    let created = vault.write(
        "auth/token/create",
        &json!({"policies": ["portcullis-deliver"], "no_default_policy": true}),
    );
    let token = created["auth"]["client_token"].as_str().unwrap();
    let path = "auth/approle/role/portcullis/secret-id";
    assert_eq!(vault.call_as(token, "POST", path, &json!({})).0, 403);
    let deliver = Server::new(&vault.address(), None, token).unwrap();
    assert!(vault_setup::issue_secret_id(&deliver, "portcullis", "1h").is_err());
    let issued = vault_setup::issue_secret_id(&deliver, "portcullis", "60s").unwrap();
    assert!(issued.ttl == 60 && issued.accessor.is_some());
    let unwrap = || {
        vault.call_as(
            &issued.wrapping_token,
            "POST",
            "sys/wrapping/unwrap",
            &Value::Null,
        )
    };
    let (status, answer) = unwrap();
    assert_eq!(status, 200, "{answer}");
    let body = json!({"role_id": "portcullis", "secret_id": answer["data"]["secret_id"]});
    let login = vault.write("auth/approle/login", &body);
    assert_eq!(login["auth"]["policies"], json!(["portcullis-service"]));
    assert_ne!(unwrap().0, 200);
    let other = vault.wrapped_secret_id("portcullis-broker", "60s");
    assert_eq!(
        vault
            .call_as(&other, "POST", "sys/wrapping/unwrap", &Value::Null)
            .0,
        200
    );
}

/// V12: Each start of a program gets a token of its own in the same file; where it cannot be written no SecretID is issued.
#[test]
fn a_wrapped_secret_id_replaces_the_former_file() {
    let database = Database::fresh();
    let vault = TestVault::over(&database);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrapped-secret-id");
    let issue = |file: &Path| vault_setup::issue_secret_id_to(file, &vault.as_root(), "portcullis", "60s");
    let tokens = [(); 2].map(|()| {
        let issued = issue(&file).unwrap();
        let token = std::fs::read_to_string(&file).unwrap();
        assert_eq!(token, issued.wrapping_token);
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let unwrap = vault.call_as(&token, "POST", "sys/wrapping/unwrap", &Value::Null);
        assert_eq!(unwrap.0, 200, "{}", unwrap.1);
        token
    });
    assert_ne!(tokens[0], tokens[1]);
    let accessors = || {
        let path = "auth/approle/role/portcullis/secret-id";
        let (status, answer) = vault.call("LIST", path, &Value::Null);
        assert_eq!(status, 200, "{answer}");
        answer["data"]["keys"].as_array().unwrap().len()
    };
    let before = accessors();
    for unwritable in [folder.path().join("missing/file"), folder.path().to_owned()] {
        let failed = format!("{:#}", issue(&unwritable).err().unwrap());
        assert!(failed.starts_with("--output: "), "{failed}");
    }
    assert_eq!(accessors(), before);
    // A server that refuses leaves the former file, and nothing beside it.
    assert!(vault_setup::issue_secret_id_to(&file, &vault.as_root(), "portcullis", "nonsense").is_err());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), tokens[1]);
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}
