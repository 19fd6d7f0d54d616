//! Issues the credentials of the service's database logins, and ends them.

use super::credentials::Credentials;
use super::entra::{EntraError, EntraTokens};
use super::vault::{Lease, LeaseState, Vault, VaultError};
use crate::config::database::{Login, LoginSource, VaultCredentials};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Issues credentials. Cheap to clone.
#[derive(Clone)]
pub enum Issuer {
    /// Vault's database engine.
    Vault {
        /// The client.
        vault: Vault,
        /// What it issues.
        kind: VaultCredentials,
    },
    /// Microsoft Entra, by the identity of the platform.
    EntraToken(EntraTokens),
}

/// Credentials, and how long they are valid.
pub struct IssuedLogin {
    /// User and password.
    pub credentials: Credentials,
    /// How long they are valid.
    pub validity: Validity,
}

/// How long credentials are valid.
#[derive(Clone)]
pub enum Validity {
    /// As long as the lease, at whose end the login is dropped and its connections are ended.
    Lease(Lease),
    /// Until the password of the same user is replaced. Connections that are open then remain.
    Password {
        /// When it was read.
        obtained: Instant,
        /// Until it is replaced.
        remaining: Duration,
    },
    /// Until the password, a token, ends. Connections that are open then remain.
    Token {
        /// When it was obtained.
        obtained: Instant,
        /// When it ends.
        end: Instant,
    },
}

/// Why credentials cannot be issued, renewed or revoked. Contains no secret.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// Vault refuses, or is unavailable.
    #[error("Vault: {0}")]
    Vault(#[from] VaultError),
    /// There is no access token.
    #[error(transparent)]
    Entra(#[from] EntraError),
}

impl Issuer {
    /// What issues the credentials of a source. `None`: they are not issued.
    pub fn new(source: &LoginSource, vault: Option<&Vault>) -> Result<Option<Self>, IssueError> {
        match (source, vault) {
            (LoginSource::Vault(kind), Some(vault)) => Ok(Some(Self::Vault {
                vault: vault.clone(),
                kind: *kind,
            })),
            (LoginSource::EntraToken(settings), _) => Ok(Some(Self::EntraToken(EntraTokens::new(settings)?))),
            // The settings require a Vault with its source.
            (LoginSource::Settings | LoginSource::Files(_) | LoginSource::Vault(_), _) => Ok(None),
        }
    }

    /// Issues credentials of a login.
    pub async fn issue(&self, login: &Login) -> Result<IssuedLogin, IssueError> {
        match self {
            Self::Vault {
                vault,
                kind: VaultCredentials::Dynamic,
            } => {
                let (credentials, lease) = vault.issue_login(login.name).await?;
                Ok(IssuedLogin {
                    credentials,
                    validity: Validity::Lease(lease),
                })
            }
            Self::Vault {
                vault,
                kind: VaultCredentials::Static,
            } => {
                let obtained = Instant::now();
                let (credentials, remaining) = vault.static_login(login.name).await?;
                Ok(IssuedLogin {
                    credentials,
                    validity: Validity::Password { obtained, remaining },
                })
            }
            Self::EntraToken(tokens) => {
                let obtained = Instant::now();
                let (password, end) = tokens.token(login.name).await?;
                let user = login.user.clone();
                Ok(IssuedLogin {
                    credentials: Credentials { user, password },
                    validity: Validity::Token { obtained, end },
                })
            }
        }
    }

    /// Extends a lease.
    pub async fn renew(&self, lease: &mut Lease) -> Result<(), IssueError> {
        match self {
            Self::Vault { vault, .. } => Ok(vault.renew(lease).await?),
            Self::EntraToken(_) => Ok(()),
        }
    }

    /// Whether the lease has ended, as far as can be found out.
    pub async fn has_ended(&self, lease: &Lease) -> Result<bool, IssueError> {
        match self {
            Self::Vault { vault, .. } => Ok(vault.lease_state(lease).await? == LeaseState::Gone),
            Self::EntraToken(_) => Ok(false),
        }
    }

    /// Ends a lease: drops its login and ends the login's connections.
    pub async fn revoke(&self, lease: &Lease) -> Result<(), IssueError> {
        match self {
            Self::Vault { vault, .. } => Ok(vault.revoke(lease).await?),
            Self::EntraToken(_) => Ok(()),
        }
    }

    /// Whether the lease ends with a token that was replaced.
    pub fn is_orphaned(&self, lease: &Lease) -> bool {
        match self {
            Self::Vault { vault, .. } => lease.session_number() != *vault.session_number().borrow(),
            Self::EntraToken(_) => false,
        }
    }

    /// The number of the session with Vault. When it changes, the leases of the former session end.
    pub fn vault_session_number(&self) -> watch::Receiver<u64> {
        match self {
            Self::Vault { vault, .. } => vault.session_number(),
            Self::EntraToken(_) => watch::channel(0).1,
        }
    }
}

impl IssueError {
    /// Whether the same call may succeed later without other settings.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Vault(error) => error.is_retryable(),
            Self::Entra(error) => !matches!(error, EntraError::Setting(..)),
        }
    }

    /// Whether the lease does not exist any more.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Vault(VaultError::Gone))
    }
}

impl Validity {
    /// When the credentials end, unless they are renewed.
    pub fn end(&self) -> Instant {
        match self {
            Self::Lease(lease) => lease.end().at(),
            Self::Password { obtained, remaining } => *obtained + *remaining,
            Self::Token { end, .. } => *end,
        }
    }

    /// The same at later times: a lease ends with Vault's token, which is renewed meanwhile.
    pub fn later_end(&self) -> Box<dyn Fn() -> Instant + Send + Sync> {
        match self {
            Self::Lease(lease) => {
                let end = lease.end();
                Box::new(move || end.at())
            }
            Self::Password { .. } | Self::Token { .. } => {
                let end = self.end();
                Box::new(move || end)
            }
        }
    }
}
