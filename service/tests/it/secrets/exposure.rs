//! Runs a service with secrets that no other test uses, provokes errors that involve them, and searches what it shows.

use crate::support::accounts::{PASSWORD, create_account, get_as, log_in, post, try_log_in, with_json};
use crate::support::app::{App, send, wait_for_status};
use crate::support::browser::Browser;
use crate::support::certificate_authority::CertificateAuthority;
use crate::support::database::{DATA_KEY, Database, token_keys};
use crate::support::issued_logins::Issuer;
use crate::support::program::ServiceProcess;
use crate::support::response::Response;
use crate::support::run_log;
use crate::support::sample_data::QUERY;
use crate::support::secret_search::{assert_no_secret_in, holds};
use crate::support::smtp_server::{SmtpBehaviour, SmtpServer, Tls};
use crate::support::temp_file::TempFile;
use crate::support::wait::wait_until_within;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis::config::setting_names::SETTINGS;
use portcullis::types::role::Role;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

/// Longer than a start takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The logins of `serve`, and their groups.
pub const LOGINS: [(&str, &str); 4] = [
    ("rates", "portcullis_rates_reader"),
    ("accounts", "portcullis_accounts_writer"),
    ("wishes", "portcullis_wishes_writer"),
    ("mail", "portcullis_mail_sender"),
];

/// A mail server that requires TLS, as a service with a password for it does.
pub struct MailServer {
    authority: CertificateAuthority,
    smtp: SmtpServer,
}

impl MailServer {
    /// Starts it.
    pub fn start() -> Self {
        let authority = CertificateAuthority::new();
        let smtp = SmtpServer::start(Tls::Implicit(authority.server("127.0.0.1")));
        Self { authority, smtp }
    }
}

/// Settings, and the secrets among them or in their files.
pub struct Given {
    /// The settings.
    pub pairs: Vec<(String, String)>,
    /// What must not be shown.
    pub secrets: BTreeSet<String>,
    _files: Vec<TempFile>,
}

impl Given {
    /// The settings of a service with secrets that no other test uses; `own_logins`: also the passwords of its logins.
    pub fn values(database: &Database, mail: &MailServer, own_logins: bool) -> Self {
        let mut pairs = database.pairs();
        if own_logins {
            for (login, group) in LOGINS {
                let user = format!("{}_own_{login}", database.name);
                let password = format!("hidden-{login}-of-{}", database.name);
                database.execute(&format!(
                    "CREATE ROLE {user} LOGIN PASSWORD '{password}' IN ROLE {group}"
                ));
                let login = login.to_uppercase();
                set(&mut pairs, &format!("DATABASE_{login}_USER"), user);
                set(&mut pairs, &format!("DATABASE_{login}_PASSWORD"), password);
            }
        }
        Self::over(database, mail, pairs)
    }

    /// These settings, with a mail server that requires a password.
    pub fn over(database: &Database, mail: &MailServer, mut pairs: Vec<(String, String)>) -> Self {
        let password = format!("hidden-smtp-of-{}", database.name);
        for (name, value) in mail.smtp.settings() {
            set(&mut pairs, name, value);
        }
        for (name, value) in [
            ("SMTP_TLS", "implicit"),
            ("SMTP_CA_FILE", mail.authority.file()),
            ("SMTP_USER", "mailer"),
            ("SMTP_PASSWORD", &password),
            ("LOG", "debug"),
        ] {
            set(&mut pairs, name, value.to_owned());
        }
        let mut given = Self {
            pairs,
            secrets: BTreeSet::new(),
            _files: Vec::new(),
        };
        given.record();
        given.add(&STANDARD.encode(format!("\0mailer\0{password}")));
        given
    }

    /// Collects the values of all secrets among the settings.
    fn record(&mut self) {
        let is_secret = |name: &str| SETTINGS.iter().any(|known| known.secret && known.name == name);
        let values: Vec<String> = self
            .pairs
            .iter()
            .filter(|(name, _)| is_secret(name))
            .map(|(_, value)| value.clone())
            .collect();
        for value in values {
            // A document of keys is searched for by the lines of its private keys: their ids are public.
            if value == token_keys() {
                let lines = value.split(['\n', '"']).flat_map(|text| text.split("\\n"));
                lines
                    .filter(|line| line.len() >= 40)
                    .for_each(|line| self.add(line));
            } else {
                self.add(&value);
            }
        }
    }

