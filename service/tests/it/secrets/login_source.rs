//! The setting that names the source of database credentials: what does not fit together is named at the start.

use crate::support::database::Database;
use crate::support::program::{run_on_platform, stderr};

/// The variables of Container Apps, and of AKS workload identity.
const MANAGED: [(&str, &str); 2] = [
    ("IDENTITY_ENDPOINT", "http://localhost:42356/msi/token"),
    ("IDENTITY_HEADER", "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a"),
];
const FEDERATED: [(&str, &str); 3] = [
    (
        "AZURE_FEDERATED_TOKEN_FILE",
        "/var/run/secrets/azure/tokens/azure-identity-token",
    ),
    ("AZURE_TENANT_ID", "8d9e1b3c-2f4a-4c6d-8e0f-1a2b3c4d5e6f"),
    ("AZURE_CLIENT_ID", "5e29463d-71da-4fe0-8e69-999b57db23b0"),
];

/// Settings without the password of any login of the service, and with these.
fn pairs(more: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs = Database::not_created().pairs();
    pairs.retain(|(name, _)| !name.ends_with("_PASSWORD"));
    pairs.extend(
        more.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    pairs
}

/// Runs `serve`, which must end with code 78 and one line that begins with `expected`, without a value that is set here.
fn assert_refused(variables: &[(&str, &str)], more: &[(&str, &str)], expected: &str) {
    let output = run_on_platform(variables, &["serve"], &pairs(more));
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(78), "{more:?}: {error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(
        error.starts_with(&format!("portcullis: {expected}")),
        "{more:?}: {error}, not {expected}"
    );
    assert!(!error.contains("7f3a"), "{error}");
}

/// K2: Credentials without a source end the program with code 78 and the name of the setting.
#[test]
fn credentials_without_a_source_are_named() {
    for (more, expected) in [
        (&[][..], "PORTCULLIS_DATABASE_RATES_PASSWORD: is not set"),
        (
            &[("DATABASE_CREDENTIALS", "")],
            "PORTCULLIS_DATABASE_CREDENTIALS: must be ",
        ),
        (
            &[("DATABASE_CREDENTIALS", "7f3a")],
            "PORTCULLIS_DATABASE_CREDENTIALS: must be ",
        ),
        (
            &[("DATABASE_CREDENTIALS", "files")],
            "PORTCULLIS_DATABASE_CREDENTIALS_FOLDER: is not set",
        ),
        (
            &[
                ("DATABASE_CREDENTIALS", "files"),
                ("DATABASE_CREDENTIALS_FOLDER", "issued-7f3a"),
            ],
            "PORTCULLIS_DATABASE_CREDENTIALS_FOLDER: must be an absolute path",
        ),
        (
            &[
                ("DATABASE_CREDENTIALS", "files"),
                ("DATABASE_CREDENTIALS_FOLDER", "/does/not/exist"),
            ],
            "PORTCULLIS_DATABASE_CREDENTIALS_FOLDER: cannot read /does/not/exist/rates.json",
        ),
        (
            &[("DATABASE_CREDENTIALS", "vault")],
            "PORTCULLIS_DATABASE_CREDENTIALS: requires PORTCULLIS_VAULT_ADDRESS",
        ),
        (
            &[("DATABASE_CREDENTIALS", "vault-static")],
            "PORTCULLIS_DATABASE_CREDENTIALS: requires PORTCULLIS_VAULT_ADDRESS",
        ),
        (
            &[("DATABASE_CREDENTIALS", "entra")],
            "PORTCULLIS_DATABASE_CREDENTIALS: entra requires an identity",
        ),
    ] {
        assert_refused(&[], more, expected);
    }
}

