//! Settings: every one is documented, and an invalid one is named without its value.

use crate::support::database::Database;
use crate::support::environment;
use crate::support::program::{run, run_with_bytes, stderr};
use crate::support::temp_file::TempFile;
use portcullis::config::Settings;
use portcullis::config::auth::RegistrationMode;
use portcullis::config::database::CredentialsSource;
use portcullis::config::deployment_profile::DeploymentProfile;
use portcullis::config::platform_variables::PLATFORM_VARIABLES;
use portcullis::config::setting_names::{PREFIX, SETTINGS};
use portcullis::config::source::Source;
use std::fmt::Write;
use std::path::PathBuf;

/// The error of the program with these settings. `healthcheck` validates all of them and needs nothing else.
fn error_of(arguments: &[&str], pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let output = run(arguments, &pairs);
    assert_eq!(output.status.code(), Some(78), "{pairs:?}: {}", stderr(&output));
    assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    stderr(&output)
}

/// K1, E16: An invalid value ends the program with code 78 and the name of the setting, never the value.
#[test]
fn an_invalid_value_ends_with_78_and_the_name_of_the_setting() {
    let invalid = [
        ("PROFILE", "testing-7f3a"),
        ("LISTEN", "localhost-7f3a"),
        ("INTERNAL_LISTEN", "127.0.0.1:7f3a"),
        ("LISTEN", "0.0.0.0:0"),
        ("INTERNAL_LISTEN", "[::]:0"),
        ("ALLOW_CLEARTEXT", "LISTEN, 7f3a"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, proxy-7f3a"),
        ("TRUSTED_PROXIES", "0.0.0.0/0"),
        ("TRUSTED_PROXIES", "::/0"),
        ("CLIENT_ADDRESS_SOURCE", "x-7f3a"),
        ("CLIENT_ADDRESS_SOURCE", "proxy-protocol"),
        ("ALLOWED_HOSTS", " , "),
        ("ALLOWED_HOSTS", "localhost,rates-7f3a.example:443"),
        ("ALLOWED_HOSTS", "localhost,*.rates-7f3a.example"),
        ("ALLOWED_HOSTS", "https://rates-7f3a.example,localhost"),
        ("ALLOWED_HOSTS", "localhost,rates 7f3a"),
        ("CORS_ORIGINS", "https://a.example/7f3a"),
        ("CORS_ORIGINS", "https://App-7f3a.example"),
        ("CORS_ORIGINS", "https://7f3a.example:443"),
        ("CORS_ORIGINS", "http://7f3a.example:80"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "null"),
        ("MAX_CONNECTIONS", "0"),
        ("CLIENT_TIMEOUT", "61"),
        ("KEEP_ALIVE_TIMEOUT", "0"),
        ("KEEP_ALIVE_TIMEOUT", "3601"),
        ("SHUTDOWN_DELAY", "601"),
        ("SHUTDOWN_GRACE", "-1"),
        ("BODY_LIMIT", "10485761"),
        ("RATE_LIMIT", "7f3a"),
        ("API_DOCS", "7f3a"),
        ("RATES_MAX_DAYS", "36601"),
        ("RATES_CACHE_SIZE", "4097"),
        ("PUBLIC_URL", "http://rates-7f3a.example"),
        ("PUBLIC_URL", "https://rates-7f3a.example/"),
        ("PUBLIC_URL", "https://user-7f3a@rates.example"),
        ("PUBLIC_URL", "https://localhost/7f3a"),
        ("PUBLIC_URL", "https://rates-7f3a.example"),
        ("DELETED_ACCOUNT_RETENTION", "0"),
        ("REGISTRATION", "7f3a"),
        ("SECOND_FACTOR", "7f3a"),
        ("PROOF_MAX_AGE", "59"),
        ("MAIL_RATE_PER_NETWORK", "0"),
        ("BREACHED_PASSWORDS", "breached-7f3a"),
        ("PASSWORD_WORDS", "acme,7f3"),
        ("DEMO", "7f3a"),
        ("DEMO", "open"),
        ("KEYS", "7f3a"),
        ("KEYS", "generated"),
        ("KEYS", "vault"),
        ("KEYS_POLL_INTERVAL", "51"),
        ("DATA_KEY", ""),
        ("TOKEN_KEYS", ""),
        ("TOKEN_ISSUER", "two words 7f3a"),
        ("TOKEN_AUDIENCE", ""),
        ("ACCESS_TOKEN_TTL", "29"),
        ("SESSION_MAX_AGE", "31536001"),
        ("SESSION_IDLE_TIMEOUT", "59"),
        ("HASH_THREADS", "0"),
        ("HASH_QUEUE", "10001"),
        ("HASH_QUEUE_TIMEOUT", "0"),
        ("HASH_MEMORY", "19455"),
        ("HASH_ITERATIONS", "1"),
        ("AUDIT_ANCHOR_FILE", "anchors-7f3a"),
        ("ACCESS_REQUESTS", "on"),
        ("ACCESS_VAULT_ROLE_ID", "7f3a"),
        ("ACCESS_VAULT_ROLE", "7f3a"),
        ("ACCESS_VAULT_SECRET_ID", ""),
        ("ACCESS_VAULT_WRAPPED_SECRET_ID", ""),
        ("ACCESS_VAULT_AUTH_MOUNT", "a/b"),
        ("ACCESS_VAULT_TOKEN_ROLE", ""),
        ("AUDIT_ANCHOR_INTERVAL", "0"),
        ("MAIL_TRANSPORT", "sendmail-7f3a"),
        ("MAIL_FROM", "nobody-7f3a"),
        ("MAIL_FOLDER", ""),
        ("MAIL_RETENTION", "366"),
        ("SMTP_HOST", "mail.example/7f3a"),
        ("SMTP_PORT", "0"),
        ("SMTP_TLS", "none"),
        ("SMTP_CA_FILE", ""),
        ("SMTP_USER", "ann-7f3a"),
        ("SMTP_PASSWORD", ""),
        ("DATABASE_HOST", ""),
        ("DATABASE_PORT", "65536"),
        ("DATABASE_NAME", ""),
        ("DATABASE_SSLMODE", "prefer"),
        ("DATABASE_SSLMODE", "disable"),
        ("DATABASE_CA_FILE", " "),
        ("DATABASE_POOL_SIZE", "101"),
        ("DATABASE_BATCHING", "true"),
        ("DATABASE_STREAM_POOL_SIZE", "1"),
        ("DATABASE_ACQUIRE_TIMEOUT", "0"),
        ("DATABASE_STATEMENT_TIMEOUT", "5s-7f3a"),
        ("DATABASE_CREDENTIALS", "7f3a"),
        ("DATABASE_CREDENTIALS", ""),
        ("DATABASE_CREDENTIALS_FOLDER", "/issued-7f3a"),
        ("ENTRA_CLIENT_IDS", "rates=7f3a"),
        ("ENTRA_RESOURCE", "http://7f3a.example"),
        ("ENTRA_RESOURCE", "https://7f3a.example"),
        ("ENTRA_CA_FILE", ""),
        ("DATABASE_RATES_USER", ""),
        ("DATABASE_RATES_PASSWORD", ""),
        ("DATABASE_INGEST_USER", ""),
        ("DATABASE_INGEST_PASSWORD", ""),
        ("DATABASE_ACCOUNTS_POOL_SIZE", "0"),
        ("DATABASE_ACCOUNTS_USER", ""),
        ("DATABASE_ACCOUNTS_PASSWORD", ""),
        ("DATABASE_WISHES_POOL_SIZE", "101"),
        ("DATABASE_WISHES_USER", ""),
        ("DATABASE_WISHES_PASSWORD", ""),
        ("DATABASE_MAIL_USER", ""),
        ("DATABASE_MAIL_PASSWORD", ""),
        ("DATABASE_DEMO_USER", ""),
        ("DATABASE_DEMO_PASSWORD", ""),
        ("DATABASE_MIGRATOR_USER", ""),
        ("DATABASE_MIGRATOR_PASSWORD", ""),
        ("DATABASE_ADMIN_USER", ""),
        ("DATABASE_ADMIN_PASSWORD", ""),
        ("DATABASE_VAULT_USER", ""),
        ("DATABASE_VAULT_PASSWORD", ""),
        ("UPLOADS", "7f3a"),
        ("LOG", "info,=7f3a="),
        ("OTLP_ENDPOINT", "ftp://collector-7f3a:4318"),
        ("OTLP_ENDPOINT", "https://user-7f3a@collector:4318"),
        ("OTLP_ENDPOINT", "http://192.0.2.10:4318/7f3a"),
        ("OTLP_CA_FILE", ""),
        ("LOG", "7f3a"),
        ("LOG", "inof,portcullis::db=debug"),
        ("LOG", "info,portcullis::7f3a"),
        ("TRACE_RATIO", "1.01"),
        ("VAULT_ADDRESS", "ftp://vault-7f3a"),
        ("VAULT_ADDRESS", "https://vault-7f3a/path"),
        ("VAULT_ADDRESS", "https://user-7f3a@vault"),
        ("VAULT_ADDRESS", "http://192.0.2.10:8200/?7f3a"),
        ("VAULT_CA_FILE", ""),
        ("VAULT_AUTH", "token-7f3a"),
        ("VAULT_AUTH_MOUNT", "/7f3a"),
        ("VAULT_ROLE_ID", "7f3a"),
        ("VAULT_SECRET_ID", ""),
        ("VAULT_WRAPPED_SECRET_ID", "s.7f3a"),
        ("VAULT_ROLE", "7f3a"),
        ("VAULT_JWT_FILE", "token-7f3a"),
        ("VAULT_DATABASE_MOUNT", "a/../7f3a"),
        ("VAULT_DATABASE_ROLE_PREFIX", "7f3a/"),
        ("VAULT_KV_MOUNT", ""),
        ("VAULT_KV_PREFIX", "7f3a?"),
    ];
    for (name, value) in invalid {
        let error = error_of(&["healthcheck"], &[(name, value)]);
        assert!(
            error.starts_with(&format!("portcullis: {PREFIX}{name}: ")),
            "{error}"
        );
        assert!(
            !error.contains("7f3a"),
            "the error holds the value of {name}: {error}"
        );
    }
    let is_tested = |key: &str| invalid.iter().any(|(name, _)| *name == key);
    let untested: Vec<_> = SETTINGS.iter().filter(|key| !is_tested(key.name)).collect();
    assert!(untested.is_empty(), "without an invalid value: {untested:?}");
}

/// E20, K1: In production PUBLIC_URL has no default, and registration is closed unless the setting opens it.
#[test]
fn production_has_no_public_url_and_no_registration_by_default() {
    let mut pairs = Database::not_created().pairs();
    pairs.retain(|(name, _)| {
        !["PROFILE", "DATABASE_SSLMODE", "REGISTRATION", "MAIL_FOLDER"].contains(&name.as_str())
    });
    pairs.push(("MAIL_TRANSPORT".into(), "smtp".into()));
    pairs.push(("SMTP_HOST".into(), "mail.example".into()));
    let output = run(&["serve"], &pairs);
    assert_eq!(output.status.code(), Some(78));
    assert_eq!(
        stderr(&output),
        "portcullis: PORTCULLIS_PUBLIC_URL: is not set; production has no default\n"
    );
    let parse = |more: &[(&str, &str)]| {
        let more = more
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::parse(&Source::of(pairs.iter().cloned().chain(more)).unwrap())
            .unwrap()
            .auth
    };
    assert_eq!(parse(&[]).registration, RegistrationMode::Closed);
    assert_eq!(
        parse(&[("REGISTRATION", "first-admin")]).registration,
        RegistrationMode::FirstAdmin
    );
    let development = parse(&[("PROFILE", "development")]);
    assert_eq!(development.registration, RegistrationMode::FirstAdmin);
    assert_eq!(development.public_url, "http://127.0.0.1:3000");
}

/// K1: An unknown setting ends the program with code 78 and its name.
#[test]
fn an_unknown_setting_ends_with_78_and_its_name() {
    for unknown in [
        "DATABASE_PASSWORT",
        "listen",
        "LISTEN_FILE",
        "DATABASE_RATES_PASSWORD_FILE_FILE",
        "",
    ] {
        let error = error_of(&["healthcheck"], &[(unknown, "7f3a")]);
        assert!(
            error.contains(&format!("{PREFIX}{unknown}: no such setting")) && !error.contains("7f3a"),
            "{error}"
        );
    }
    let output = run_with_bytes(&["healthcheck"], "PORTCULLIS_LISTEN", b"\xff\xfe");
    assert_eq!(
        (
            output.status.code(),
            stderr(&output).contains("PORTCULLIS_LISTEN: is not UTF-8")
        ),
        (Some(78), true)
    );
}

/// K1: A secret cannot be set both directly and by a file.
#[test]
fn a_secret_and_its_file_exclude_each_other() {
    let file = TempFile::new("secret", "from-the-file\n");
    for key in SETTINGS.iter().filter(|key| key.secret) {
        let name = format!("{}_FILE", key.name);
        let error = error_of(
            &["healthcheck"],
            &[(key.name, "hush-7f3a"), (&name, file.path_str())],
        );
        assert!(
            error.contains(&format!("{PREFIX}{name}: cannot be combined with")) && !error.contains("7f3a"),
            "{error}"
        );
    }
}

/// K1: Each command names the password that it lacks, or the file that it cannot read.
#[test]
fn a_missing_password_is_named_by_the_command_that_needs_it() {
    let commands: [(&[&str], &str); 5] = [
        (&["serve"], "RATES"),
        (&["import", "x.csv"], "INGEST"),
        (&["migrate"], "MIGRATOR"),
        (&["migrate", "status"], "MIGRATOR"),
        (&["migrate", "prepare"], "ADMIN"),
    ];
    for (arguments, login) in commands {
        let name = format!("DATABASE_{login}_PASSWORD");
        assert!(error_of(arguments, &[]).contains(&format!("{PREFIX}{name}: is not set")));
        let file = format!("{name}_FILE");
        let error = error_of(arguments, &[(&file, "/nowhere/7f3a")]);
        assert!(error.contains(&format!("{PREFIX}{file}: cannot read")), "{error}");
        let empty = TempFile::new("secret", "\n");
        assert!(error_of(arguments, &[(&file, empty.path_str())]).contains("is empty"));
    }
}

/// K1: A settings file holds the same settings in lower case, its errors are named, and the environment takes precedence.
#[test]
fn a_settings_file_is_read_and_its_errors_are_named() {
    let check = |text: &str, pairs: &[(&str, &str)]| {
        let file = TempFile::new("toml", text);
        error_of(&["--config", file.path_str(), "healthcheck"], pairs)
    };
    assert!(check("rate_limit = 0\n", &[]).contains("PORTCULLIS_RATE_LIMIT: "));
    assert!(check("nonsense = 'x7f3a'\n", &[]).contains("PORTCULLIS_NONSENSE: no such setting"));
    assert!(check("LISTEN = '127.0.0.1:1'\n", &[]).contains("lower case"));
    assert!(check("listen = ['a']\n", &[]).contains("PORTCULLIS_LISTEN: must be a string or a number"));
    let error = check("database_rates_password = 'hush-7f3a\n", &[]);
    assert!(
        error.contains("is not TOML") && !error.contains("7f3a"),
        "{error}"
    );
    assert!(check("rate_limit = 5\n", &[("RATE_LIMIT", "0")]).contains("PORTCULLIS_RATE_LIMIT: "));
    let error = error_of(&["--config", "/nowhere/settings.toml", "healthcheck"], &[]);
    assert!(error.contains("/nowhere/settings.toml"), "{error}");
    // Valid in the file, and valid in the environment over an invalid one: the command gets as far as finding no service (1).
    let file = TempFile::new(
        "toml",
        "listen = '127.0.0.1:1'\nrate_limit = 0\ntrace_ratio = 0.5\n",
    );
    let output = run(
        &["--config", file.path_str(), "healthcheck"],
        &[("RATE_LIMIT".into(), "7".into())],
    );
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}

/// K1: The defaults are valid and secure.
#[test]
fn the_defaults_are_valid_and_secure() {
    let settings = Settings::parse(&Source::of([]).unwrap()).unwrap();
    assert!(settings.server.listen.ip().is_loopback() && settings.server.internal_listen.ip().is_loopback());
    assert_eq!(settings.profile, DeploymentProfile::Production);
    assert_eq!(settings.database.ssl_mode.as_str(), "verify-full");
    assert!(settings.server.cors_origins.is_empty());
    let logins = [
        &settings.database.rates,
        &settings.database.ingest,
        &settings.database.migrator,
        &settings.database.admin,
    ];
    assert!(
        logins
            .iter()
            .all(|login| matches!(login.source, CredentialsSource::Password(None))),
        "no secret has a default"
    );
    assert!(SETTINGS.iter().all(|key| key.secret == key.default.is_none()));
}

/// K1: `docs/settings.md` equals the settings in the code; `UPDATE_DOCS=1` updates it.
#[test]
fn the_documented_settings_equal_those_in_the_code() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/settings.md");
    let generated = generate_document();
    if environment::update_docs() {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "docs/settings.md is out of date: run the tests once with UPDATE_DOCS=1"
    );
    assert!(
        SETTINGS
            .iter()
            .all(|key| !key.doc.is_empty() && committed.contains(&format!("`{PREFIX}{}`", key.name)))
    );
}

