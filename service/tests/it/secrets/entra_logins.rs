//! Database logins whose passwords are access tokens, on a server that requires TLS and cleartext passwords as Azure does. The
//! endpoint sets the passwords to the token that it issues, valid for as long: only the latest token opens connections.

use crate::support::accounts::create_and_log_in;
use crate::support::app::App;
use crate::support::certificate_authority::CertificateAuthority;
use crate::support::database::{Database, Server, lines};
use crate::support::entra_endpoint;
use crate::support::load::under_load;
use crate::support::own_postgres;
use crate::support::program::{ServiceProcess, run_on_platform, stderr, stdout};
use crate::support::sample_data::{QUERY, small};
use crate::support::wait::wait_until_within;
use diesel::connection::SimpleConnection;
use fake_entra::{Answer, EntraEndpoint, token_as_password};
use portcullis::types::role::Role;
use private_postgres::Cluster;
use std::time::Duration;

/// How long tokens live, in seconds.
const LIFE: i64 = 5;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The logins of the service and of its commands.
const LOGINS: [&str; 6] = [
    "portcullis_rates",
    "portcullis_ingest",
    "portcullis_accounts",
    "portcullis_wishes",
    "portcullis_mail",
    "portcullis_migrator",
];

/// A server, an endpoint whose tokens are passwords there, and the settings of a service.
struct Azure {
    database: Database,
    endpoint: EntraEndpoint,
    authority: CertificateAuthority,
    _cluster: Cluster,
}

impl Azure {
    fn start() -> Self {
        let (cluster, server) = own_postgres::start_with_data(&small());
        let authority = CertificateAuthority::new();
        own_postgres::require_tls_and_cleartext_passwords(&cluster, &server, &authority);
        let issuer = server.clone();
        set_passwords(&issuer, "no-token-was-issued-yet");
        let endpoint =
            entra_endpoint::managed(Answer::Token(LIFE), move |token| set_passwords(&issuer, token));
        let database = Database {
            name: "portcullis".to_owned(),
            server,
        };
        Self {
            database,
            endpoint,
            authority,
            _cluster: cluster,
        }
    }

    /// The settings, without a password of any login.
    fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = self.database.pairs();
        pairs.retain(|(name, _)| !name.ends_with("_PASSWORD"));
        let more = [
            ("DATABASE_CREDENTIALS", "entra"),
            ("DATABASE_SSLMODE", "verify-full"),
            ("DATABASE_CA_FILE", self.authority.file()),
        ];
        pairs.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
        pairs
    }

    fn serve(&self) -> ServiceProcess {
        let process = ServiceProcess::start_on_platform(&self.endpoint.variables(), &self.pairs());
        let app = App::of_process(&process);
        wait_until_within(PATIENCE, "the service is ready", || {
            app.get("/health/ready").status == 200
        });
        process
    }

    fn assert_no_token_in(&self, text: &[String]) {
        let tokens = self.endpoint.tokens();
        let has_token = |line: &String| tokens.iter().any(|token| line.contains(token.as_str()));
        assert!(!tokens.is_empty() && !text.iter().any(has_token), "{text:?}");
    }
}

/// Makes this the password of all logins, for as long as a token lives.
fn set_passwords(server: &Server, password: &str) {
    let statement = token_as_password(&LOGINS, password, LIFE);
    server.admin("postgres").batch_execute(&statement).unwrap();
}

/// V9: While tokens of five seconds replace each other, no request fails. All connections are encrypted, and no token is in the
/// log.
#[test]
fn no_request_fails_while_access_tokens_replace_each_other() {
    let azure = Azure::start();
    let process = azure.serve();
    let app = App::of_process(&process);
    let token = create_and_log_in(&app, &azure.database, "ann@example.org", Role::User);
    let outcome = under_load(&app, &token, || {
        let first = azure.endpoint.tokens().len();
        wait_until_within(PATIENCE * 2, "the tokens are replaced five times", || {
            azure.endpoint.tokens().len() >= first + 5
        });
        let of_service = "SELECT ssl::text AS line FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
            WHERE application_name LIKE 'portcullis-%'";
        let encrypted = azure.database.lines(of_service);
        assert!(
            encrypted.len() > 3 && encrypted.iter().all(|ssl| ssl == "true"),
            "{encrypted:?}"
        );
    });
    assert_eq!(outcome.failed(), 0, "{outcome:?}");
    process.terminate();
    let (_, log) = process.wait();
    azure.assert_no_token_in(&log);
}

