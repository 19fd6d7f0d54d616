//! Token introspection (RFC 7662), and the public keys for services that verify tokens themselves.

use super::Sessions;
use super::caller::SignedIn;
use super::error::AuthenticationError;
use crate::crypto::claims::{AnyClaims, Claims};
use crate::crypto::jwt::PublicKey;
use crate::types::role::Role;

impl Sessions {
    /// These claims of a valid token, if its session is active, with the account's current rights.
    pub async fn current_claims(&self, claims: Claims) -> Result<Claims, AuthenticationError> {
        let signed_in = self.authenticate(&claims).await?;
        if signed_in.must_set_up_second_factor() {
            return Err(AuthenticationError::InvalidToken);
        }
        Ok(with_current_account(claims, &signed_in))
    }

    /// The claims of the token that authenticated this request.
    pub fn own_claims(&self, signed_in: &SignedIn, token: &str) -> Result<Claims, AuthenticationError> {
        let own = match self.0.jwt.verify(token) {
            Ok(AnyClaims::Account(claims)) => Some(claims).filter(|claims| claims.sid == signed_in.session()),
            Ok(AnyClaims::Client(_)) | Err(_) => None,
        };
        own.map(|claims| with_current_account(claims, signed_in))
            .ok_or(AuthenticationError::InvalidToken)
    }

    /// The public keys that verify access tokens.
    pub fn public_keys(&self) -> Vec<PublicKey> {
        self.0.jwt.public_keys()
    }
}

/// Replaces address and scope by the account's current ones: a demoted administrator must not keep the scope until the
/// token expires.
fn with_current_account(claims: Claims, signed_in: &SignedIn) -> Claims {
    Claims {
        username: signed_in.email().to_owned(),
        scope: signed_in.role().scope_text(),
        admin: signed_in.role() == Role::Admin,
        ..claims
    }
}
