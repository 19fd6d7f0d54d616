//! Access tokens as passwords: a fake token endpoint of Microsoft Entra, whose tokens PostgreSQL accepts until they end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use fake_entra::{Answer, EntraEndpoint, cleartext_passwords, token_as_password};
use harness::clock;
use harness::context::Context;
use harness::process::command::EnvVars;
use stack::psql::Psql;

use crate::schema::END_SESSIONS;

/// How long a token lives, in seconds: it is replaced after at most 3.3 s.
const LIFE: i64 = 5;

/// The service's logins with their roles, each with an identity of its own, as docs/secrets.md advises.
const IDENTITIES: [(&str, &str, &str); 5] = [
    (
        "rates",
        "portcullis_rates",
        "00000000-0000-4000-8000-000000000001",
    ),
    (
        "accounts",
        "portcullis_accounts",
        "00000000-0000-4000-8000-000000000002",
    ),
    (
        "wishes",
        "portcullis_wishes",
        "00000000-0000-4000-8000-000000000003",
    ),
    ("mail", "portcullis_mail", "00000000-0000-4000-8000-000000000004"),
    ("demo", "portcullis_demo", "00000000-0000-4000-8000-000000000005"),
];

/// The endpoint beside a stack.
pub struct Tokens {
    endpoint: EntraEndpoint,
    /// Whether sessions end when a token is issued, before the service has it.
    ends_sessions: Arc<AtomicBool>,
}

impl Tokens {
    /// Lets PostgreSQL demand the password itself, verifies that it accepts a token and refuses it after its end, and starts the
    /// endpoint.
    pub fn start(context: &Context, psql: Psql) -> Result<Tokens> {
        let roles = IDENTITIES.map(|(_, role, _)| role);
        psql.run(&[&cleartext_passwords(&roles)])?;
        verify_expiry(context, &psql, roles[0])?;
        let ends_sessions = Arc::new(AtomicBool::new(false));
        let is_planted = Arc::clone(&ends_sessions);
        let issue = move |token: &str, client_id: Option<&str>| {
            let identity = IDENTITIES.iter().find(|(_, _, id)| client_id == Some(id));
            let (_, role, _) = identity.ok_or("no such identity")?;
            let set = token_as_password(&[role], token, LIFE);
            let both = [set.as_str(), END_SESSIONS];
            let count = if is_planted.load(Ordering::Relaxed) { 2 } else { 1 };
            match psql.run(&both[..count]) {
                Ok(_) => Ok(clock::now().timestamp()),
                Err(error) => Err(format!("{error:#}")),
            }
        };
        let endpoint = EntraEndpoint::managed(Answer::Token(LIFE), Box::new(issue))?;
        Ok(Tokens {
            endpoint,
            ends_sessions,
        })
    }

    /// The settings of a service on a platform with this endpoint.
    pub fn settings(&self) -> EnvVars {
        let ids = IDENTITIES.map(|(login, _, id)| format!("{login}={id}"));
        let mut settings: EnvVars = vec![
            ("PORTCULLIS_DATABASE_CREDENTIALS".into(), "entra".into()),
            ("PORTCULLIS_ENTRA_CLIENT_IDS".into(), ids.join(",").into()),
        ];
        let variables = self.endpoint.variables().into_iter();
        settings.extend(variables.map(|(name, value)| (name.into(), value.into())));
        settings
    }

    /// Whether sessions of the logins end whenever a token is issued.
    pub fn end_sessions(&self, planted: bool) {
        self.ends_sessions.store(planted, Ordering::Relaxed);
    }

    /// From now on the endpoint fails.
    pub fn fail(&self) {
        let body = r#"{"statusCode":503,"message":"unavailable"}"#;
        self.endpoint
            .set_answer(Answer::Text(503, String::new(), body.to_owned()));
    }

    /// From now on the endpoint accepts requests and answers none for so long.
    pub fn silence(&self, duration: Duration) {
        self.endpoint.set_answer(Answer::Silence(duration));
    }

    /// The endpoint issues tokens again.
    pub fn recover(&self) {
        self.endpoint.set_answer(Answer::Token(LIFE));
    }
}

/// If the server accepted tokens after their end, a service that never replaced one would fail no request.
fn verify_expiry(context: &Context, psql: &Psql, role: &str) -> Result<()> {
    let token = "a-token-of-two-seconds";
    psql.run(&[&token_as_password(&[role], token, 2)])?;
    ensure!(psql.accepts(role, token)?, "PostgreSQL refuses a valid token");
    context
        .stop
        .wait_until(Duration::from_millis(2_500), || Ok(false))?;
    ensure!(
        !psql.accepts(role, token)?,
        "untrusted: PostgreSQL accepts a token after its end"
    );
    Ok(())
}
