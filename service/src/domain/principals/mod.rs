//! Who sent a request: a person, by the account that the access token is for, or a machine client. An operation that takes a person
//! (`SignedIn`) cannot be called for a client.

use super::clients::Clients;
use super::clients::caller::AuthenticatedClient;
use super::sessions::Sessions;
use super::sessions::caller::SignedIn;
use super::sessions::error::AuthenticationError;
use crate::crypto::claims::{AnyClaims, ClientClaims};
use crate::crypto::jwt::Jwt;
use crate::types::role::Scope;

/// The sender of an authenticated request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A person, or a service that signs in as one.
    Account(SignedIn),
    /// A machine client.
    Client(AuthenticatedClient),
}

/// Evidence that the sender may store prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatesWriter(Principal);

/// The sender lacks a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the access token lacks the scope {}", .0.as_str())]
pub struct InsufficientScopeError(pub Scope);

impl Principal {
    /// Checks that the sender has this scope now.
    pub fn require_scope(&self, scope: Scope) -> Result<(), InsufficientScopeError> {
        let may = match self {
            Self::Account(signed_in) => signed_in.may(scope),
            Self::Client(client) => client.may(scope),
        };
        may.then_some(()).ok_or(InsufficientScopeError(scope))
    }

    /// Checks that the sender may store prices. An account that must set up a second factor first may not.
    pub fn as_rates_writer(&self) -> Result<RatesWriter, InsufficientScopeError> {
        let is_restricted = matches!(self, Self::Account(account) if account.must_set_up_second_factor());
        if is_restricted {
            return Err(InsufficientScopeError(Scope::RatesWrite));
        }
        self.require_scope(Scope::RatesWrite)?;
        Ok(RatesWriter(self.clone()))
    }

    /// The sender as the subject of audit events.
    pub fn subject(&self) -> String {
        match self {
            Self::Account(signed_in) => signed_in.account().subject(),
            Self::Client(client) => client.id().subject(),
        }
    }
}

impl RatesWriter {
    /// The sender.
    pub fn principal(&self) -> &Principal {
        &self.0
    }
}

/// Authenticates access tokens. Cheap to clone.
#[derive(Clone)]
pub struct Principals {
    jwt: Jwt,
    sessions: Sessions,
    clients: Clients,
}

/// The claims of a valid token, with the current rights of its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentClaims(pub AnyClaims);

impl Principals {
    /// Over sessions and machine clients.
    pub fn new(jwt: Jwt, sessions: Sessions, clients: Clients) -> Self {
        Self {
            jwt,
            sessions,
            clients,
        }
    }

    /// Authenticates an access token. Its session or client is looked up for each request, so that a revocation takes effect at once
    /// on every replica.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, AuthenticationError> {
        self.find(&self.verify(token)?).await
    }

    /// The claims of an access token that is valid as such: its session or client may have ended.
    pub fn verify(&self, token: &str) -> Result<AnyClaims, AuthenticationError> {
        let claims = self.jwt.verify(token);
        claims.map_err(|_| AuthenticationError::InvalidToken)
    }

    /// The holder of a token with these claims, with the rights that it has now.
    pub async fn find(&self, claims: &AnyClaims) -> Result<Principal, AuthenticationError> {
        match claims {
            AnyClaims::Account(claims) => self.sessions.authenticate(claims).await.map(Principal::Account),
            AnyClaims::Client(claims) => self.clients.authenticate(claims).await.map(Principal::Client),
        }
    }

    /// The claims of a valid token (RFC 7662).
    pub async fn claims(&self, token: &str) -> Result<CurrentClaims, AuthenticationError> {
        match self.verify(token)? {
            AnyClaims::Account(claims) => {
                let current = self.sessions.current_claims(claims).await?;
                Ok(CurrentClaims(AnyClaims::Account(current)))
            }
            AnyClaims::Client(claims) => {
                let scope = self.clients.authenticate(&claims).await?.scope_text();
                Ok(CurrentClaims(AnyClaims::Client(ClientClaims { scope, ..claims })))
            }
        }
    }
}
