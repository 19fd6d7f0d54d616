//! Builds the services over their database logins, and the APIs over the services.

use super::error::StartError;
use super::keys::Keys;
use super::logins::Logins;
use crate::config::{Settings, auth};
use crate::crypto::hashing::Hashing;
use crate::db::clients::ClientBatcher;
use crate::db::sessions::SessionBatcher;
#[cfg(feature = "access")]
use crate::domain::access::Access;
use crate::domain::accounts::passwords::PasswordPolicy;
use crate::domain::accounts::{self, Accounts};
use crate::domain::audit::Audit;
use crate::domain::clients::{self, Clients};
use crate::domain::data_version::VersionLease;
use crate::domain::demo::Demo;
use crate::domain::form_answers::FormAnswers;
use crate::domain::places::Places;
use crate::domain::principals::Principals;
use crate::domain::rates::Rates;
use crate::domain::rates::streams::RateStreams;
use crate::domain::sessions::{Parts, SessionLifetimes, Sessions};
use crate::domain::throttles::Throttles;
use crate::domain::uploads::{Signal, Uploads};
use crate::domain::users::Users;
use crate::domain::wishes::Wishes;
use crate::http::contract::any_caller::TOKEN_PATH;
use crate::http::demo::DemoAccess;
use crate::http::health::Probes;
use crate::http::router::{self, ApiParts, Apis};
use crate::http::web::state::{Web, WebParts};
use crate::telemetry::metrics::Metrics;

/// The domain services.
pub struct Services {
    /// Requests for access to the database, if they are enabled.
    #[cfg(feature = "access")]
    pub access: Option<Access>,
    /// Accounts, for their owners.
    pub accounts: Accounts,
    /// The audit log.
    pub audit: Audit,
    /// Machine clients.
    pub clients: Clients,
    /// Answers to submitted forms.
    pub form_answers: FormAnswers,
    /// Hashes passwords.
    pub hashing: Hashing,
    /// Authenticates access tokens.
    pub principals: Principals,
    /// Daily rates.
    pub rates: Rates,
    /// Sessions and their tokens.
    pub sessions: Sessions,
    /// Uploads of batches, if they are enabled.
    pub uploads: Option<Uploads>,
    /// Accounts, for administrators.
    pub users: Users,
    /// The version of the rates that is current.
    pub version_lease: VersionLease,
    /// Wishes.
    pub wishes: Wishes,
}

impl Services {
    /// Builds all services.
    pub fn new(
        settings: &Settings,
        logins: &Logins,
        keys: &Keys,
        passwords: PasswordPolicy,
        uploads_signal: &Signal,
        #[cfg(feature = "access")] access: Option<Access>,
    ) -> Result<Self, StartError> {
        let auth = &settings.auth;
        let version_lease = VersionLease::default();
        let hashing = Hashing::start(auth.hashing).map_err(StartError::Threads)?;
        let throttles = Throttles::new(keys.data.clone());
        let sessions = Sessions::new(Parts {
            db: logins.accounts.clone(),
            jwt: keys.jwt.clone(),
            hashing: hashing.clone(),
            data_keys: keys.data.clone(),
            throttles: throttles.clone(),
            lifetimes: SessionLifetimes {
                access_token_ttl: auth.access_token_ttl,
                absolute_timeout: auth.session_max_age,
                idle_timeout: auth.session_idle_timeout,
                proof_max_age: auth.proof_max_age,
            },
            second_factor: auth.second_factor,
            waiting: SessionBatcher::default(),
        });
        let clients = Clients::new(clients::Parts {
            db: logins.accounts.clone(),
            jwt: keys.jwt.clone(),
            throttles: throttles.clone(),
            access_token_ttl: auth.access_token_ttl,
            audiences: [
                format!("{}{TOKEN_PATH}", auth.public_url),
                keys.jwt.issuer().to_owned(),
            ],
            waiting: ClientBatcher::default(),
        });
        let principals = Principals::new(keys.jwt.clone(), sessions.clone(), clients.clone());
        let accounts = Accounts::new(accounts::Parts {
            db: logins.accounts.clone(),
            hashing: hashing.clone(),
            key: keys.data.clone(),
            deleted_account_retention: auth.deleted_account_retention,
            registration: auth.registration,
            mail_rate_per_network: auth.mail_rate_per_network,
            passwords,
            throttles,
            sessions: sessions.clone(),
        });
        Ok(Self {
            #[cfg(feature = "access")]
            access,
            accounts,
            audit: Audit::new(logins.accounts.clone()),
            form_answers: FormAnswers::new(logins.accounts.clone()),
            clients,
            hashing,
            principals,
            rates: Rates::new(logins.rates.clone(), version_lease.clone())
                .with_batching(settings.database.batching),
            sessions,
            uploads: logins.ingest.as_ref().map(|(db, connections)| {
                Uploads::new(
                    db.clone(),
                    connections.clone(),
                    uploads_signal.clone(),
                    version_lease.clone(),
                )
            }),
            users: Users::new(logins.accounts.clone(), keys.data.clone()),
            version_lease,
            wishes: Wishes::new(logins.wishes.clone()),
        })
    }
}

/// The state of the web pages.
pub fn web(settings: &Settings, keys: &Keys, services: &Services) -> Web {
    Web::new(WebParts {
        accounts: services.accounts.clone(),
        form_answers: services.form_answers.clone(),
        sessions: services.sessions.clone(),
        wishes: services.wishes.clone(),
        data_keys: keys.data.clone(),
        // Validated with the settings.
        public_url: settings.auth.public_url.parse().unwrap_or_default(),
        api_docs: settings.server.api_docs,
    })
}

/// Builds all APIs.
pub fn apis(
    settings: &Settings,
    logins: &Logins,
    services: &Services,
    web: Web,
    probes: Probes,
    metrics: Metrics,
) -> Apis {
    router::apis(ApiParts {
        #[cfg(feature = "access")]
        access: services.access.clone(),
        accounts: services.accounts.clone(),
        audit: services.audit.clone(),
        clients: services.clients.clone(),
        demo: demo(settings, logins),
        places: Places::new(logins.rates.clone()),
        metrics,
        probes,
        rates: services.rates.clone(),
        rate_streams: RateStreams::new(logins.streams.clone()),
        rates_max_days: settings.limits.rates_max_days,
        rates_cache_bytes: settings.limits.rates_cache_bytes,
        principals: services.principals.clone(),
        sessions: services.sessions.clone(),
        uploads: services.uploads.clone(),
        users: services.users.clone(),
        web,
        wishes: services.wishes.clone(),
    })
}

fn demo(settings: &Settings, logins: &Logins) -> DemoAccess {
    match (settings.auth.demo, logins.demo.clone()) {
        (auth::DemoMode::Token, Some(db)) => DemoAccess::SignedIn(Demo::new(db)),
        (auth::DemoMode::Open, Some(db)) => DemoAccess::Anyone(Demo::new(db)),
        (auth::DemoMode::Off, _) | (_, None) => DemoAccess::Off,
    }
}
