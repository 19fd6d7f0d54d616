//! The settings with which `terraform/` runs the service on Azure, and what its lists have in common with the service and the documents.

/// The alerts, and the documents about them.
mod alerts;

/// What the policies assume about the service.
mod policies;

use crate::support::program::{run_on_platform, stderr};
use std::collections::BTreeSet;

const APP: &str = include_str!("../../../../terraform/modules/app/main.tf");
const ROLES: &str = include_str!("../../../../docs/database-roles.md");

/// The values that the code takes from variables and from Azure.
const EXAMPLES: [(&str, &str); 13] = [
    ("TRUSTED_PROXIES", "100.100.0.0/17,10.22.0.0/26"),
    ("PUBLIC_URL", "https://rates.example.org"),
    (
        "ALLOWED_HOSTS",
        "rates.example.org,ca--r1.example.azurecontainerapps.io",
    ),
    ("SHUTDOWN_DELAY", "15"),
    ("SHUTDOWN_GRACE", "20"),
    ("MAIL_FROM", "Rates <rates@example.org>"),
    ("SMTP_HOST", "mail.example.org"),
    ("SMTP_PORT", "465"),
    ("SMTP_TLS", "implicit"),
    ("SMTP_USER", "portcullis"),
    ("DATABASE_HOST", "psql.postgres.database.azure.com"),
    ("DATABASE_NAME", "portcullis"),
    ("ENTRA_CLIENT_IDS", "rates=00000000-0000-0000-0000-000000000001"),
];

/// What the code calls `local.NAME = VALUE`, without quotes.
fn local(name: &str) -> &'static str {
    let start = format!("{name} = ");
    let value = APP.lines().find_map(|line| line.trim().strip_prefix(&start));
    value.unwrap().trim_matches('"')
}

fn settings() -> Vec<(String, String)> {
    let lines = APP
        .lines()
        .filter_map(|line| line.trim().strip_prefix("PORTCULLIS_"));
    let pair = |line: &str| {
        let (name, code) = line.split_once('=').unwrap();
        let (name, code) = (name.trim(), code.split(" #").next().unwrap().trim());
        let example = EXAMPLES.iter().find(|(example, _)| *example == name);
        let value = match example {
            Some((_, value)) => (*value).to_owned(),
            None => code
                .trim_matches('"')
                .replace("${local.port}", local("port"))
                .replace("${local.secrets_folder}", local("secrets_folder")),
        };
        (name.to_owned(), value)
    };
    lines.map(pair).collect()
}

/// L4, K1: `serve` accepts the settings of the app in production: the first thing that is missing is a secret's file.
#[test]
fn the_settings_of_the_container_app_are_valid_in_production() {
    let settings = settings();
    assert!(settings.len() > 20, "{settings:?}");
    let platform = [
        ("IDENTITY_ENDPOINT", "http://127.0.0.1:1/msi/token"),
        ("IDENTITY_HEADER", "none"),
    ];
    let output = run_on_platform(&platform, &["serve"], &settings);
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(78), "{error}");
    assert!(error.contains("_FILE: cannot read /secrets/"), "{error}");
}

/// L4: The port of ingress and probes is the one that the service listens on; no other listener leaves the loopback interface.
#[test]
fn the_container_app_exposes_the_public_listener_only() {
    let settings = settings();
    let named = |name: &str| settings.iter().find(|(setting, _)| setting == name);
    let listen = named("LISTEN").map(|(_, value)| value.as_str());
    assert_eq!(listen, Some(format!("0.0.0.0:{}", local("port")).as_str()));
    assert_eq!(named("INTERNAL_LISTEN"), None);
    let assigned = |line: &'static str| {
        line.split_once('=')
            .map(|(name, value)| (name.trim(), value.trim()))
    };
    let ports = APP.lines().filter_map(assigned);
    let ports: Vec<_> = ports
        .filter(|(name, _)| ["port", "target_port"].contains(name))
        .collect();
    // The local value, the ingress and three probes.
    assert_eq!(ports.len(), 5);
    for (name, value) in ports {
        assert!(["local.port", local("port")].contains(&value), "{name} = {value}");
    }
}

/// L4: Each login of `serve` has an identity: those that docs/database-roles.md names, without the demo's.
#[test]
fn each_login_of_the_service_has_an_identity() {
    let rows = ROLES
        .lines()
        .filter_map(|line| line.strip_prefix("| `portcullis_"));
    let logins = rows.filter_map(|row| {
        let mut cells = row.split(" | ");
        let (login, users) = (cells.next()?.trim_end_matches('`'), cells.next()?);
        let serves = users.split(", ").next() == Some("`serve`");
        (serves && !users.contains("only with the demo")).then_some(login)
    });
    let identities = local("logins");
    let identities = identities.strip_prefix("toset([").unwrap();
    let identities = identities.trim_end_matches("])").split(", ");
    let identities: BTreeSet<&str> = identities.map(|name| name.trim_matches('"')).collect();
    assert_eq!(logins.collect::<BTreeSet<_>>(), identities);
}
