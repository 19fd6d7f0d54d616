//! Actions that need a recent proof of the owner's identity.

use crate::support::accounts::{self, PASSWORD, call_as, create_account, get_as, log_in, post};
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::response::Response;
use crate::support::totp_user::{ANN, TotpUser};
use portcullis::types::role::Role;
use serde_json::{Value, json};

const PROOF_REQUIRED: &str = "urn:portcullis:problem:recent-proof-required";

/// Moves sign-ins and proofs this far into the past.
fn age(database: &Database, minutes: u32) {
    database.execute(&format!(
        "UPDATE sessions.sessions SET created_at = created_at - interval '{minutes} minutes',
           proven_at = proven_at - interval '{minutes} minutes'"
    ));
}

fn reauthenticate(app: &App, access: &str, body: &Value) -> Response {
    call_as(app, access, "POST", "/auth/reauthenticate", body)
}

fn session_of(access: &str) -> String {
    accounts::claims(access)["sid"].as_str().unwrap().to_owned()
}

/// E10, E13: Fifteen minutes after signing in, ending other sessions and deleting the account need another proof of identity,
/// which the challenge of RFC 9470 asks for. Signing out does not.
#[test]
fn an_old_session_cannot_end_others_or_the_account() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, ANN, Role::User);
    let [old, other, third] = [(); 3].map(|()| log_in(&app, ANN).access);
    let end = |access: &str, session: &str| {
        let path = format!("/auth/sessions/{}", session_of(session));
        call_as(&app, access, "DELETE", &path, &Value::Null)
    };
    age(&database, 14);
    assert_eq!(end(&old, &third).status, 204, "the sign-in is recent");
    age(&database, 2);
    let paths = [
        ("DELETE", format!("/auth/sessions/{}", session_of(&other))),
        ("POST", "/auth/logout-all".to_owned()),
        ("DELETE", "/auth/me".to_owned()),
    ];
    for (method, path) in &paths {
        let refused = call_as(&app, &old, method, path, &Value::Null);
        assert_eq!(refused.problem(403)["type"], PROOF_REQUIRED, "{path}");
        assert_eq!(
            refused.header("www-authenticate"),
            "Bearer error=\"insufficient_user_authentication\""
        );
    }
    assert_eq!(get_as(&app, &other, "/auth/me").status, 200);
    let wrong = reauthenticate(&app, &old, &json!({ "password": "not the password" }));
    assert_eq!(
        wrong.problem(403)["type"],
        "urn:portcullis:problem:wrong-password"
    );
    assert_eq!(end(&old, &other).problem(403)["type"], PROOF_REQUIRED);
    let right = json!({ "password": PASSWORD });
    assert_eq!(reauthenticate(&app, &old, &right).status, 204);
    assert_eq!(end(&old, &other).status, 204);
    get_as(&app, &other, "/auth/me").problem(401);
    age(&database, 16);
    assert_eq!(end(&old, &old).status, 204, "a session can always end itself");
    let last = log_in(&app, ANN).access;
    age(&database, 16);
    assert_eq!(reauthenticate(&app, &last, &right).status, 204);
    assert_eq!(
        call_as(&app, &last, "DELETE", "/auth/me", &Value::Null).status,
        204
    );
    let events = "SELECT count(*)::text AS line FROM audit.events WHERE action = 'session.proven'";
    assert_eq!(database.lines(events), ["2"]);
}

/// E13, E7: A proof takes the second factor too, its failures are throttled, and invalid bodies are named.
#[test]
fn a_proof_takes_the_second_factor_and_is_throttled() {
    let user = TotpUser::new();
    let (_, recovery) = user.enable();
    let password = json!({ "password": PASSWORD });
    let missing = reauthenticate(&user.app, &user.token, &password);
    assert_eq!(
        missing.problem(403)["type"],
        "urn:portcullis:problem:second-factor-required"
    );
    let with_code = json!({ "password": PASSWORD, "code": recovery[0] });
    assert_eq!(reauthenticate(&user.app, &user.token, &with_code).status, 204);
    let used = reauthenticate(&user.app, &user.token, &with_code);
    assert_eq!(used.problem(403)["type"], "urn:portcullis:problem:code-used");
    assert_eq!(
        reauthenticate(&user.app, &user.token, &json!({})).fields(400),
        ["body:password"]
    );
    let guess = json!({ "password": "a guess" });
    let tries = (0..8).map(|_| reauthenticate(&user.app, &user.token, &guess));
    let last = tries.reduce(|_, last| last).unwrap();
    last.problem(429);
    post(&user.app, "/auth/reauthenticate", &password).problem(401);
}
