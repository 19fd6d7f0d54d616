//! The set-up of Vault: repeatable, and corrects what differs.

use crate::support::database::{Database, PASSWORDS};
use crate::support::vault::TestVault;
use diesel::connection::SimpleConnection;
use fake_vault::Options;
use serde_json::{Value, json};
use vault_setup::{Change, Jwt, Kubernetes, Server};

/// V12: A second set-up changes nothing, and the password that Vault's login had at first no longer works.
#[test]
fn a_second_set_up_changes_nothing() {
    let database = Database::fresh();
    let vault = TestVault::not_set_up(&database, &Options::default());
    let first = vault.set_up().unwrap();
    assert!(first.len() > 30, "{first:?}");
    assert!(
        first.contains(&Change::Created("database/config/portcullis".to_owned())),
        "{first:?}"
    );
    assert_eq!(vault.set_up().unwrap(), []);
    let password = PASSWORDS.iter().find(|(login, _)| *login == "VAULT").unwrap().1;
    assert!(
        database
            .server
            .connect(&database.name, vault.user(), password)
            .is_err()
    );
}

/// V12: A set-up that stops before the first password is replaced, or just after, is completed by the next one. Until then no role
/// can be used.
#[test]
fn a_set_up_that_stopped_in_between_is_completed() {
    let password = PASSWORDS.iter().find(|(login, _)| *login == "VAULT").unwrap().1;
    let failure = json!({"error": {"status": 500, "text": "the disk is full"}});
    let nothing = json!({"delay_ms": 1});
    let config = "database/config/portcullis";
    for (rules, is_replaced) in [
        (
            vec![json!({"path": "database/rotate-root", "effect": failure})],
            false,
        ),
        (
            // The third request, after a read and a write.
            vec![
                json!({"path": config, "times": 2, "effect": nothing}),
                json!({"path": config, "effect": failure}),
            ],
            true,
        ),
    ] {
        let database = Database::fresh();
        let vault = TestVault::not_set_up(&database, &Options::default());
        let connects = || {
            let server = &database.server;
            server.connect(&database.name, vault.user(), password).is_ok()
        };
        for rule in &rules {
            vault.write("control/rules", rule);
        }
        let stopped = vault.set_up().unwrap_err();
        assert!(stopped.contains("the disk is full"), "{stopped}");
        assert_eq!(connects(), !is_replaced);
        assert_eq!(vault.call("DELETE", "control/rules", &Value::Null).0, 204);
        let (_, connection) = vault.call("GET", config, &Value::Null);
        assert_eq!(connection["data"]["allowed_roles"], json!([]), "{connection}");
        // The password is not needed: the server has one that works.
        let mut setup = vault.setup();
        setup.password = None;
        let completed = setup.apply(&vault.as_root()).unwrap();
        let change = Change::Corrected(config.to_owned(), vec!["password".to_owned()]);
        assert!(completed.contains(&change), "{completed:?}");
        assert!(!connects());
        let creds = "database/creds/portcullis-rates";
        let (status, answer) = vault.call("GET", creds, &Value::Null);
        assert_eq!(status, 200, "{answer}");
        assert_eq!(setup.apply(&vault.as_root()).unwrap(), []);
    }
}

/// V12: A set-up that stopped is completed with a password that was set meanwhile.
#[test]
fn a_stopped_set_up_is_completed_with_a_new_password() {
    let database = Database::fresh();
    let vault = TestVault::not_set_up(&database, &Options::default());
    let rule = json!({
        "path": "database/rotate-root",
        "effect": {"error": {"status": 500, "text": "the disk is full"}},
    });
    vault.write("control/rules", &rule);
    vault.set_up().unwrap_err();
    assert_eq!(vault.call("DELETE", "control/rules", &Value::Null).0, 204);
    let second = "a-second-password-of-vault";
    let server = &database.server;
    let mut conn = server
        .connect("postgres", &server.user, &server.password)
        .unwrap();
    conn.batch_execute(&format!("ALTER ROLE {} PASSWORD '{second}'", vault.user()))
        .unwrap();
    let mut setup = vault.setup();
    setup.password = Some(second.to_owned());
    setup.apply(&vault.as_root()).unwrap();
    assert!(server.connect(&database.name, vault.user(), second).is_err());
    assert_eq!(setup.apply(&vault.as_root()).unwrap(), []);
}