/// V9, V10: While no token can be obtained, open connections serve on; without them requests fail, which the same measurement
/// finds. With the next token the service recovers.
#[test]
fn the_service_recovers_when_the_endpoint_does() {
    let azure = Azure::start();
    let process = azure.serve();
    let app = App::of_process(&process);
    let token = create_and_log_in(&app, &azure.database, "ann@example.org", Role::User);
    azure
        .endpoint
        .set_answer(Answer::Text(503, String::new(), String::new()));
    let outcome = under_load(&app, &token, || {
        process.wait_for_line("the token endpoint is unavailable: status 503");
        let has_ended =
            "SELECT (rolvaliduntil < now())::text AS line FROM pg_roles WHERE rolname = 'portcullis_rates'";
        wait_until_within(PATIENCE, "the token has ended", || {
            azure.database.lines(has_ended) == ["true"]
        });
    });
    assert_eq!(outcome.failed(), 0, "{outcome:?}");
    let outcome = under_load(&app, &token, || {
        azure.database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'portcullis-%'",
        );
        wait_until_within(PATIENCE, "requests fail", || app.get(QUERY).status == 503);
    });
    assert!(outcome.bad.contains_key(&503), "{outcome:?}");
    azure.endpoint.set_answer(Answer::Token(LIFE));
    wait_until_within(PATIENCE, "the service recovers", || app.get(QUERY).status == 200);
    process.terminate();
    let (_, log) = process.wait();
    azure.assert_no_token_in(&log);
}

/// V9: The commands use tokens as well: the migrator's and the others' logins have no password.
#[test]
fn commands_use_access_tokens() {
    let azure = Azure::start();
    let variables = azure.endpoint.variables();
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    for (arguments, expected) in [
        (&["migrate", "status"][..], "done"),
        (&["migrate"], "nothing to migrate"),
        (&["accounts", "list"], ""),
        (&["audit", "verify"], "consistent"),
    ] {
        let output = run_on_platform(&variables, arguments, &azure.pairs());
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stdout(&output).contains(expected),
            "{arguments:?}: {}",
            stdout(&output)
        );
        azure.assert_no_token_in(&[stdout(&output), stderr(&output)]);
    }
    azure.endpoint.set_answer(Answer::Text(
        400,
        String::new(),
        r#"{"error":"invalid_request"}"#.to_owned(),
    ));
    let output = run_on_platform(&variables, &["migrate", "status"], &azure.pairs());
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let error = stderr(&output);
    assert!(
        error.contains("the token endpoint refuses the request: status 400 invalid_request"),
        "{error}"
    );
}

/// V9, K7: A server with a certificate of another authority never receives a token.
#[test]
fn a_server_that_is_not_verified_receives_no_token() {
    let azure = Azure::start();
    let other = CertificateAuthority::new();
    let mut pairs = azure.pairs();
    pairs.push(("DATABASE_CA_FILE".to_owned(), other.file().to_owned()));
    let variables = azure.endpoint.variables();
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let output = run_on_platform(&variables, &["migrate", "status"], &pairs);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let log = stderr(&output);
    assert!(log.contains("TLS failed"), "{log}");
    azure.assert_no_token_in(&[log]);
}

/// V9: `migrate prepare` creates the logins without a password and names those without an identity.
#[test]
fn prepared_logins_have_no_password() {
    let azure = Azure::start();
    let mut pairs = azure.pairs();
    let server = &azure.database.server;
    pairs.push(("DATABASE_ADMIN_PASSWORD".to_owned(), server.password.clone()));
    let variables = azure.endpoint.variables();
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let output = run_on_platform(&variables, &["migrate", "prepare"], &pairs);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("have no identity of Entra: portcullis_rates, "),
        "{}",
        stderr(&output)
    );
    let with_password = format!(
        "SELECT rolname::text AS line FROM pg_authid
         WHERE rolname ~ '^({})$' AND rolpassword IS NOT NULL",
        LOGINS.join("|")
    );
    let with_password = lines(&mut server.admin("postgres"), &with_password).unwrap();
    assert!(with_password.is_empty(), "{with_password:?}");
    assert!(
        azure.endpoint.tokens().is_empty(),
        "the administrator has a password"
    );
}
