//! The logins are real: they work in PostgreSQL, and they end with their lease, with their token and with time.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::issuer::Issuer;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_login_works_until_its_lease_is_revoked() {
    let issuer = Issuer::start();
    let login = issuer.issue(&issuer.root());
    assert_eq!(issuer.postgres.login(&login.username, &login.password), Ok(()));
    assert!(issuer.postgres.login(&login.username, "wrong").is_err());
    issuer.write("sys/leases/revoke", &json!({"lease_id": login.lease_id}));
    assert!(issuer.postgres.login(&login.username, &login.password).is_err());
    assert_eq!(issuer.postgres.roles("v-"), Vec::<String>::new());
}

#[test]
fn time_ends_a_login_unless_it_is_renewed_and_max_ttl_ends_it_then() {
    let issuer = Issuer::start();
    let (left, renewed) = (issuer.issue(&issuer.root()), issuer.issue(&issuer.root()));
    issuer.server.advance(MINUTE / 2);
    issuer.write(
        "sys/leases/renew",
        &json!({"lease_id": renewed.lease_id, "increment": 60}),
    );
    issuer.server.advance(MINUTE / 2);
    assert_eq!(issuer.postgres.roles("v-"), [renewed.username.as_str()]);
    assert_eq!(issuer.look_up(&left.lease_id).0, 400);
    let cut = issuer.write(
        "sys/leases/renew",
        &json!({"lease_id": renewed.lease_id, "increment": 3600}),
    );
    let duration = cut["lease_duration"].as_i64().unwrap();
    assert!((55..=60).contains(&duration), "{duration}");
    assert!(cut["warnings"][0].as_str().unwrap().contains("effective max_ttl"));
    issuer.server.advance(MINUTE);
    assert_eq!(issuer.postgres.roles("v-"), Vec::<String>::new());
}

/// A planted early end: the answer states a minute, and the login is gone after ten seconds.
#[test]
fn a_planted_early_end_revokes_a_login_before_the_answer_says_so() {
    let issuer = Issuer::start();
    let rule = json!({"path": "database/creds", "times": 1, "effect": {"end_lease_after_ms": 10_000}});
    issuer.control("rules", &rule);
    let (early, whole) = (issuer.issue(&issuer.root()), issuer.issue(&issuer.root()));
    assert_eq!((early.duration, whole.duration), (60, 60));
    issuer.server.advance(Duration::from_secs(9));
    assert_eq!(issuer.postgres.login(&early.username, &early.password), Ok(()));
    issuer.server.advance(Duration::from_secs(2));
    assert_eq!(issuer.postgres.roles("v-"), [whole.username.as_str()]);
}

#[test]
fn the_end_of_a_token_ends_its_logins() {
    let issuer = Issuer::start();
    let body = issuer.write("auth/token/create", &json!({"policies": ["root"], "ttl": "20s"}));
    let login = issuer.issue(body["auth"]["client_token"].as_str().unwrap());
    issuer.server.advance(Duration::from_secs(10));
    assert_eq!(issuer.postgres.roles("v-"), [login.username.as_str()]);
    issuer.server.advance(Duration::from_secs(11));
    assert_eq!(issuer.postgres.roles("v-"), Vec::<String>::new());
}

/// A sealed server ends nothing; when it is unsealed, what is overdue ends.
#[test]
fn an_overdue_login_ends_when_the_server_is_unsealed() {
    let issuer = Issuer::start();
    let login = issuer.issue(&issuer.root());
    issuer.write("sys/seal", &json!({}));
    issuer.server.advance(3 * MINUTE);
    assert_eq!(issuer.postgres.roles("v-"), [login.username.as_str()]);
    let answer = issuer.call("GET", "database/creds/app", &issuer.root(), &Value::Null);
    assert_eq!(answer.status, 503);
    issuer.write("sys/unseal", &json!({"key": issuer.server.unseal_keys()[0]}));
    issuer.server.advance(Duration::ZERO);
    assert_eq!(issuer.postgres.roles("v-"), Vec::<String>::new());
}

/// While PostgreSQL is down a lease cannot end; it ends when a later attempt succeeds.
#[test]
fn a_revocation_that_fails_is_tried_again() {
    let mut issuer = Issuer::start();
    let login = issuer.issue(&issuer.root());
    issuer.postgres.stop();
    issuer.server.advance(2 * MINUTE);
    let (status, ttl) = issuer.look_up(&login.lease_id);
    assert!(status == 200 && ttl <= 0, "{status} {ttl}");
    issuer.postgres.resume();
    assert_eq!(issuer.postgres.roles("v-"), [login.username.as_str()]);
    issuer.server.advance(MINUTE);
    assert_eq!(issuer.postgres.roles("v-"), Vec::<String>::new());
    assert_eq!(issuer.look_up(&login.lease_id).0, 400);
}

#[test]
fn a_static_password_changes_when_its_period_is_over() {
    let issuer = Issuer::start();
    issuer.write(
        "database/static-roles/report",
        &json!({
            "db_name": "app",
            "username": "s-report",
            "rotation_period": "1h",
            "rotation_statements": "SELECT vault_api.set_password('{{name}}', '{{password}}');",
        }),
    );
    issuer
        .postgres
        .execute("app", "GRANT app_runtime TO \"s-report\"");
    let password = || {
        let answer = issuer.call(
            "GET",
            "database/static-creds/report",
            &issuer.root(),
            &Value::Null,
        );
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        body["data"]["password"].as_str().unwrap().to_owned()
    };
    let first = password();
    assert_eq!(issuer.postgres.login("s-report", &first), Ok(()));
    issuer.server.advance(61 * MINUTE);
    let second = password();
    assert_ne!(first, second);
    assert_eq!(issuer.postgres.login("s-report", &second), Ok(()));
    assert!(issuer.postgres.login("s-report", &first).is_err());
}

#[test]
fn no_role_is_left_after_many_issues_and_revocations() {
    let issuer = Issuer::start();
    let logins: Vec<String> = (0..100).map(|_| issuer.issue(&issuer.root()).lease_id).collect();
    assert_eq!(issuer.postgres.roles("v-").len(), 100);
    issuer.write("sys/leases/revoke-prefix/database/creds/app", &json!({}));
    assert_eq!(issuer.postgres.roles("v-"), Vec::<String>::new());
    assert!(logins.iter().all(|lease| issuer.look_up(lease).0 == 400));
}