/// K2: Two sources for one login end the program with code 78 and the name of the second one.
#[test]
fn two_sources_of_credentials_are_named() {
    let folder = ("DATABASE_CREDENTIALS_FOLDER", "/issued-7f3a");
    for source in ["settings", "entra"] {
        assert_refused(
            &MANAGED,
            &[("DATABASE_CREDENTIALS", source), folder],
            "PORTCULLIS_DATABASE_CREDENTIALS_FOLDER: requires PORTCULLIS_DATABASE_CREDENTIALS=files",
        );
    }
    let files = [("DATABASE_CREDENTIALS", "files"), folder];
    for login in ["RATES", "INGEST", "ACCOUNTS", "WISHES", "MAIL", "DEMO"] {
        for suffix in ["", "_FILE"] {
            let name = format!("DATABASE_{login}_PASSWORD{suffix}");
            let expected =
                format!("PORTCULLIS_{name}: cannot be combined with PORTCULLIS_DATABASE_CREDENTIALS");
            let password = (name.as_str(), "secret-7f3a");
            assert_refused(&[], &[files[0], files[1], password], &expected);
            assert_refused(
                &MANAGED,
                &[("DATABASE_CREDENTIALS", "entra"), password],
                &expected,
            );
        }
    }
    let migrator = ("DATABASE_MIGRATOR_PASSWORD", "secret-7f3a");
    assert_refused(
        &MANAGED,
        &[("DATABASE_CREDENTIALS", "entra"), migrator],
        "PORTCULLIS_DATABASE_MIGRATOR_PASSWORD: cannot be combined with PORTCULLIS_DATABASE_CREDENTIALS",
    );
    for unused in [
        ("ENTRA_CLIENT_IDS", "rates=5e29463d-71da-4fe0-8e69-999b57db23b0"),
        ("ENTRA_RESOURCE", "https://ossrdbms-aad.database.chinacloudapi.cn"),
        ("ENTRA_CA_FILE", "/ca-7f3a.pem"),
    ] {
        let expected = format!(
            "PORTCULLIS_{}: requires PORTCULLIS_DATABASE_CREDENTIALS=entra",
            unused.0
        );
        assert_refused(&MANAGED, &[unused], &expected);
    }
}

/// K2: An identity of the platform that is incomplete or unsafe ends the program with code 78 and the name of the variable.
#[test]
fn an_unusable_identity_is_named() {
    let with = |base: &[(&'static str, &'static str)], name: &'static str, value: &'static str| {
        let mut variables = base.to_vec();
        variables.retain(|(other, _)| *other != name);
        variables.push((name, value));
        variables
    };
    let both = [&MANAGED[..], &FEDERATED].concat();
    for (variables, expected) in [
        (
            with(&MANAGED, "IDENTITY_HEADER", ""),
            "IDENTITY_HEADER: is not set",
        ),
        (
            with(&MANAGED, "IDENTITY_HEADER", "a\u{1}7f3a"),
            "IDENTITY_HEADER: must be ",
        ),
        (
            with(&MANAGED, "IDENTITY_ENDPOINT", "7f3a"),
            "IDENTITY_ENDPOINT: must be ",
        ),
        (
            with(&MANAGED, "IDENTITY_ENDPOINT", "http://7f3a.example/msi/token"),
            "IDENTITY_ENDPOINT: must be ",
        ),
        (
            with(&MANAGED, "IDENTITY_ENDPOINT", "http://10.0.0.1/msi/token"),
            "IDENTITY_ENDPOINT: must be ",
        ),
        (
            with(&MANAGED, "IDENTITY_ENDPOINT", "http://7f3a@localhost/msi"),
            "IDENTITY_ENDPOINT: must be ",
        ),
        (
            with(&MANAGED, "AZURE_CLIENT_ID", "7f3a"),
            "AZURE_CLIENT_ID: must be a UUID",
        ),
        (
            with(&FEDERATED, "AZURE_CLIENT_ID", ""),
            "AZURE_CLIENT_ID: is not set",
        ),
        (
            with(&FEDERATED, "AZURE_TENANT_ID", ""),
            "AZURE_TENANT_ID: must be ",
        ),
        (
            with(&FEDERATED, "AZURE_TENANT_ID", "../7f3a"),
            "AZURE_TENANT_ID: must be ",
        ),
        (
            with(&FEDERATED, "AZURE_FEDERATED_TOKEN_FILE", "7f3a"),
            "AZURE_FEDERATED_TOKEN_FILE: must be ",
        ),
        (
            with(&FEDERATED, "AZURE_AUTHORITY_HOST", "http://localhost/7f3a"),
            "AZURE_AUTHORITY_HOST: must be ",
        ),
        (
            both,
            "AZURE_FEDERATED_TOKEN_FILE: cannot be combined with IDENTITY_ENDPOINT",
        ),
    ] {
        assert_refused(&variables, &[("DATABASE_CREDENTIALS", "entra")], expected);
    }
}

/// K2: A token is sent only to a verified server; in development also to an address of this machine.
#[test]
fn a_token_requires_a_verified_server() {
    for (profile, mode) in [
        ("development", "disable"),
        ("development", "require"),
        ("development", "verify-ca"),
        ("production", "require"),
    ] {
        let settings = [
            ("DATABASE_CREDENTIALS", "entra"),
            ("PROFILE", profile),
            ("DATABASE_SSLMODE", mode),
            ("DATABASE_HOST", "db-7f3a.example"),
        ];
        assert_refused(
            &MANAGED,
            &settings,
            "PORTCULLIS_DATABASE_SSLMODE: must be verify-full",
        );
    }
}
