//! The secrets that a service is given appear in no response, metric, log or error text, and not in the process list.

use crate::support::accounts::{PASSWORD, create_account, get_as, log_in, post, try_log_in, with_json};
use crate::support::app::{App, send};
use crate::support::browser::Browser;
use crate::support::certificate_authority::CertificateAuthority;
use crate::support::database::{DATA_KEY, Database, settings, token_keys};
use crate::support::issued_logins::Issuer;
use crate::support::program::{ServiceProcess, run, stderr, stdout};
use crate::support::response::Response;
use crate::support::run_log;
use crate::support::sample_data::{QUERY, small};
use crate::support::secret_search::{assert_no_secret_in, holds};
use crate::support::smtp_server::{SmtpBehaviour, SmtpServer, Tls};
use crate::support::temp_file::TempFile;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis::config::setting_names::{PREFIX, SETTINGS};
use portcullis::types::role::Role;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;

/// The logins of `serve`, and their groups.
const LOGINS: [(&str, &str); 4] = [
    ("rates", "portcullis_rates_reader"),
    ("accounts", "portcullis_accounts_writer"),
    ("wishes", "portcullis_wishes_writer"),
    ("mail", "portcullis_mail_sender"),
];

/// A mail server that requires TLS, as a service with a password for it does.
struct MailServer {
    authority: CertificateAuthority,
    smtp: SmtpServer,
}

impl MailServer {
    fn start() -> Self {
        let authority = CertificateAuthority::new();
        let smtp = SmtpServer::start(Tls::Implicit(authority.server("127.0.0.1")));
        Self { authority, smtp }
    }
}

/// Settings, and the secrets among them or in their files.
struct Given {
    pairs: Vec<(String, String)>,
    secrets: BTreeSet<String>,
    _files: Vec<TempFile>,
}

