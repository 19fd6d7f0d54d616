//! A key pair of a machine client, and the assertions that it signs (RFC 7523).

use super::accounts::call_as;
use super::admin_client::AdminClient;
use super::app::App;
use super::machine_client::post_token;
use super::response::Response;
use super::token_forger::{Parts, encode};
use p256::ecdsa::SigningKey;
use portcullis::types::clock;
use serde_json::{Value, json};

/// The audience of assertions in tests: the address of the token endpoint.
pub const ENDPOINT: &str = "http://127.0.0.1:3000/oauth/token";

/// A key pair.
pub struct ClientKey {
    /// The private key.
    pub private: SigningKey,
}

impl ClientKey {
    /// A new key pair.
    pub fn random() -> Self {
        let private = SigningKey::from_slice(&rand::random::<[u8; 32]>()).unwrap();
        Self { private }
    }

    /// The public key as a JWK.
    pub fn jwk(&self) -> Value {
        let point = self.private.verifying_key().to_encoded_point(false);
        json!({
            "kty": "EC",
            "crv": "P-256",
            "x": encode(point.x().unwrap()),
            "y": encode(point.y().unwrap()),
        })
    }

    /// Registers the public key with a client; returns its id.
    pub fn add_to(&self, admin: &AdminClient, client: &str) -> String {
        let path = format!("/clients/{client}/keys");
        let added = call_as(&admin.app, &admin.token, "POST", &path, &self.jwk());
        assert_eq!(added.status, 201, "{added:?}");
        added.json()["id"].as_str().unwrap().to_owned()
    }

    /// Header and claims of a valid assertion.
    pub fn parts(client: &str) -> Parts {
        let now = clock::now().timestamp();
        let claims = json!({
            "iss": client,
            "sub": client,
            "aud": ENDPOINT,
            "iat": now,
            "exp": now + 300,
            "jti": encode(rand::random::<[u8; 16]>()),
        });
        Parts {
            header: json!({ "alg": "ES256", "typ": "JWT", "kid": "of the client" }).to_string(),
            claims: claims.to_string(),
        }
    }

    /// A valid assertion.
    pub fn assertion(&self, client: &str) -> String {
        Self::parts(client).sign(&self.private)
    }

    /// Requests a token with a new assertion.
    pub fn request_token(&self, app: &App, client: &str) -> Response {
        post_assertion(app, &self.assertion(client))
    }
}

/// The form with an assertion.
pub fn assertion_form(assertion: &str) -> String {
    format!(
        "grant_type=client_credentials&client_assertion={assertion}\
         &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
    )
}

/// Requests a token with an assertion.
pub fn post_assertion(app: &App, assertion: &str) -> Response {
    post_token(app, None, &assertion_form(assertion))
}
