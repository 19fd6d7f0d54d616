//! The development page that shows mails, and validation of the mail settings.

use crate::support::app::{App, send};
use crate::support::certificate_authority::CertificateAuthority;
use crate::support::database::{Database, settings};
use crate::support::mailbox::Mailbox;
use crate::support::outbox::insert;
use crate::support::program::{run, stderr};
use crate::support::temp_file::TempFile;
use portcullis::mail::kind::MailKind;

/// I4: In development, pages list the mails and show each with its links, its HTML part sandboxed.
#[test]
fn development_pages_show_mails() {
    let database = Database::fresh();
    let app = App::over(&database);
    let empty = app.get("/dev/mail");
    assert_eq!(empty.status, 200);
    assert!(empty.text().contains("No mails yet"), "{empty:?}");
    insert(&database, MailKind::Confirm, "ann@example.org");
    let mail = Mailbox::of(&database).wait("ann@example.org", "Confirm");
    insert(&database, MailKind::PasswordChanged, "bob@example.org");
    Mailbox::of(&database).wait("bob@example.org", "password");
    let list = app.get("/dev/mail");
    let (ann, bob) = (
        list.text().find("ann@example.org"),
        list.text().find("bob@example.org"),
    );
    assert!(bob.is_some() && bob < ann, "the newest is not first: {list:?}");
    let path = format!("/dev/mail/{}", mail.id);
    assert!(list.text().contains(&format!("href=\"{path}\"")), "{list:?}");
    let page = app.get(&path);
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    let link = format!(
        "<a href=\"http://127.0.0.1:3000/confirm?token={}\">",
        mail.token()
    );
    assert!(
        page.text().contains(&link) && page.text().contains("Hello Ann,"),
        "{page:?}"
    );
    assert!(page.header("cache-control").contains("no-store"));
    let html = app.get(&format!("{path}/html"));
    let policy = html.header("content-security-policy");
    assert!(
        policy.starts_with("sandbox; default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(
        html.text().contains(&mail.token()) && html.text().contains("<style>"),
        "{html:?}"
    );
}

/// I4: The pages show no other file, and answer 400 or 404 for invalid ids.
#[test]
fn only_mails_are_shown() {
    let database = Database::fresh();
    let app = App::over(&database);
    let elsewhere = TempFile::new("eml", "To: a\r\nSubject: b\r\nDate: c\r\n\r\nsecret");
    let name = elsewhere.path().file_stem().unwrap().to_str().unwrap();
    for id in [
        "00000000-0000-0000-0000-000000000000",
        "x",
        "..%2f..%2fetc%2fpasswd",
        &format!("..%2f{name}"),
        "%00",
    ] {
        for path in [format!("/dev/mail/{id}"), format!("/dev/mail/{id}/html")] {
            let response = app.get(&path);
            assert!(matches!(response.status, 400 | 404), "{path}: {response:?}");
            assert!(
                !String::from_utf8_lossy(&response.body).contains("secret"),
                "{path}"
            );
        }
    }
    assert_eq!(send(app.request("POST", "/dev/mail")).status, 405);
}

/// I4: In production, and with SMTP, these paths are 404.
#[test]
fn the_pages_exist_in_development_only() {
    let database = Database::not_created();
    let smtp = [
        ("MAIL_TRANSPORT", "smtp"),
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_TLS", "none"),
    ];
    let production = [
        ("PROFILE", "production"),
        ("DATABASE_SSLMODE", "verify-full"),
        ("MAIL_TRANSPORT", "folder"),
    ];
    for more in [smtp, production] {
        let app = App::start(&settings(database.pairs(), &more));
        let id = "00000000-0000-0000-0000-000000000000";
        for path in [
            "/dev/mail",
            &format!("/dev/mail/{id}"),
            &format!("/dev/mail/{id}/html"),
        ] {
            for method in ["GET", "POST", "OPTIONS"] {
                assert_eq!(
                    send(app.request(method, path)).status,
                    404,
                    "{method} {path} {more:?}"
                );
            }
        }
    }
}

/// I4, K1: Invalid mail settings end the program with code 78 and their name, never the password; production requires SMTP
/// over TLS.
#[test]
fn invalid_mail_settings_end_with_78_and_their_name() {
    let (no_certificate, authority) = (TempFile::new("pem", "nothing"), CertificateAuthority::new());
    let smtp = |more: &[(&'static str, &str)]| {
        let mut pairs = vec![
            ("MAIL_TRANSPORT", "smtp".to_owned()),
            ("SMTP_HOST", "mail.example".to_owned()),
        ];
        pairs.push(("SMTP_CA_FILE", authority.file().to_owned()));
        pairs.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        pairs
    };
    let production = [("PROFILE", "production"), ("DATABASE_SSLMODE", "verify-full")];
    let folder: Vec<_> = production.map(|(name, value)| (name, value.to_owned())).into();
    for (more, expected) in [
        (folder, "PORTCULLIS_MAIL_TRANSPORT: must be smtp in production"),
        (
            smtp(&[production[0], production[1], ("SMTP_TLS", "none")]),
            "PORTCULLIS_SMTP_TLS: must not be none in production",
        ),
        (
            smtp(&[("SMTP_CA_FILE", no_certificate.path_str())]),
            "PORTCULLIS_SMTP_CA_FILE: ",
        ),
        (
            smtp(&[("SMTP_CA_FILE", "/nowhere.pem")]),
            "PORTCULLIS_SMTP_CA_FILE: cannot read /nowhere.pem",
        ),
        (
            smtp(&[("SMTP_USER", "post"), ("SMTP_PASSWORD_FILE", "/nowhere")]),
            "PORTCULLIS_SMTP_PASSWORD: cannot read /nowhere",
        ),
        (
            smtp(&[
                ("SMTP_USER", "post"),
                ("SMTP_PASSWORD", "hush"),
                ("SMTP_TLS", "none"),
            ]),
            "PORTCULLIS_SMTP_USER: requires SMTP_TLS",
        ),
        (smtp(&[("SMTP_HOST", "a..b")]), "PORTCULLIS_SMTP_HOST: "),
        (
            smtp(&[("MAIL_FROM", "Pört <pört@example.org>")]),
            "PORTCULLIS_MAIL_FROM: ",
        ),
        (
            smtp(&[("MAIL_FROM", "P\nBcc: x <p@example.org>")]),
            "PORTCULLIS_MAIL_FROM: ",
        ),
    ] {
        let mut pairs = Database::not_created().pairs();
        pairs.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        pairs.extend(
            more.into_iter()
                .rev()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        let mut names = std::collections::HashSet::new();
        pairs.retain(|(name, _)| names.insert(name.clone()));
        let output = run(&["serve"], &pairs);
        let stderr = stderr(&output);
        assert!(
            output.status.code() == Some(78) && stderr.contains(expected),
            "{expected}: {stderr}"
        );
        assert!(!stderr.contains("hush"), "{stderr}");
    }
}
