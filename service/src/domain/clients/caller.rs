//! Evidence that a machine client sent a request. Only `clients` creates it.

use crate::types::client::{ClientId, ClientScopes};
use crate::types::role::Scope;

/// An authenticated client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticatedClient {
    pub(super) id: ClientId,
    /// Those of the token that the client still has. `None`: it has none of them any more.
    pub(super) scopes: Option<ClientScopes>,
}

impl AuthenticatedClient {
    /// The client's id.
    pub fn id(&self) -> ClientId {
        self.id
    }

    /// Whether the token grants this scope, and the client still has it.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.as_ref().is_some_and(|scopes| scopes.contains(scope))
    }

    /// The current scopes of the token, in the format of the `scope` claim.
    pub fn scope_text(&self) -> String {
        self.scopes.as_ref().map(ClientScopes::text).unwrap_or_default()
    }
}
