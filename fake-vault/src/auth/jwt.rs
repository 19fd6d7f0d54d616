//! The login method `jwt` with public keys in its configuration: roles bound to issuer, subject and audience.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Refusal, Reply, Success};
use crate::auth::claims;
use crate::auth::outcome::AuthOutcome;
use crate::call::{Call, Operation};
use crate::token::TokenSettings;

/// One mount.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Jwt {
    public_keys: Vec<String>,
    bound_issuer: String,
    default_role: String,
    roles: BTreeMap<String, Role>,
}

#[derive(Default, Serialize, Deserialize)]
struct Role {
    user_claim: String,
    bound_audiences: Vec<String>,
    bound_subject: String,
    bound_claims: Value,
    token: TokenSettings,
}

impl Jwt {
    /// Handles a call below the mount.
    pub(crate) fn handle(&mut self, call: &Call, path: &str, mount: &str) -> Result<AuthOutcome, Refusal> {
        let segments: Vec<&str> = path.split('/').collect();
        match (segments.as_slice(), call.operation) {
            (["login"], Operation::Write) => self.login(call, mount),
            (["login"], _) => Err(Refusal::plain(405, "unsupported operation")),
            (["config"], Operation::Read) => Ok(Reply::data(self.config()).into()),
            (["config"], Operation::Write) => {
                let keys = call.statements("jwt_validation_pubkeys").unwrap_or_default();
                self.public_keys = keys.iter().map(|key| key.trim().to_owned()).collect();
                self.bound_issuer = call.text("bound_issuer").unwrap_or_default();
                self.default_role = call.text("default_role").unwrap_or_default();
                Ok(Success::NoContent.into())
            }
            (["role", name], Operation::Read) => {
                let role = self.roles.get(*name).ok_or_else(Refusal::not_found)?;
                Ok(Reply::data(role.fields()).into())
            }
            (["role", name], Operation::Write) => self.write_role(call, name),
            (["role", name], Operation::Delete) => {
                self.roles.remove(*name);
                Ok(Success::NoContent.into())
            }
            (["role", _] | ["config"], _) => Err(Refusal::unsupported_operation()),
            _ => Err(Refusal::unsupported_path()),
        }
    }

    fn config(&self) -> Value {
        json!({
            "bound_issuer": self.bound_issuer,
            "default_role": self.default_role,
            "jwks_ca_pem": "",
            "jwks_url": "",
            "jwt_supported_algs": [],
            "jwt_validation_pubkeys": self.public_keys,
            "namespace_in_state": true,
            "oidc_client_id": "",
            "oidc_discovery_ca_pem": "",
            "oidc_discovery_url": "",
            "oidc_response_mode": "",
            "oidc_response_types": [],
            "override_allowed_server_names": [],
            "provider_config": {},
            "status": "valid",
        })
    }

    fn write_role(&mut self, call: &Call, name: &str) -> Result<AuthOutcome, Refusal> {
        let mut role = Role {
            user_claim: call.text("user_claim").unwrap_or_default(),
            bound_audiences: call.list("bound_audiences").unwrap_or_default(),
            bound_subject: call.text("bound_subject").unwrap_or_default(),
            bound_claims: call.body.get("bound_claims").cloned().unwrap_or_default(),
            token: TokenSettings::default(),
        };
        role.token.update(call)?;
        let is_bound = !role.bound_audiences.is_empty()
            || !role.bound_subject.is_empty()
            || !role.bound_claims.is_null()
            || call.has("token_bound_cidrs");
        if !is_bound {
            let text = "must have at least one bound constraint when creating/updating a role";
            return Err(Refusal::bad_request(text));
        }
        self.roles.insert(name.to_owned(), role);
        Ok(Success::NoContent.into())
    }

    fn login(&self, call: &Call, mount: &str) -> Result<AuthOutcome, Refusal> {
        let given = call.filled("role").unwrap_or_else(|| self.default_role.clone());
        if given.is_empty() {
            return Err(Refusal::bad_request("missing role"));
        }
        let role = self.roles.get(&given);
        let role =
            role.ok_or_else(|| Refusal::bad_request(format!("role \"{given}\" could not be found")))?;
        let jwt = call
            .filled("jwt")
            .ok_or_else(|| Refusal::bad_request("missing token"))?;
        let invalid = |error: String| Refusal::bad_request(format!("error validating token: {error}"));
        let claims = claims::verified(&jwt, &self.public_keys).map_err(invalid)?;
        claims.check_times(call.now.timestamp()).map_err(invalid)?;
        if !self.bound_issuer.is_empty() && claims.text("iss") != self.bound_issuer {
            return Err(invalid("invalid issuer (iss) claim".to_owned()));
        }
        if !role.bound_subject.is_empty() && claims.text("sub") != role.bound_subject {
            return Err(invalid("invalid subject (sub) claim".to_owned()));
        }
        claims.check_audience(&role.bound_audiences).map_err(invalid)?;
        for (name, value) in role.bound_claims.as_object().into_iter().flatten() {
            if claims.get(name) != value {
                let text = format!(
                    "error validating claims: claim \"{name}\" does not match any associated bound claim values"
                );
                return Err(Refusal::bad_request(text));
            }
        }
        let user = claims.text(&role.user_claim);
        let path = format!("auth/{mount}/login");
        let grant = role
            .token
            .grant(&path, &format!("{mount}-{user}"), user, json!({ "role": given }));
        Ok(AuthOutcome::Login(Box::new(grant)))
    }
}

impl Role {
    /// The fields as they are read back, by the documentation: the recording has no such answer.
    fn fields(&self) -> Value {
        let mut fields = self.token.fields();
        for (name, value) in [
            ("bound_audiences", json!(self.bound_audiences)),
            ("bound_claims", self.bound_claims.clone()),
            ("bound_subject", json!(self.bound_subject)),
            ("role_type", json!("jwt")),
            ("user_claim", json!(self.user_claim)),
        ] {
            fields.insert(name.to_owned(), value);
        }
        Value::Object(fields)
    }
}
