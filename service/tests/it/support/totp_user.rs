//! An account that changes its second factor.

use crate::support::accounts::{PASSWORD, call_as, create_account, log_in};
use crate::support::app::App;
use crate::support::authenticator::enable_totp;
use crate::support::database::Database;
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::{Value, json};

/// The address of the account.
pub const ANN: &str = "ann@example.org";

/// A user who is logged in.
pub struct TotpUser {
    pub database: Database,
    pub app: App,
    pub token: String,
}

impl TotpUser {
    pub fn new() -> Self {
        let database = Database::fresh();
        let app = App::over(&database);
        create_account(&database, ANN, Role::User);
        let token = log_in(&app, ANN).access;
        Self { database, app, token }
    }

    pub fn post(&self, action: &str, body: &Value) -> Response {
        let path = format!("/auth/totp/{action}");
        call_as(&self.app, &self.token, "POST", &path, body)
    }

    /// Whether the second factor is enabled, and the number of unused recovery codes.
    pub fn state(&self) -> (bool, i64) {
        let state = call_as(&self.app, &self.token, "GET", "/auth/totp", &Value::Null).json();
        (
            state["enabled"].as_bool().unwrap(),
            state["recovery_codes_left"].as_i64().unwrap(),
        )
    }

    /// Starts enabling the second factor; returns its secret.
    pub fn start(&self) -> String {
        let started = self.post("start", &json!({ "password": PASSWORD }));
        assert_eq!(started.status, 200, "{started:?}");
        started.json()["secret"].as_str().unwrap().to_owned()
    }

    /// Enables the second factor; returns its secret and the recovery codes.
    pub fn enable(&self) -> (String, Vec<String>) {
        enable_totp(&self.app, &self.token)
    }

    /// Moves the last used time step into the past, so that current codes are accepted again, and clears the throttles.
    pub fn advance_time(&self) {
        self.database.execute(
            "UPDATE accounts.credentials SET totp_last_step = totp_last_step - 10; DELETE FROM sessions.throttles",
        );
    }

    /// The audit events about the second factor.
    pub fn events(&self) -> Vec<String> {
        self.database
            .lines("SELECT action AS line FROM audit.events WHERE action LIKE 'totp.%' ORDER BY id")
    }
}