/// V12: What was changed by hand is corrected, and reported by its path and fields, also where our value is the server's default.
#[test]
fn what_differs_is_corrected() {
    let database = Database::fresh();
    let vault = TestVault::over(&database);
    let changed = [
        (
            "sys/policies/acl/portcullis-service",
            json!({"policy": "path \"*\" { capabilities = [\"read\"] }"}),
            "policy",
        ),
        (
            "sys/mounts/database/tune",
            json!({"max_lease_ttl": "9000h"}),
            "max_lease_ttl",
        ),
        (
            "sys/auth/approle/tune",
            json!({"user_lockout_config": {"lockout_disable": false}}),
            "user_lockout_disable",
        ),
        (
            "sys/quotas/rate-limit/portcullis-approle-login",
            json!({"path": "auth/approle/login", "rate": 5, "interval": "1s", "role": "portcullis"}),
            "rate, role",
        ),
        (
            "database/config/portcullis",
            json!({"allowed_roles": "*", "password_policy": "weak", "root_rotation_statements": ["SELECT 1"]}),
            "allowed_roles, password_policy, root_rotation_statements",
        ),
        (
            "database/roles/portcullis-rates",
            json!({"db_name": "portcullis", "max_ttl": "999h", "rollback_statements": ["SELECT 1"]}),
            "max_ttl, rollback_statements",
        ),
        (
            "auth/approle/role/portcullis",
            json!({"token_policies": ["root"]}),
            "token_policies",
        ),
        (
            "auth/approle/role/portcullis-broker",
            json!({"bind_secret_id": false, "token_bound_cidrs": ["0.0.0.0/0"], "token_num_uses": 5}),
            "bind_secret_id, token_num_uses",
        ),
        (
            "auth/token/roles/portcullis-access",
            json!({"allowed_policies_glob": ["*"], "token_period": "1h", "allowed_entity_aliases": ["*"]}),
            "allowed_entity_aliases, allowed_policies_glob, token_period",
        ),
        (
            "secret/metadata/portcullis/token-keys",
            json!({"cas_required": false, "delete_version_after": "1h"}),
            "cas_required, delete_version_after",
        ),
    ];
    for (path, body, _) in &changed {
        vault.write(path, body);
    }
    let (status, _) = vault.call("DELETE", "database/roles/portcullis-mail", &Value::Null);
    assert!(status < 300);
    // By hand the broker can be used without a SecretID, and gives itself a policy that is as good as root.
    let login = json!({"role_id": "portcullis-broker"});
    let answer = vault.write("auth/approle/login", &login);
    let broker = answer["auth"]["client_token"].as_str().unwrap().to_owned();
    let create = || {
        let body = json!({"policies": ["portcullis-setup"]});
        vault.call_as(&broker, "POST", "auth/token/create/portcullis-access", &body)
    };
    assert_eq!(create().0, 200);
    let corrected = vault.set_up().unwrap();
    assert_eq!(vault.call("POST", "auth/approle/login", &login).0, 400);
    assert_eq!(create().0, 400);
    for (path, _, field) in &changed {
        let fields = field.split(", ").map(str::to_owned).collect();
        let change = Change::Corrected((*path).to_owned(), fields);
        assert!(corrected.contains(&change), "{change}: {corrected:?}");
    }
    assert!(corrected.contains(&Change::Created("database/roles/portcullis-mail".to_owned())));
    assert_eq!(corrected.len(), changed.len() + 1, "{corrected:?}");
    assert_eq!(vault.set_up().unwrap(), []);
}

/// V12: What makes a set-up impossible is named, and the password is in no message.
#[test]
fn a_set_up_that_cannot_succeed_says_why() {
    let database = Database::fresh();
    let vault = TestVault::not_set_up(&database, &Options::default());
    let apply = |change: &dyn Fn(&mut vault_setup::Setup)| {
        let mut setup = vault.setup();
        change(&mut setup);
        format!("{:#}", setup.apply(&vault.as_root()).unwrap_err())
    };
    let missing = apply(&|setup| setup.password = None);
    assert!(
        missing.contains("PORTCULLIS_DATABASE_VAULT_PASSWORD: is not set"),
        "{missing}"
    );
    let wrong = apply(&|setup| setup.password = Some("wrong-password-of-vault".to_owned()));
    assert!(
        wrong.contains("database/config/portcullis") && !wrong.contains("wrong-password"),
        "{wrong}"
    );
    let unreachable = apply(&|setup| setup.database.port = 1);
    assert!(
        unreachable.contains("database/config/portcullis"),
        "{unreachable}"
    );
    let (status, _) = vault.call("DELETE", "sys/mounts/secret", &Value::Null);
    assert!(status < 300);
    vault.write("sys/mounts/secret", &json!({"type": "transit"}));
    let other = apply(&|_| {});
    assert!(
        other.contains("sys/mounts/secret: is mounted as transit"),
        "{other}"
    );
    vault.call("DELETE", "sys/mounts/secret", &Value::Null);
    vault.set_up().unwrap();
    for (address, reason) in [
        ("http://192.0.2.1:8200", "must begin with https://"),
        ("ftp://127.0.0.1", "must begin with https://"),
        ("https://vault.example/v1", "scheme, host and port only"),
        ("vault", "is not a URL"),
    ] {
        let error = format!("{:#}", Server::new(address, None, "t").err().unwrap());
        assert!(error.contains(reason), "{address}: {error}");
    }
}

/// V12: On request service accounts of Kubernetes and holders of JWTs may log in, and programs only from some networks.
#[test]
fn further_log_ins_are_set_up_on_request() {
    let database = Database::fresh();
    let vault = TestVault::over(&database);
    let mut setup = vault.setup();
    setup.kubernetes = Some(Kubernetes {
        namespace: "rates".to_owned(),
        audience: "vault".to_owned(),
    });
    setup.jwt = Some(Jwt {
        subject: "identity-1".to_owned(),
        audience: "api://vault".to_owned(),
    });
    setup.networks = ["192.0.2.0/24", "198.51.100.7/32"].map(str::to_owned).into();
    let changes = setup.apply(&vault.as_root()).unwrap();
    for path in ["auth/kubernetes/role/portcullis", "auth/jwt/role/portcullis"] {
        assert!(changes.contains(&Change::Created(path.to_owned())), "{changes:?}");
        let (_, role) = vault.call("GET", path, &Value::Null);
        assert_eq!(
            role["data"]["token_policies"],
            json!(["portcullis-service"]),
            "{role}"
        );
        assert_eq!(role["data"]["token_no_default_policy"], true);
        assert_eq!(
            role["data"]["token_bound_cidrs"],
            json!(["192.0.2.0/24", "198.51.100.7"]),
            "{role}"
        );
    }
    assert_eq!(setup.apply(&vault.as_root()).unwrap(), []);
    // The tests' own address is in none of the networks.
    let body = json!({"role_id": "portcullis", "secret_id": vault.secret_id("portcullis")});
    assert_eq!(vault.call("POST", "auth/approle/login", &body).0, 400);
}
