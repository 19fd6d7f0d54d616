//! Verifies what a client presents. A right secret is accepted even while failures are throttled: it has 256 random bits, so that a
//! throttle prevents no guess, and without that anyone in its network could lock a client out. A wrong one is counted and recorded.

use super::Clients;
use super::error::TokenError;
use crate::crypto::client_assertion::{ClientAssertion, ClientKey, VerifiedAssertion};
use crate::crypto::tokens::PlainToken;
use crate::db::PgConnection;
use crate::db::audit::{self, Event};
use crate::db::clients::credentials::{self, VerificationRow};
use crate::domain::throttles::Admission;
use crate::types::client::{ClientId, ClientScopes};
use crate::types::client_info::ClientInfo;
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

/// What a client presents to authenticate. Nothing is verified yet.
#[derive(Clone, Debug)]
pub enum ClientAuthentication {
    /// An id and a secret (`client_secret_basic`). `None`: it has another form than those that are issued.
    Secret {
        /// The id.
        client: Option<ClientId>,
        /// The secret.
        secret: Option<PlainToken>,
    },
    /// An assertion (`private_key_jwt`). `None`: it is malformed.
    Assertion(Option<ClientAssertion>),
}

impl ClientAuthentication {
    /// The client that it claims to be.
    pub fn claimed_client(&self) -> Option<ClientId> {
        match self {
            Self::Secret { client, .. } => *client,
            Self::Assertion(assertion) => assertion.as_ref().map(ClientAssertion::client),
        }
    }
}

/// A client whose credential was verified, and is to be recorded as used.
#[derive(Clone, Debug)]
pub(super) struct VerifiedClient {
    pub(super) id: ClientId,
    pub(super) scopes: ClientScopes,
    pub(super) credential: Uuid,
    pub(super) last_used_at: Option<DateTime<Utc>>,
    pub(super) presented: PresentedCredential,
}

/// What was verified.
#[derive(Clone, Debug)]
pub(super) enum PresentedCredential {
    /// A secret.
    Secret,
    /// An assertion, which may be used once.
    Assertion(VerifiedAssertion),
}

impl PresentedCredential {
    /// The name of the method (RFC 7591 §2).
    pub(super) fn method(&self) -> &'static str {
        match self {
            Self::Secret => "client_secret_basic",
            Self::Assertion(_) => "private_key_jwt",
        }
    }
}

impl Clients {
    /// The client that presents a valid credential.
    pub(super) async fn verify(
        &self,
        authentication: &ClientAuthentication,
        client: &ClientInfo,
    ) -> Result<VerifiedClient, TokenError> {
        // An id that is malformed costs the same query as one that is unknown.
        let id = authentication
            .claimed_client()
            .unwrap_or(ClientId::of(Uuid::nil()));
        let find = move |conn: &mut PgConnection| credentials::find_valid(conn, id);
        let rows = self.0.db.run("find_client_credentials", find).await?;
        let Some(scopes) = rows.first().and_then(|row| ClientScopes::parse(&row.scopes)) else {
            return self.reject(authentication, None, "unknown client", client).await;
        };
        match self.matching(authentication, &rows) {
            Ok((credential, last_used_at, presented)) => Ok(VerifiedClient {
                id,
                scopes,
                credential,
                last_used_at,
                presented,
            }),
            Err(reason) => self.reject(authentication, Some(id), reason, client).await,
        }
    }

    /// The credential that was used, or why none was.
    fn matching(
        &self,
        authentication: &ClientAuthentication,
        rows: &[VerificationRow],
    ) -> Result<(Uuid, Option<DateTime<Utc>>, PresentedCredential), &'static str> {
        match authentication {
            ClientAuthentication::Secret { secret, .. } => {
                let hash = secret.as_ref().map(PlainToken::hash).ok_or("wrong secret")?;
                let is_right = |row: &&VerificationRow| {
                    let stored = row.secret_hash.as_deref();
                    stored.is_some_and(|stored| hash.matches(stored))
                };
                let row = rows.iter().find(is_right).ok_or("wrong secret")?;
                let credential = row.credential_id.ok_or("wrong secret")?;
                Ok((credential, row.last_used_at, PresentedCredential::Secret))
            }
            ClientAuthentication::Assertion(assertion) => {
                let assertion = assertion.as_ref().ok_or("wrong assertion")?;
                let verified = |row: &VerificationRow| {
                    let key = ClientKey::of_stored(row.public_key.as_deref()?)?;
                    let verified = assertion.verify(&key, &self.0.audiences)?;
                    Some((
                        row.credential_id?,
                        row.last_used_at,
                        PresentedCredential::Assertion(verified),
                    ))
                };
                rows.iter().find_map(verified).ok_or("wrong assertion")
            }
        }
    }

    /// Counts a failed authentication, and records its reason in the audit log only. One beyond the limits is not recorded: anyone can
    /// send requests, and the log is never deleted.
    pub(super) async fn reject<T>(
        &self,
        authentication: &ClientAuthentication,
        known: Option<ClientId>,
        reason: &'static str,
        client: &ClientInfo,
    ) -> Result<T, TokenError> {
        let (throttles, info) = (self.0.throttles.clone(), client.clone());
        let claimed = authentication.claimed_client();
        let counted = self.0.db.tx("reject_client", move |conn: &mut PgConnection| {
            let admission = throttles.admit_client(conn, claimed, info.network())?;
            if matches!(admission, Admission::Admitted(_)) {
                let event = Event {
                    actor: None,
                    action: "client.refused",
                    subject: known.map(ClientId::subject).unwrap_or_default(),
                    client: &info,
                    detail: json!({ "why": reason }),
                };
                audit::append(conn, &event)?;
            }
            Ok(admission)
        });
        match counted.await? {
            Admission::Admitted(_) => Err(TokenError::InvalidClient),
            Admission::Wait(wait) => Err(TokenError::Throttled(wait)),
        }
    }
}
