//! A service that receives forged tokens.

use super::accounts::{create_account, log_in};
use super::app::{App, send};
use super::database::Database;
use super::token_forger::{Parts, signing_key};
use portcullis::types::role::Role;

/// A service, and a valid token of an administrator.
pub struct ForgeryTarget {
    /// The service.
    pub app: App,
    /// The token.
    pub parts: Parts,
    _database: Database,
}

impl ForgeryTarget {
    /// Starts a service over a new database.
    pub fn new() -> Self {
        let database = Database::fresh();
        let app = App::over(&database);
        create_account(&database, "ann@example.org", Role::Admin);
        let parts = Parts::of(&log_in(&app, "ann@example.org").access);
        let target = Self {
            app,
            parts,
            _database: database,
        };
        // An unchanged token that a test signs is accepted, so that each later rejection has the tested reason.
        assert_eq!(target.status(&target.parts.sign(&signing_key())), 200);
        target
    }

    fn status(&self, token: &str) -> u16 {
        send(self.app.request("POST", "/validate").bearer_auth(token)).status
    }

    /// Asserts that every operation rejects the token with the same message, and that introspection calls it inactive.
    pub fn assert_rejected(&self, token: &str, attack: &str) {
        for (method, path) in [("POST", "/validate"), ("GET", "/admin/audit")] {
            let response = send(self.app.request(method, path).bearer_auth(token));
            assert_eq!(response.status, 401, "{attack}: {response:?}");
            assert_eq!(
                response.problem(401)["detail"],
                "the access token is invalid, expired or revoked",
                "{attack}"
            );
        }
        let introspect = self.app.request("POST", "/introspect");
        let introspect = introspect.bearer_auth(self.parts.sign(&signing_key()));
        let form = introspect.header("content-type", "application/x-www-form-urlencoded");
        let response = send(form.body(format!("token={token}")));
        assert_eq!(response.text(), r#"{"active":false}"#, "{attack}");
    }
}
