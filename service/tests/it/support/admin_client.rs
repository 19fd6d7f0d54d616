//! An administrator who is logged in to a service over a new database.

use super::accounts;
use super::app::{App, send};
use super::database::Database;
use super::response::Response;
use diesel::prelude::*;
use portcullis::types::role::Role;
use reqwest::blocking::RequestBuilder;
use serde_json::{Value, json};

/// The database, the service and the administrator.
pub struct AdminClient {
    /// The database.
    pub database: Database,
    /// The service.
    pub app: App,
    /// The administrator's access token.
    pub token: String,
    /// The administrator's account ID.
    pub id: i64,
}

impl AdminClient {
    /// Starts a service with no other account.
    pub fn fresh() -> Self {
        Self::with_settings(&[])
    }

    /// The same with additional settings.
    pub fn with_settings(settings: &[(&str, &str)]) -> Self {
        let database = Database::fresh();
        let app = App::start(&database.settings(settings));
        let id = accounts::create_account(&database, "admin@example.org", Role::Admin);
        let token = accounts::log_in(&app, "admin@example.org").access;
        Self {
            database,
            app,
            token,
            id,
        }
    }

    /// A request with the administrator's token.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.app.request(method, path).bearer_auth(&self.token)
    }

    /// GET.
    pub fn get(&self, path: &str) -> Response {
        send(self.request("GET", path))
    }

    /// Creates a user.
    pub fn create(&self, body: &Value) -> Response {
        self.create_text(&body.to_string())
    }

    /// Creates a user with a body of this text.
    pub fn create_text(&self, body: &str) -> Response {
        send(accounts::with_json(self.request("POST", "/user"), body))
    }

    /// Creates a user with this address; returns its ID.
    pub fn create_user(&self, email: &str) -> i64 {
        let created = self.create(&json!({ "email": email }));
        assert_eq!(created.status, 201, "{created:?}");
        created.json()["id"].as_i64().unwrap()
    }

    /// Reads a user.
    pub fn get_user(&self, id: i64) -> Response {
        self.get(&format!("/user?id={id}"))
    }

    /// The entity tag of a user.
    pub fn etag(&self, id: i64) -> String {
        self.get_user(id).header("etag").to_owned()
    }

    /// Updates a user that has this entity tag.
    pub fn update(&self, id: i64, etag: &str, body: &Value) -> Response {
        let request = self
            .request("PUT", &format!("/user?id={id}"))
            .header("If-Match", etag);
        send(accounts::with_json(request, &body.to_string()))
    }

    /// Deletes a user.
    pub fn delete(&self, id: i64) -> Response {
        send(self.request("DELETE", &format!("/user?id={id}")))
    }

    /// Restores a user.
    pub fn restore(&self, id: i64) -> Response {
        send(self.request("POST", &format!("/user/restore?id={id}")))
    }

    /// The actions of the audit events about an account, oldest first, each with its detail.
    pub fn events(&self, id: i64) -> Vec<String> {
        self.database.lines(&format!(
            "SELECT action || ' ' || detail::text AS line FROM audit.events
             WHERE subject = 'account:{id}' AND actor_id = {} ORDER BY id",
            self.id
        ))
    }

    /// The mails in the outbox, as kind and address.
    pub fn mails(&self) -> Vec<String> {
        self.database
            .lines("SELECT kind || ' ' || recipient AS line FROM mail.outbox ORDER BY id")
    }

    /// The token of the newest link of an account, as its mail contains it.
    pub fn link_token(&self, id: i64) -> String {
        let link = self.database.lines(&format!(
            "SELECT id::text AS line FROM accounts.links WHERE account_id = {id} ORDER BY created_at DESC LIMIT 1"
        ));
        let key = portcullis::crypto::data_key::DataKey::parse(super::database::DATA_KEY).unwrap();
        key.link_token(link[0].parse().unwrap()).reveal().to_owned()
    }

    /// Runs a statement as the superuser of the database.
    pub fn execute(&self, statement: &str) {
        diesel::sql_query(statement)
            .execute(&mut self.database.admin())
            .unwrap();
    }
}
