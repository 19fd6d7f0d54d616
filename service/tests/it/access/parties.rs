//! A service with a requester, two approvers and an administrator who are logged in.

use crate::support::accounts::{call_as, create_account, log_in};
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::response::Response;
use crate::support::temp_file::TempFile;
use portcullis::types::role::Role;
use serde_json::{Value, json};

/// Requests for access are enabled, and no Vault answers.
pub const WITHOUT_VAULT: [(&str, &str); 6] = [
    ("ACCESS_REQUESTS", "vault"),
    ("ACCESS_VAULT_ROLE_ID", "portcullis-broker"),
    ("ACCESS_VAULT_SECRET_ID", "a-secret-id-of-no-vault"),
    ("VAULT_ADDRESS", "http://127.0.0.1:9"),
    ("VAULT_ROLE_ID", "portcullis"),
    ("VAULT_SECRET_ID", "a-secret-id-of-no-vault"),
];

/// The service and its clients.
pub struct Parties<'a> {
    pub database: &'a Database,
    pub app: App,
    pub ann: Person,
    pub approver: Person,
    pub other_approver: Person,
    pub admin: Person,
    /// The file with the broker's SecretID.
    pub secret_id: Option<TempFile>,
}

/// A person who is logged in.
pub struct Person {
    pub id: i64,
    pub token: String,
}

impl Person {
    pub fn new(database: &Database, app: &App, email: &str, role: Role) -> Self {
        let id = create_account(database, email, role);
        let token = log_in(app, email).access;
        Self { id, token }
    }
}

impl<'a> Parties<'a> {
    /// Without a Vault: requests are decided, and no login is issued.
    pub fn over(database: &'a Database) -> Self {
        Self::with(database, &WITHOUT_VAULT)
    }

    /// With these settings.
    pub fn with(database: &'a Database, settings: &[(&str, &str)]) -> Self {
        Self::of(database, App::start(&database.settings(settings)))
    }

    /// Of a service that runs.
    pub fn of(database: &'a Database, app: App) -> Self {
        let person = |email: &str, role| Person::new(database, &app, email, role);
        Self {
            ann: person("ann@example.org", Role::User),
            approver: person("approver@example.org", Role::Approver),
            other_approver: person("other-approver@example.org", Role::Approver),
            admin: person("admin@example.org", Role::Admin),
            database,
            app,
            secret_id: None,
        }
    }

    pub fn call(&self, who: &Person, method: &str, path: &str, body: &Value) -> Response {
        call_as(&self.app, &who.token, method, path, body)
    }

    pub fn get(&self, who: &Person, path: &str) -> Response {
        self.call(who, "GET", path, &Value::Null)
    }

    /// Requests access as this person; returns the request's number.
    pub fn request(&self, who: &Person, level: &str, hours: i64) -> i64 {
        let body = json!({"level": level, "hours": hours, "reason": "Reconcile the prices of November"});
        let created = self.call(who, "POST", "/access/requests", &body);
        assert_eq!(created.status, 201, "{created:?}");
        created.json()["id"].as_i64().unwrap()
    }

    /// Does something with a request; a reason is sent where one is needed.
    pub fn act(&self, who: &Person, id: i64, action: &str) -> Response {
        let body = match action {
            "approve" | "deny" => json!({"reason": "Discussed with the owner of the data"}),
            _ => Value::Null,
        };
        self.call(who, "POST", &format!("/access/requests/{id}/{action}"), &body)
    }

    /// Approves a request.
    pub fn approve(&self, id: i64) {
        let approved = self.act(&self.approver, id, "approve");
        assert_eq!(approved.status, 200, "{approved:?}");
    }

    /// The audit events about a request, oldest first: action, actor and detail.
    pub fn events(&self, id: i64) -> Vec<String> {
        self.database.lines(&format!(
            "SELECT action || ' ' || coalesce(actor_id::text, '-') || ' ' || detail::text AS line FROM audit.events
             WHERE subject = 'access_request:{id}' ORDER BY id"
        ))
    }

    /// The audit events about the logins of a request, oldest first: action, actor and detail.
    pub fn login_events(&self, id: i64) -> Vec<String> {
        self.database.lines(&format!(
            "SELECT action || ' ' || coalesce(actor_id::text, '-') || ' ' || detail::text AS line FROM audit.events
             WHERE subject LIKE 'access_login:%' AND detail->>'request' = '{id}' ORDER BY id"
        ))
    }
}