/// The content of `docs/settings.md`.
fn generate_document() -> String {
    let mut text = "# Settings\n\n\
        Each setting is an environment variable, or a key of a TOML file given with `--config FILE`, there in lower case\n\
        and without the prefix: `listen = \"0.0.0.0:3000\"`. Environment variables take precedence. A secret `X` can be set\n\
        directly or by `X_FILE`, the path of a file that holds it, but not both. An unknown setting or an invalid value\n\
        ends the program with exit code 78 and an error that names the setting, never its value.\n\n\
        This file is generated from `service/src/config/setting_names.rs`. A test compares the two, and updates the file\n\
        when it runs with `UPDATE_DOCS=1`.\n\n\
        | setting | default | description |\n| --- | --- | --- |\n"
        .to_owned();
    for key in SETTINGS {
        let default = match key.default {
            None => "none".to_owned(),
            Some("") => "empty".to_owned(),
            Some(default) => format!("`{default}`"),
        };
        let secret = if key.secret { " (secret)" } else { "" };
        writeln!(
            text,
            "| `{PREFIX}{}`{secret} | {default} | {} |",
            key.name, key.doc
        )
        .unwrap();
    }
    text += "\n## Variables of the platform\n\n\
        Only `PORTCULLIS_DATABASE_CREDENTIALS=entra` reads them. They have no prefix, and are not keys of a settings file.\n\n\
        | variable | description |\n| --- | --- |\n";
    for (name, doc) in PLATFORM_VARIABLES {
        writeln!(text, "| `{name}` | {doc} |").unwrap();
    }
    text
}