impl Given {
    /// The settings of a service with secrets that no other test uses; `own_logins`: also the passwords of its logins.
    fn values(database: &Database, mail: &MailServer, own_logins: bool) -> Self {
        let mut pairs = database.pairs();
        let mut set = |name: &str, value: String| {
            pairs.retain(|(known, _)| known != name);
            pairs.push((name.to_owned(), value));
        };
        let hidden = |what: &str| format!("hidden-{what}-of-{}", database.name);
        for (name, value) in mail.smtp.settings() {
            set(name, value);
        }
        set("SMTP_TLS", "implicit".to_owned());
        set("SMTP_CA_FILE", mail.authority.file().to_owned());
        set("LOG", "debug".to_owned());
        set("SMTP_USER", "mailer".to_owned());
        set("SMTP_PASSWORD", hidden("smtp"));
        if own_logins {
            for (login, group) in LOGINS {
                let (user, password) = (format!("{}_own_{login}", database.name), hidden(login));
                database.execute(&format!(
                    "CREATE ROLE {user} LOGIN PASSWORD '{password}' IN ROLE {group}"
                ));
                set(&format!("DATABASE_{}_USER", login.to_uppercase()), user);
                set(&format!("DATABASE_{}_PASSWORD", login.to_uppercase()), password);
            }
        }
        let mut given = Self {
            pairs,
            secrets: BTreeSet::new(),
            _files: Vec::new(),
        };
        given.record();
        let login = format!("\0mailer\0{}", hidden("smtp"));
        given.add(&STANDARD.encode(login));
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

    fn add(&mut self, secret: &str) {
        // The password of a given server may be a common word.
        if secret.len() < 12 {
            return;
        }
        run_log::record_secret(secret);
        self.secrets.insert(secret.to_owned());
    }

    /// The same secrets, each in a file.
    fn in_files(mut self) -> Self {
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
    fn issued(database: &Database, mail: &MailServer, issuer: &Issuer<'_>) -> Self {
        let mut given = Self::values(database, mail, false);
        let of_issuer = issuer.pairs();
        given.pairs.retain(|(name, _)| {
            !name.starts_with("DATABASE_") || of_issuer.iter().any(|(known, _)| known == name)
        });
        let known: Vec<String> = given.pairs.iter().map(|(name, _)| name.clone()).collect();
        given
            .pairs
            .extend(of_issuer.into_iter().filter(|(name, _)| !known.contains(name)));
        for (login, _) in LOGINS {
            let file = fs::read_to_string(issuer.folder().join(format!("{login}.json"))).unwrap();
            let issued: serde_json::Value = serde_json::from_str(&file).unwrap();
            given.add(issued["password"].as_str().unwrap());
        }
        given.in_files()
    }
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

/// Serves with these settings, provokes errors that involve the secrets, stops, and searches whatever was shown.
fn assert_nothing_is_shown(database: &Database, mail: &MailServer, given: &Given, in_environment: bool) {
    let serving = ServiceProcess::start(&given.pairs);
    let app = App::of_process(&serving);
    serving.wait_for_line("\"ready to serve\"");
    create_account(database, "ann@example.org", Role::User);
    let token = log_in(&app, "ann@example.org").access;
    let mut shown = responses(&app, &token);
    let browser = Browser::signed_in(&app, "ann@example.org", PASSWORD);
    shown.push(text_of("page", &browser.get("/my/wishes")));
    // The mail server refuses the password and repeats it.
    let echo = format!("535 5.7.8 hidden-smtp-of-{} is wrong", database.name);
    mail.smtp
        .set_behaviour(SmtpBehaviour::Rejects("AUTH", echo.leak()));
    let account = json!({"name": "Bea", "email": "bea@example.org", "password": PASSWORD});
    assert_eq!(post(&app, "/auth/register", &account).status, 202);
    serving.wait_for_line("refused with 535");
    // A column is missing.
    database.execute("ALTER TABLE sessions.sessions RENAME COLUMN account_id TO gone");
    shown.extend(responses(&app, &token));
    assert_eq!(get_as(&app, &token, "/auth/me").status, 500);
    database.execute("ALTER TABLE sessions.sessions RENAME COLUMN gone TO account_id");
    // The server refuses the logins.
    let users = "SELECT DISTINCT usename::text AS line FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name LIKE 'portcullis-%'";
    let users = database.lines(users);
    assert!(users.len() >= LOGINS.len(), "{users:?}");
    for user in &users {
        database.execute(&format!("ALTER ROLE {user} PASSWORD 'replaced-by-the-test'"));
    }
    database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'portcullis-%'",
    );
    serving.wait_for_line("password refused");
    shown.extend(responses(&app, &token));
    assert!(shown.iter().any(|text| text.contains(" 503 ")));
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
    assert!(given.secrets.len() >= 7 && shown.len() > 100, "{}", shown.len());
    assert_no_secret_in("responses", &shown, &given.secrets);
    assert_no_secret_in("log", &log, &given.secrets);
    assert_no_secret_in("stderr", &errors, &given.secrets);
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

fn drop_logins(database: &Database) {
    for (login, _) in LOGINS {
        database.execute(&format!("DROP ROLE {}_own_{login}", database.name));
    }
}

/// V7: Secrets given as values are shown by the environment that the process was started with, and by nothing else.
#[test]
fn secrets_given_as_values_are_not_shown() {
    let (database, mail) = (Database::with_data(&small()), MailServer::start());
    let given = Given::values(&database, &mail, true);
    assert_nothing_is_shown(&database, &mail, &given, true);
    drop_logins(&database);
}

/// V7: Secrets given as files are shown by nothing.
#[test]
fn secrets_given_as_files_are_not_shown() {
    let (database, mail) = (Database::with_data(&small()), MailServer::start());
    let given = Given::values(&database, &mail, true).in_files();
    assert_nothing_is_shown(&database, &mail, &given, false);
    drop_logins(&database);
}

/// V7: Issued credentials are shown by nothing.
#[test]
fn issued_credentials_are_not_shown() {
    let (database, mail) = (Database::with_data(&small()), MailServer::start());
    let issuer = Issuer::new(&database);
    let given = Given::issued(&database, &mail, &issuer);
    assert_nothing_is_shown(&database, &mail, &given, false);
    issuer.revoke(0);
}

/// V7: `Debug` of the settings shows no secret, whether it is a value or a file.
#[test]
fn debug_of_the_settings_shows_no_secret() {
    let (database, mail) = (Database::not_created(), MailServer::start());
    let values = Given::values(&database, &mail, false);
    let parsed = settings(values.pairs.clone(), &[]);
    let listed: BTreeSet<&str> = parsed.secrets().map(|(name, _)| name).collect();
    let set = |name: &str| values.pairs.iter().any(|(known, _)| known == name);
    for secret in SETTINGS.iter().filter(|known| known.secret && set(known.name)) {
        assert!(
            listed.contains(secret.name),
            "{PREFIX}{} is not listed",
            secret.name
        );
    }
    let secrets = values.secrets.clone();
    let files = settings(values.in_files().pairs, &[]);
    let texts = [&parsed, &files].map(|parsed| format!("{parsed:?} {parsed:#?}"));
    assert!(texts[0].contains("[redacted]"), "{}", texts[0]);
    assert_no_secret_in("Debug", &texts, &secrets);
}

/// V7: A command that fails because of a setting, the database or its arguments prints no secret.
#[test]
fn failing_commands_print_no_secret() {
    let (database, mail) = (Database::not_created(), MailServer::start());
    let given = Given::values(&database, &mail, false);
    let commands: [&[&str]; 9] = [
        &["serve"],
        &["migrate", "status"],
        &["migrate", "prepare"],
        &["import", "/dev/null"],
        &["accounts", "list"],
        &["audit", "verify"],
        &["keys", "reseal"],
        &["healthcheck"],
        &["unknown"],
    ];
    let mut printed = Vec::new();
    for (name, value) in [
        ("DATABASE_PORT", "1"),
        ("DATABASE_PORT", "none"),
        ("DATABASE_HOST", "host.invalid"),
        ("DATA_KEY_FILE", "/nothing"),
        ("LISTEN", "192.0.2.1:1"),
    ] {
        let mut pairs = given.pairs.clone();
        pairs.retain(|(known, _)| known != name);
        pairs.push((name.to_owned(), value.to_owned()));
        for arguments in commands {
            // It would serve: all that is wrong is the database.
            if arguments == ["serve"]
                && matches!((name, value), ("DATABASE_PORT", "1") | ("DATABASE_HOST", _))
            {
                continue;
            }
            let output = run(arguments, &pairs);
            let succeeds = output.status.success();
            assert!(!succeeds || name == "LISTEN", "{arguments:?} with {name}={value}");
            printed.push(stdout(&output) + &stderr(&output));
        }
    }
    for expected in [
        "PORTCULLIS_DATABASE_PORT: ",
        "PORTCULLIS_DATA_KEY_FILE: ",
        "cannot connect",
        "unrecognized subcommand",
    ] {
        assert!(printed.iter().any(|text| text.contains(expected)), "{printed:?}");
    }
    assert!(!printed.iter().any(|text| text.contains("SMTP")), "{printed:?}");
    assert_no_secret_in("output", &printed, &given.secrets);
}