    /// Adds a secret that must not be shown.
    pub fn add(&mut self, secret: &str) {
        // The password of a given server may be a common word.
        if secret.len() < 12 {
            return;
        }
        run_log::record_secret(secret);
        self.secrets.insert(secret.to_owned());
    }

    /// The same secrets, each in a file.
    pub fn in_files(mut self) -> Self {
        for (name, value) in &mut self.pairs {
            if SETTINGS.iter().any(|known| known.secret && known.name == name) {
                let file = TempFile::new("secret", value.as_bytes());
                *name += "_FILE";
                *value = file.path_str().to_owned();
                self._files.push(file);
            }
        }
        self
    }

    /// The settings of a service whose logins were issued.
    pub fn issued(database: &Database, mail: &MailServer, issuer: &Issuer<'_>) -> Self {
        let mut given = Self::over(database, mail, issuer.pairs());
        for (login, _) in LOGINS {
            let file = fs::read_to_string(issuer.folder().join(format!("{login}.json"))).unwrap();
            let issued: serde_json::Value = serde_json::from_str(&file).unwrap();
            given.add(issued["password"].as_str().unwrap());
        }
        given.in_files()
    }
}

fn set(pairs: &mut Vec<(String, String)>, name: &str, value: String) {
    pairs.retain(|(known, _)| known != name);
    pairs.push((name.to_owned(), value));
}

/// Header fields and body of a response as text.
fn text_of(what: &str, response: &Response) -> String {
    let body = String::from_utf8_lossy(&response.body);
    format!("{what}: {} {:?} {body}", response.status, response.headers)
}

