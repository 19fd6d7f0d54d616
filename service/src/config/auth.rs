//! Settings of registration, sessions, tokens and password hashing.

use super::deployment_profile::DeploymentProfile;
use super::keys::KeySource;
use super::source::{ConfigError, Source};
use crate::types::role::{Role, Scope};
use std::path::PathBuf;
use std::time::Duration;

/// The base URL in development.
const DEVELOPMENT_URL: &str = "http://127.0.0.1:3000";

/// Settings of registration, sessions, tokens and password hashing.
#[derive(Clone, Debug)]
pub struct AuthSettings {
    /// Base URL for users, without a trailing slash. Empty: not set, which `serve` refuses.
    pub public_url: String,
    /// How long a deleted account can be restored.
    pub deleted_account_retention: Duration,
    /// Who may register.
    pub registration: RegistrationMode,
    /// Who must have a second factor.
    pub second_factor: SecondFactorPolicy,
    /// How long verified credentials permit sensitive operations.
    pub proof_max_age: Duration,
    /// Mails that unauthenticated requests from one network may cause before further requests are delayed.
    pub mail_rate_per_network: i32,
    /// Which new passwords are refused.
    pub passwords: PasswordSettings,
    /// Availability of the demo operations.
    pub demo: DemoMode,
    /// Where the signing keys and the data keys come from.
    pub keys: KeySource,
    /// The `iss` claim.
    pub token_issuer: String,
    /// The `aud` claim.
    pub token_audience: String,
    /// Lifetime of an access token.
    pub access_token_ttl: Duration,
    /// Maximum lifetime of a session.
    pub session_max_age: Duration,
    /// After this time without a request a session ends.
    pub session_idle_timeout: Duration,
    /// Cost and capacity of password hashing.
    pub hashing: HashingSettings,
}

/// Who may register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationMode {
    /// Anyone, until an administrator exists. The first user to confirm an address becomes administrator.
    FirstAdmin,
    /// Anyone, as a user.
    Open,
    /// By invitation only.
    Closed,
}

/// Who must have a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondFactorPolicy {
    /// No one.
    Optional,
    /// Administrators, and those who decide on requests for access to the database.
    Admins,
    /// Everyone who may manage an own account.
    All,
}

impl SecondFactorPolicy {
    /// Whether an account with this role must have one.
    pub fn requires(self, role: Role) -> bool {
        match self {
            Self::Optional => false,
            Self::Admins => matches!(role, Role::Admin | Role::Approver),
            Self::All => role.scopes().contains(&Scope::Profile),
        }
    }

    fn parse(source: &Source, profile: DeploymentProfile) -> Result<Self, ConfigError> {
        match (source.text("SECOND_FACTOR")?.as_str(), profile) {
            ("optional", _) | ("", DeploymentProfile::Development) => Ok(Self::Optional),
            ("admins", _) | ("", DeploymentProfile::Production) => Ok(Self::Admins),
            ("all", _) => Ok(Self::All),
            _ => Err(ConfigError::new(
                "SECOND_FACTOR",
                "must be optional, admins or all",
            )),
        }
    }
}

/// New passwords that are refused besides common ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PasswordSettings {
    /// File with breached passwords.
    pub breached: Option<PathBuf>,
    /// Words of the organisation, in lower case.
    pub words: Vec<String>,
}

/// Availability of the demo operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemoMode {
    /// Not available.
    Off,
    /// With an access token.
    Token,
    /// Without authentication.
    Open,
}

/// Cost of argon2id, and capacity for concurrent requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashingSettings {
    /// Number of hashing threads.
    pub threads: usize,
    /// Passwords that may wait for a thread.
    pub queue_capacity: usize,
    /// How long each may wait.
    pub queue_timeout: Duration,
    /// Memory cost in KiB.
    pub memory: u32,
    /// Time cost.
    pub iterations: u32,
}

