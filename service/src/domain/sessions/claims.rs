//! What a valid token says, for whoever asks about it; and the keys to verify it with, for whoever does not ask.
use super::Sessions;
use super::caller::SignedIn;
use super::error::AuthenticationError;
use crate::crypto::claims::Claims;
use crate::crypto::jwt::PublicKey;
use crate::types::role::Role;

impl Sessions {
    /// The claims of a valid token, whose session has not ended.
    pub async fn claims(&self, token: &str) -> Result<Claims, AuthenticationError> {
        let claims = self
            .0
            .jwt
            .verify(token)
            .map_err(|_| AuthenticationError::InvalidToken)?;
        let signed_in = self.signed_in(&claims).await?;
        Ok(as_of_now(claims, &signed_in))
    }

    /// The claims of the token that somebody has just signed in with.
    pub fn own_claims(&self, signed_in: &SignedIn, token: &str) -> Result<Claims, AuthenticationError> {
        let claims = self.0.jwt.verify(token).ok();
        let own = claims.filter(|claims| claims.sid == signed_in.session());
        own.map(|claims| as_of_now(claims, signed_in))
            .ok_or(AuthenticationError::InvalidToken)
    }

    /// The public keys that verify access tokens.
    pub fn public_keys(&self) -> Vec<PublicKey> {
        self.0.jwt.public_keys()
    }
}

/// Address and rights are those of the account as it is now: somebody who is no administrator any more must not be taken
/// for one until the token ends.
fn as_of_now(claims: Claims, signed_in: &SignedIn) -> Claims {
    Claims {
        username: signed_in.email().to_owned(),
        scope: signed_in.role().scope_text(),
        admin: signed_in.role() == Role::Admin,
        ..claims
    }
}
