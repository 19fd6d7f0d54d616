//! A machine client, as an administrator creates it.

use super::accounts;
use super::admin_client::AdminClient;
use super::app::{App, send};
use super::response::Response;
use serde_json::{Value, json};

/// All scopes that a client can have.
pub const ALL_SCOPES: &str = "rates:write tokens:introspect";

/// A client with a secret.
#[derive(Clone, Debug)]
pub struct MachineClient {
    /// Its id.
    pub id: String,
    /// The secret.
    pub secret: String,
    /// The secret's id.
    pub secret_id: String,
}

impl MachineClient {
    /// Creates a client with these scopes and a secret.
    pub fn create(admin: &AdminClient, scopes: &str) -> Self {
        Self::create_as(&admin.app, &admin.token, scopes)
    }

    /// The same with an administrator's token.
    pub fn create_as(app: &App, admin: &str, scopes: &str) -> Self {
        let scopes: Vec<&str> = scopes.split(' ').collect();
        let body = json!({ "name": "Nightly upload", "scopes": scopes });
        let created = accounts::call_as(app, admin, "POST", "/clients", &body);
        assert_eq!(created.status, 201, "{created:?}");
        let id = created.json()["id"].as_str().unwrap().to_owned();
        let added = accounts::call_as(app, admin, "POST", &format!("/clients/{id}/secrets"), &json!({}));
        assert_eq!(added.status, 201, "{added:?}");
        let text = |name: &str| added.json()[name].as_str().unwrap().to_owned();
        Self {
            secret: text("secret"),
            secret_id: text("id"),
            id,
        }
    }

    /// The path of the client.
    pub fn path(&self) -> String {
        format!("/clients/{}", self.id)
    }

    /// Adds another secret; returns its id and itself.
    pub fn add_secret(&self, admin: &AdminClient) -> (String, String) {
        let path = format!("{}/secrets", self.path());
        let added = accounts::call_as(&admin.app, &admin.token, "POST", &path, &Value::Null);
        assert_eq!(added.status, 201, "{added:?}");
        let text = |name: &str| added.json()[name].as_str().unwrap().to_owned();
        (text("id"), text("secret"))
    }

    /// Requests a token with the secret.
    pub fn request_token(&self, app: &App) -> Response {
        post_token(
            app,
            Some((&self.id, &self.secret)),
            "grant_type=client_credentials",
        )
    }

    /// A token.
    pub fn token(&self, app: &App) -> String {
        access_token(&self.request_token(app))
    }
}

/// Posts a form to the token endpoint, with these Basic credentials.
pub fn post_token(app: &App, credentials: Option<(&str, &str)>, form: &str) -> Response {
    let request = app.request("POST", "/oauth/token");
    let request = match credentials {
        Some((id, secret)) => request.basic_auth(id, Some(secret)),
        None => request,
    };
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    send(request.body(form.to_owned()))
}

/// The token in a response.
pub fn access_token(response: &Response) -> String {
    assert_eq!(response.status, 200, "{response:?}");
    response.json()["access_token"].as_str().unwrap().to_owned()
}

/// Checks an error of the token endpoint (RFC 6749 §5.2).
pub fn assert_oauth_error(response: &Response, status: u16, error: &str) {
    assert_eq!(
        (response.status, &response.json()["error"]),
        (status, &json!(error)),
        "{response:?}"
    );
    let content_type = response.header("content-type");
    assert!(content_type.starts_with("application/json"), "{response:?}");
    assert!(
        response.header("cache-control").contains("no-store"),
        "{response:?}"
    );
    let challenge = response.header("www-authenticate");
    assert_eq!(
        challenge.starts_with("Basic realm="),
        status == 401,
        "{response:?}"
    );
}