/// Requests on both listeners, good and bad, for JSON and for a page.
fn responses(app: &App, token: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for accept in ["application/json", "text/html"] {
        for (method, path) in [
            ("GET", "/"),
            ("GET", QUERY),
            ("GET", "/rates"),
            ("GET", "/nothing/here"),
            ("POST", "/rates"),
            ("GET", "/auth/me"),
            ("GET", "/version"),
            ("GET", "/openapi.json"),
            ("GET", "/.well-known/jwks.json"),
            ("GET", "/health/ready"),
            ("GET", "/health/live"),
            ("GET", "/my/wishes"),
            ("GET", "/sign-in"),
            ("GET", "/confirm?token=unknown"),
            ("POST", "/sign-in"),
            ("POST", "/auth/login"),
            ("POST", "/wishes"),
        ] {
            let response = send(app.request(method, path).header("accept", accept));
            texts.push(text_of(path, &response));
            let authorized = app.request(method, path).header("accept", accept);
            texts.push(text_of(path, &send(authorized.bearer_auth(token))));
        }
    }
    let large = app
        .request("POST", "/auth/login")
        .header("content-type", "application/json");
    texts.push(text_of("large", &send(large.body("x".repeat(70_000)))));
    let foreign = app.request("GET", "/rates").header("host", "other.example");
    texts.push(text_of("foreign", &send(foreign)));
    let malformed = with_json(app.request("POST", "/auth/login"), r#"{"email": 1"#);
    texts.push(text_of("malformed", &send(malformed)));
    let wrong = try_log_in(app, "ann@example.org", "a wrong guess of some length");
    texts.push(text_of("login", &wrong));
    for path in ["/metrics", "/health/ready", "/health/startup", "/nothing"] {
        texts.push(text_of(path, &app.get_internal(path)));
    }
    texts
}

/// What a service has shown.
pub struct Shown {
    responses: Vec<String>,
    log: Vec<String>,
    errors: Vec<String>,
}

impl Shown {
    /// Checks that none of the secrets was shown.
    pub fn assert_hides(&self, secrets: &BTreeSet<String>) {
        assert!(secrets.len() >= 7 && self.responses.len() > 100);
        assert_no_secret_in("responses", &self.responses, secrets);
        assert_no_secret_in("log", &self.log, secrets);
        assert_no_secret_in("stderr", &self.errors, secrets);
    }
}

/// Serves with these settings, provokes errors that involve the secrets, and stops. Checks the process list and the environment.
/// `provoke` gets a function that uses each login until all are connected.
pub fn serve(
    database: &Database,
    mail: &MailServer,
    given: &Given,
    in_environment: bool,
    provoke: impl FnOnce(&ServiceProcess, &dyn Fn()),
) -> Shown {
    let serving = ServiceProcess::start(&given.pairs);
    let app = App::of_process(&serving);
    // With issued credentials it listens before it is ready.
    wait_for_status(200, PATIENCE, || app.get("/health/ready"));
    create_account(database, "ann@example.org", Role::User);
    let token = log_in(&app, "ann@example.org").access;
    let mut answers = responses(&app, &token);
    let browser = Browser::signed_in(&app, "ann@example.org", PASSWORD);
    answers.push(text_of("page", &browser.get("/my/wishes")));
    // The mail server refuses the password and repeats it.
    let echo = format!("535 5.7.8 hidden-smtp-of-{} is wrong", database.name);
    mail.smtp
        .set_behaviour(SmtpBehaviour::Rejects("AUTH", echo.leak()));
    let account = json!({"name": "Bea", "email": "bea@example.org", "password": PASSWORD});
    assert_eq!(post(&app, "/auth/register", &account).status, 202);
    serving.wait_for_line("refused with 535");
    // A column is missing.
    database.execute("ALTER TABLE sessions.sessions RENAME COLUMN account_id TO gone");
    answers.extend(responses(&app, &token));
    assert_eq!(get_as(&app, &token, "/auth/me").status, 500);
    database.execute("ALTER TABLE sessions.sessions RENAME COLUMN gone TO account_id");
    // Connections are opened when they are needed. Replaced credentials may be connected too until they are drained.
    let connect = || {
        let connected = "SELECT DISTINCT application_name AS line FROM pg_stat_activity
             WHERE datname = current_database() AND application_name LIKE 'portcullis-%'";
        wait_until_within(PATIENCE, "each login is connected", || {
            app.get(QUERY);
            get_as(&app, &token, "/wishes");
            database.lines(connected).len() >= LOGINS.len()
        });
    };
    provoke(&serving, &connect);
    // The server refuses the logins.
    connect();
    let users = "SELECT DISTINCT quote_ident(usename::text) AS line FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name LIKE 'portcullis-%'";
    for user in database.lines(users) {
        database.execute(&format!("ALTER ROLE {user} PASSWORD 'replaced-by-the-test'"));
    }
    database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'portcullis-%'",
    );
    serving.wait_for_line("password refused");
    answers.extend(responses(&app, &token));
    assert!(answers.iter().any(|text| text.contains(" 503 ")));
    serving.signal("-HUP");
    serving.wait_for_line("SIGHUP");
    let process = format!("/proc/{}", serving.pid());
    let arguments = fs::read_to_string(format!("{process}/cmdline")).unwrap();
    assert!(arguments.ends_with("portcullis\0serve\0"), "{arguments:?}");
    // Only a privileged user reads it, as another test shows.
    match fs::read_to_string(format!("{process}/environ")) {
        Ok(text) if in_environment => assert!(holds(&text, DATA_KEY), "what it was started with"),
        Ok(text) => assert_no_secret_in("environment", &[text], &given.secrets),
        Err(error) => assert_eq!(error.kind(), ErrorKind::PermissionDenied),
    }
    assert_eq!(
        children(serving.pid()),
        [0; 0],
        "a child would inherit the environment"
    );
    let errors = serving.stderr();
    serving.terminate();
    let (_code, log) = serving.wait();
    Shown {
        responses: answers,
        log,
        errors,
    }
}

/// The processes that this one has started and that still run.
fn children(pid: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().map_while(Result::ok);
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parent = |child: &u32| {
        let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields.to_owned());
        fields.and_then(|fields| fields.split_whitespace().nth(1)?.parse::<u32>().ok())
    };
    pids.filter(|child| parent(child) == Some(pid)).collect()
}
