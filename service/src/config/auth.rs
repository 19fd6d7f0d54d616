//! Accounts and sessions: who may register, how long a session lives, what proves it.
use super::deployment_profile::DeploymentProfile;
use super::secret::SecretSource;
use super::source::{ConfigError, Source};
use std::time::Duration;

/// Settings of accounts, sessions and tokens.
#[derive(Clone, Debug)]
pub struct AuthSettings {
    /// Where people reach the service, without a slash at the end.
    pub public_url: String,
    /// Who may register.
    pub registration: RegistrationMode,
    /// Mails that strangers of one network may cause before they wait.
    pub mail_rate_per_network: i32,
    /// Whether the demo operations are there, and for whom.
    pub demo: DemoMode,
    /// Key material of at least 32 bytes, as text; `None` where this process was given none.
    pub data_key: Option<SecretSource>,
    /// The document of signing keys.
    pub token_keys: Option<SecretSource>,
    /// `iss`.
    pub token_issuer: String,
    /// `aud`.
    pub token_audience: String,
    /// How long an access token is valid.
    pub access_token_ttl: Duration,
    /// How long a session lives at the most.
    pub session_max_age: Duration,
    /// How long a session lives without a request.
    pub session_idle_timeout: Duration,
    /// How passwords are hashed.
    pub hashing: HashingSettings,
}

/// Who may register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationMode {
    /// Anybody until there is a confirmed administrator, who is the first to confirm.
    FirstAdmin,
    /// Anybody, as a user.
    Open,
    /// Nobody: by invitation only.
    Closed,
}

/// Whether the demo operations are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemoMode {
    /// They are not.
    Off,
    /// For signed-in callers.
    Token,
    /// For anybody.
    Open,
}

/// Cost of argon2id and room for those who wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashingSettings {
    /// Threads.
    pub threads: usize,
    /// Passwords that may wait.
    pub queue_capacity: usize,
    /// KiB.
    pub memory: u32,
    /// Passes.
    pub iterations: u32,
}

impl AuthSettings {
    /// Reads the settings.
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
        Ok(Self {
            registration: match source.text("REGISTRATION")?.as_str() {
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
            mail_rate_per_network: source.number("MAIL_RATE_PER_NETWORK", 1..=1_000_000)?,
            demo: demo(source, profile)?,
            data_key: source.secret("DATA_KEY")?,
            token_keys: source.secret("TOKEN_KEYS")?,
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
                memory: source.number("HASH_MEMORY", 19_456..=1_048_576)?,
                iterations: source.number("HASH_ITERATIONS", 2..=16)?,
            },
            public_url,
        })
    }
}

fn public_url(source: &Source, profile: DeploymentProfile) -> Result<String, ConfigError> {
    let url = source.non_empty("PUBLIC_URL")?;
    let wrong = |reason| ConfigError::new("PUBLIC_URL", reason);
    let uri: http::Uri = url
        .parse()
        .map_err(|_| wrong("must be a URL, as in https://rates.example"))?;
    let plain = !url.ends_with('/') && uri.query().is_none() && !url.contains(['#', '@']);
    let (Some(host), true) = (uri.host(), plain) else {
        return Err(wrong(
            "must be a URL without a slash at the end, as in https://rates.example",
        ));
    };
    match uri.scheme_str() {
        Some("https") => Ok(url),
        Some("http") if profile == DeploymentProfile::Development || is_this_machine(host) => Ok(url),
        Some("http") => Err(wrong("must begin with https:// in production")),
        _ => Err(wrong("must begin with https://")),
    }
}

fn is_this_machine(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
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
