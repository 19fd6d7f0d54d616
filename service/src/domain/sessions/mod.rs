//! Who is signed in: proofs of it, and what they are made from.

/// Proofs that somebody is signed in.
pub mod caller;

use super::StorageError;
use crate::crypto::jwt::Jwt;
use crate::db::Db;
use crate::db::sessions::{self, ActiveGather};
use crate::types::account::AccountId;
use crate::types::role::Role;
use caller::SignedIn;
use std::sync::Arc;

/// Why nobody is signed in.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// The token is not valid, or its session has ended.
    #[error("the token is not valid")]
    BadToken,
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Sessions and their tokens. Cheap to clone.
#[derive(Clone)]
pub struct Sessions(Arc<Parts>);

struct Parts {
    db: Db,
    jwt: Jwt,
    waiting: ActiveGather,
}

impl Sessions {
    /// Over the login for accounts.
    pub fn new(db: Db, jwt: Jwt) -> Self {
        Self(Arc::new(Parts {
            db,
            jwt,
            waiting: ActiveGather::default(),
        }))
    }

    /// Who sent this access token. The session and the account are looked up each time: what was ended a moment ago on
    /// another replica is ended here.
    pub async fn authenticate(&self, token: &str) -> Result<SignedIn, Unauthenticated> {
        let parts = &self.0;
        let claims = parts.jwt.verify(token).map_err(|_| Unauthenticated::BadToken)?;
        let row = sessions::find_active(&parts.db, &parts.waiting, claims.sid)
            .await?
            .filter(|row| row.account_id.to_string() == claims.sub)
            .ok_or(Unauthenticated::BadToken)?;
        let role = Role::parse(&row.role).ok_or(Unauthenticated::BadToken)?;
        Ok(SignedIn::new(
            AccountId::of(row.account_id),
            row.session_id,
            role,
            row.email,
            row.name,
        ))
    }
}
