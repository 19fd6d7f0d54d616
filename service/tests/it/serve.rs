//! `portcullis serve` and `healthcheck`: start, shutdown and exit codes.

use crate::support::app::App;
use crate::support::certificate_authority::CertificateAuthority;
use crate::support::database::Database;
use crate::support::program::{ServiceProcess, run, stderr};
use crate::support::sample_data::small;
use crate::support::temp_file::TempFile;
use std::net::TcpListener;

/// K1: A port that is in use ends the program with code 1 and the address.
#[test]
fn a_port_in_use_ends_with_1_and_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    for key in ["LISTEN", "INTERNAL_LISTEN"] {
        let mut pairs = Database::not_created().pairs();
        pairs.retain(|(name, _)| name != key);
        pairs.push((key.to_owned(), address.clone()));
        let output = run(&["serve"], &pairs);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(
            stderr(&output).contains(&format!("PORTCULLIS_{key}: cannot listen on {address}")),
            "{}",
            stderr(&output)
        );
    }
}

/// The error of `serve` with another value of a setting, which is invalid.
fn refused(key: &str, value: &str, more: &[(&str, &str)]) -> String {
    let mut pairs = Database::not_created().pairs();
    pairs.retain(|(name, _)| name != key);
    let given = [(key, value)];
    let given = given.iter().chain(more);
    pairs.extend(given.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let output = run(&["serve"], &pairs);
    assert_eq!(output.status.code(), Some(78), "{key}: {}", stderr(&output));
    stderr(&output)
}

/// K1: An address that the machine does not have, and files that are none, end the program with code 78 and their settings.
#[test]
fn what_only_a_running_service_can_check_is_named_as_well() {
    for key in ["LISTEN", "INTERNAL_LISTEN"] {
        let more = [("ALLOW_CLEARTEXT", "LISTEN,INTERNAL_LISTEN")];
        let error = refused(key, "192.0.2.1:1", &more);
        assert!(
            error.contains(&format!("PORTCULLIS_{key}: cannot listen on 192.0.2.1:1")),
            "{error}"
        );
    }
    let no_certificate = TempFile::new("pem", "hello\n");
    for (file, reason) in [
        ("/nowhere/ca.pem", "cannot read"),
        (no_certificate.path_str(), "no certificate"),
    ] {
        let error = refused("DATABASE_CA_FILE", file, &[("DATABASE_SSLMODE", "verify-ca")]);
        assert!(
            error.contains("PORTCULLIS_DATABASE_CA_FILE: ") && error.contains(reason),
            "{error}"
        );
    }
    for device in ["/dev/full", "/dev/zero"] {
        let error = refused("AUDIT_ANCHOR_FILE", device, &[]);
        assert!(
            error.contains("PORTCULLIS_AUDIT_ANCHOR_FILE: ") && error.contains("not a regular file"),
            "{error}"
        );
    }
}

/// A5: `healthcheck`, for images without a shell, exits with 0 when the service is ready and 1 otherwise.
#[test]
fn healthcheck_exits_with_0_when_ready_and_1_otherwise() {
    let database = Database::with_data(&small());
    let check = |address: String| {
        let output = run(
            &["healthcheck"],
            &[
                ("LISTEN".to_owned(), address),
                ("ALLOW_CLEARTEXT".to_owned(), "LISTEN".to_owned()),
            ],
        );
        (output.status.code(), stderr(&output))
    };
    let app = App::over(&database);
    assert_eq!(check(app.address.to_string()), (Some(0), String::new()));
    assert_eq!(check(format!("0.0.0.0:{}", app.address.port())).0, Some(0));
    let not_ready = App::start(&Database::not_created().settings(&[("DATABASE_ACQUIRE_TIMEOUT", "200")]));
    let (code, stderr) = check(not_ready.address.to_string());
    assert!(
        code == Some(1) && stderr.contains("not ready: HTTP/1.1 503"),
        "{stderr}"
    );
    let (code, stderr) = check("127.0.0.1:1".to_owned());
    assert!(code == Some(1) && stderr.contains("no response"), "{stderr}");
}

/// The settings of a production service with a mail server, over a database that need not exist.
fn production(authority: &CertificateAuthority, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs = Database::not_created().pairs();
    let given = [
        ("PROFILE", "production"),
        ("DATABASE_SSLMODE", "verify-full"),
        ("PUBLIC_URL", "https://localhost"),
        ("REGISTRATION", "closed"),
        ("MAIL_TRANSPORT", "smtp"),
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_CA_FILE", authority.file()),
    ];
    let given = given.iter().chain(more);
    pairs.extend(given.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    pairs
}

/// O14: In production one WARN line says that clients reach the service over a network without TLS and without a trusted
/// proxy; there is none on the loopback interface, or behind a trusted proxy.
#[test]
fn production_warns_when_it_is_exposed_without_a_trusted_proxy() {
    let authority = CertificateAuthority::new();
    for (more, expected) in [
        (vec![("LISTEN", "0.0.0.0:0"), ("ALLOW_CLEARTEXT", "LISTEN")], 1),
        (vec![("LISTEN", "[::]:0"), ("ALLOW_CLEARTEXT", "LISTEN")], 1),
        (vec![("LISTEN", "0.0.0.0:0"), ("TRUSTED_PROXIES", "10.0.0.1")], 0),
        (vec![("LISTEN", "127.0.0.1:0")], 0),
        (vec![("LISTEN", "[::1]:0")], 0),
        (vec![("LISTEN", "0.0.0.0:0"), ("PROFILE", "development")], 0),
    ] {
        let serving = ServiceProcess::start(&production(&authority, &more));
        serving.wait_for_line("\"ready to serve\"");
        let warnings = serving
            .log()
            .into_iter()
            .filter(|line| line.contains("TRUSTED_PROXIES"));
        let warnings: Vec<_> = warnings.collect();
        assert_eq!(warnings.len(), expected, "{more:?}: {warnings:?}");
        assert!(
            warnings.iter().all(|line| line.contains("\"WARN\"")),
            "{warnings:?}"
        );
    }
}

/// K8: In production the service does not start where traffic beyond the loopback interface would be unencrypted, unless a
/// setting permits it by name.
#[test]
fn production_keeps_cleartext_on_the_machine() {
    let authority = CertificateAuthority::new();
    let check = |more: &[(&str, &str)]| {
        // Validates all settings.
        let output = run(&["healthcheck"], &production(&authority, more));
        (output.status.code(), stderr(&output))
    };
    let exposed = [
        ("LISTEN", "0.0.0.0:1"),
        ("LISTEN", "192.0.2.1:1"),
        ("INTERNAL_LISTEN", "[::]:1"),
        ("OTLP_ENDPOINT", "http://192.0.2.10:4318"),
        ("OTLP_ENDPOINT", "http://collector.example:4318"),
        ("OTLP_ENDPOINT", "http://localhost.example:4318"),
    ];
    for (name, value) in exposed {
        let local = [("LISTEN", "127.0.0.1:1")];
        let with =
            |more: &[(&'static str, &'static str)]| check(&[&local[..], &[(name, value)], more].concat());
        let (code, stderr) = with(&[]);
        assert_eq!(code, Some(78), "{name}={value}: {stderr}");
        assert!(
            stderr.contains(&format!("PORTCULLIS_{name}: must be ")),
            "{stderr}"
        );
        assert!(stderr.contains("PORTCULLIS_ALLOW_CLEARTEXT"), "{stderr}");
        let allowed = if name == "LISTEN" {
            "LISTEN"
        } else {
            "INTERNAL_LISTEN, OTLP_ENDPOINT"
        };
        // The settings are valid; nothing listens.
        assert_eq!(with(&[("ALLOW_CLEARTEXT", allowed)]).0, Some(1));
        assert_eq!(with(&[("PROFILE", "development")]).0, Some(1));
        let behind_proxy = with(&[("TRUSTED_PROXIES", "10.0.0.1")]).0;
        assert_eq!(
            behind_proxy,
            Some(if name == "LISTEN" { 1 } else { 78 }),
            "{name}"
        );
    }
    for (name, value) in [
        ("LISTEN", "[::1]:1"),
        ("INTERNAL_LISTEN", "127.9.9.9:1"),
        ("OTLP_ENDPOINT", "http://localhost:4318"),
        ("OTLP_ENDPOINT", "http://[::1]:4318"),
        ("OTLP_ENDPOINT", "https://collector.example"),
    ] {
        let (code, stderr) = check(&[("LISTEN", "127.0.0.1:1"), (name, value)]);
        assert_eq!(code, Some(1), "{name}={value}: {stderr}");
    }
}

/// K7: In production the service does not start without verified TLS to the database, nor with less of it.
#[test]
fn production_requires_tls_to_the_database() {
    for mode in ["disable", "require", "verify-ca"] {
        let mut pairs = Database::not_created().pairs();
        pairs.retain(|(name, _)| name != "PROFILE" && name != "DATABASE_SSLMODE");
        pairs.push(("DATABASE_SSLMODE".to_owned(), mode.to_owned()));
        let output = run(&["serve"], &pairs);
        assert_eq!(output.status.code(), Some(78), "{mode}: {}", stderr(&output));
        let expected = "PORTCULLIS_DATABASE_SSLMODE: must be verify-full in production";
        assert!(stderr(&output).contains(expected), "{mode}: {}", stderr(&output));
    }
}