impl AuthSettings {
    /// Parses the settings.
    pub fn parse(source: &Source, profile: DeploymentProfile) -> Result<Self, ConfigError> {
        let public_url = public_url(source, profile)?;
        let issuer = source.text("TOKEN_ISSUER")?;
        if issuer.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(ConfigError::new(
                "TOKEN_ISSUER",
                "must be a URL or a name without white space",
            ));
        }
        let seconds =
            |name: &str, range| Ok::<_, ConfigError>(Duration::from_secs(source.number(name, range)?));
        let days: u32 = source.number("DELETED_ACCOUNT_RETENTION", 1..=3_650)?;
        Ok(Self {
            deleted_account_retention: Duration::from_secs(u64::from(days) * 86_400),
            registration: match source.text("REGISTRATION")?.as_str() {
                // In production, a stranger must not be the first to confirm an address.
                "" => match profile {
                    DeploymentProfile::Production => RegistrationMode::Closed,
                    DeploymentProfile::Development => RegistrationMode::FirstAdmin,
                },
                "first-admin" => RegistrationMode::FirstAdmin,
                "open" => RegistrationMode::Open,
                "closed" => RegistrationMode::Closed,
                _ => {
                    return Err(ConfigError::new(
                        "REGISTRATION",
                        "must be first-admin, open or closed",
                    ));
                }
            },
            second_factor: SecondFactorPolicy::parse(source, profile)?,
            proof_max_age: seconds("PROOF_MAX_AGE", 60..=86_400)?,
            mail_rate_per_network: source.number("MAIL_RATE_PER_NETWORK", 1..=1_000_000)?,
            passwords: passwords(source)?,
            demo: demo(source, profile)?,
            keys: KeySource::parse(source, profile)?,
            token_issuer: if issuer.is_empty() {
                public_url.clone()
            } else {
                issuer
            },
            token_audience: source.non_empty("TOKEN_AUDIENCE")?,
            access_token_ttl: seconds("ACCESS_TOKEN_TTL", 30..=3600)?,
            session_max_age: seconds("SESSION_MAX_AGE", 60..=31_536_000)?,
            session_idle_timeout: seconds("SESSION_IDLE_TIMEOUT", 60..=31_536_000)?,
            hashing: HashingSettings {
                threads: source.number("HASH_THREADS", 1..=64)?,
                queue_capacity: source.number("HASH_QUEUE", 1..=10_000)?,
                queue_timeout: seconds("HASH_QUEUE_TIMEOUT", 1..=300)?,
                memory: source.number("HASH_MEMORY", 19_456..=1_048_576)?,
                iterations: source.number("HASH_ITERATIONS", 2..=16)?,
            },
            public_url,
        })
    }
}

impl AuthSettings {
    /// The host of the public URL, in lower case.
    pub fn public_host(&self) -> String {
        let uri: http::Uri = self.public_url.parse().unwrap_or_default();
        uri.host().unwrap_or_default().to_lowercase()
    }
}

fn public_url(source: &Source, profile: DeploymentProfile) -> Result<String, ConfigError> {
    let url = match (source.text("PUBLIC_URL")?, profile) {
        // Only `serve` needs it.
        (url, DeploymentProfile::Production) if url.is_empty() => return Ok(url),
        (url, DeploymentProfile::Development) if url.is_empty() => DEVELOPMENT_URL.to_owned(),
        (url, _) => url,
    };
    let wrong = |reason| ConfigError::new("PUBLIC_URL", reason);
    let uri: http::Uri = url
        .parse()
        .map_err(|_| wrong("must be a URL, for example https://rates.example"))?;
    let plain = !url.ends_with('/') && uri.query().is_none() && !url.contains(['#', '@']);
    // The pages and their links are at the root of the host.
    let (Some(host), "/", true) = (uri.host(), uri.path(), plain) else {
        return Err(wrong(
            "must be a URL without a path and a trailing slash, for example https://rates.example",
        ));
    };
    match uri.scheme_str() {
        Some("https") => Ok(url),
        Some("http") if profile == DeploymentProfile::Development || is_loopback(host) => Ok(url),
        Some("http") => Err(wrong("must begin with https:// in production")),
        _ => Err(wrong("must begin with https://")),
    }
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

fn passwords(source: &Source) -> Result<PasswordSettings, ConfigError> {
    let file = PathBuf::from(source.text("BREACHED_PASSWORDS")?);
    let is_set = !file.as_os_str().is_empty();
    if is_set && !file.is_absolute() {
        return Err(ConfigError::new("BREACHED_PASSWORDS", "must be an absolute path"));
    }
    let words = source.list("PASSWORD_WORDS")?;
    let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    if words.iter().any(|word| !(4..=64).contains(&word.chars().count())) {
        let reason = "must be words of 4 to 64 characters, separated by commas";
        return Err(ConfigError::new("PASSWORD_WORDS", reason));
    }
    Ok(PasswordSettings {
        breached: is_set.then_some(file),
        words,
    })
}

fn demo(source: &Source, profile: DeploymentProfile) -> Result<DemoMode, ConfigError> {
    let demo = match source.text("DEMO")?.as_str() {
        "off" => DemoMode::Off,
        "token" => DemoMode::Token,
        "open" => DemoMode::Open,
        _ => return Err(ConfigError::new("DEMO", "must be off, token or open")),
    };
    if demo != DemoMode::Off && profile == DeploymentProfile::Production {
        return Err(ConfigError::new("DEMO", "must be off in production"));
    }
    Ok(demo)
}
