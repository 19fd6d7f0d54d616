//! A service that tokens are tried on which somebody made who should not have.
use super::accounts::{account, log_in};
use super::app::{App, send};
use super::database::Database;
use super::token_forger::{Parts, own_key};
use portcullis::types::role::Role;

/// A service, and a good token of an administrator's.
pub struct ForgeryTarget {
    /// The service.
    pub app: App,
    /// The token.
    pub parts: Parts,
    _database: Database,
}

impl ForgeryTarget {
    /// Over a database of its own.
    pub fn new() -> Self {
        let database = Database::fresh();
        let app = App::over(&database);
        account(&database, "ann@example.org", Role::Admin);
        let parts = Parts::of(&log_in(&app, "ann@example.org").access);
        let target = Self {
            app,
            parts,
            _database: database,
        };
        // What the tests sign is good if nothing is wrong about it: a refusal below has the reason that it names.
        assert_eq!(target.status(&target.parts.sign(&own_key())), 200);
        target
    }

    fn status(&self, token: &str) -> u16 {
        send(self.app.request("POST", "/validate").bearer_auth(token)).status
    }

    /// Refused with the same words, whatever the attack; as the token of another operation too, and not active.
    pub fn refuses(&self, token: &str, attack: &str) {
        for (method, path) in [("POST", "/validate"), ("GET", "/admin/audit")] {
            let response = send(self.app.request(method, path).bearer_auth(token));
            assert_eq!(response.status, 401, "{attack}: {response:?}");
            assert_eq!(
                response.problem(401)["detail"],
                "the access token is not valid",
                "{attack}"
            );
        }
        let asked = self.app.request("POST", "/introspect");
        let asked = asked.bearer_auth(self.parts.sign(&own_key()));
        let form = asked.header("content-type", "application/x-www-form-urlencoded");
        let response = send(form.body(format!("token={token}")));
        assert_eq!(response.text(), r#"{"active":false}"#, "{attack}");
    }
}
