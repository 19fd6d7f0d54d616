//! Delivery over SMTP: TLS and authentication.

use crate::support::certificate_authority::CertificateAuthority;
use crate::support::smtp_client::{message, send, settings, transport_error};
use crate::support::smtp_server::{SmtpBehaviour, SmtpServer, Tls};
use crate::support::temp_file::TempFile;
use mail_parser::{MessageParser, MimeHeaders};
use portcullis::config::mail::{SmtpSettings, SmtpTls};
use portcullis::config::secret::SecretSource;
use portcullis::mail::delivery_error::DeliveryError;
use portcullis::mail::smtp::Smtp;

/// I1: A mail sent over implicit TLS has the header fields, text and HTML that were written, read by a third-party parser.
#[test]
fn a_mail_arrives_complete_over_implicit_tls() {
    let authority = CertificateAuthority::new();
    let server = SmtpServer::start(Tls::Implicit(authority.server("127.0.0.1")));
    assert_eq!(
        send(settings(&server, SmtpTls::Implicit, Some(authority.file()))),
        Ok(())
    );
    let [mail] = server.mails().try_into().unwrap();
    assert!(mail.secure && mail.login.is_none() && server.plaintext_lines().is_empty());
    assert_eq!(
        (mail.from.as_str(), mail.to),
        ("post@rates.example", vec!["ann@example.org".to_owned()])
    );
    assert!(mail.data.is_ascii(), "{}", mail.data);
    let read = MessageParser::default().parse(&mail.data).unwrap();
    assert_eq!(read.subject(), Some("Confirm your address"));
    assert_eq!(
        read.message_id(),
        Some("00000000-0000-0000-0000-000000000007@rates.example")
    );
    assert_eq!(
        read.to().unwrap().first().unwrap().name(),
        Some("Þórunn Ágústsdóttir")
    );
    assert_eq!(
        read.from().unwrap().first().unwrap().address(),
        Some("post@rates.example")
    );
    assert_eq!(read.date().unwrap().to_rfc3339(), "2026-11-02T09:05:00Z");
    assert_eq!(
        read.header_raw("Auto-Submitted").map(str::trim),
        Some("auto-generated")
    );
    assert_eq!(
        read.body_text(0).unwrap().replace('\r', ""),
        message().content.text
    );
    assert_eq!(
        read.body_html(0).unwrap().replace('\r', ""),
        message().content.html
    );
    assert_eq!(read.content_type().unwrap().subtype(), Some("alternative"));
}

/// I1: With STARTTLS nothing but EHLO and STARTTLS is sent unencrypted; a changed password file takes effect with the next
/// mail.
#[test]
fn a_mail_arrives_over_starttls_and_nothing_of_it_is_sent_before() {
    let authority = CertificateAuthority::new();
    let server = SmtpServer::start(Tls::Upgraded(authority.server("127.0.0.1")));
    let mut with_login = settings(&server, SmtpTls::StartTls, Some(authority.file()));
    let password = TempFile::new("password", "first\n");
    with_login.login = Some(("post".to_owned(), SecretSource::File(password.path().to_owned())));
    let smtp = Smtp::new(with_login, "rates.example").unwrap();
    assert_eq!(smtp.send(&message()), Ok(()));
    std::fs::write(password.path(), "second\n").unwrap();
    assert_eq!(smtp.send(&message()), Ok(()));
    let passwords = ["first", "second"].map(|password| Some(("post".to_owned(), password.to_owned())));
    let mails = server.mails();
    assert_eq!(
        mails.iter().map(|mail| mail.login.clone()).collect::<Vec<_>>(),
        passwords
    );
    assert!(mails.iter().all(|mail| mail.secure));
    assert_eq!(
        server.plaintext_lines(),
        ["EHLO rates.example", "STARTTLS"].repeat(2)
    );
}

/// I1: Where STARTTLS is not offered or fails, neither the mail nor the password is sent (STARTTLS stripping).
#[test]
fn without_starttls_no_mail_is_sent() {
    let server = SmtpServer::start(Tls::Never);
    let mut with_login = settings(&server, SmtpTls::StartTls, None);
    with_login.login = Some(("post".to_owned(), SecretSource::Value("hush".into())));
    assert_eq!(send(with_login), transport_error("starttls: not offered"));
    let authority = CertificateAuthority::new();
    let refusing = SmtpServer::start_at(
        "127.0.0.1:0".parse().unwrap(),
        Tls::Upgraded(authority.server("127.0.0.1")),
        SmtpBehaviour::Rejects("STARTTLS", "454 4.7.0 later"),
    );
    let settings = settings(&refusing, SmtpTls::StartTls, Some(authority.file()));
    assert_eq!(
        send(settings),
        transport_error("starttls: refused with 454 4.7.0")
    );
    for server in [server, refusing] {
        let unencrypted = server.plaintext_lines();
        assert!(
            unencrypted
                .iter()
                .all(|line| line.starts_with("EHLO") || line == "STARTTLS" || line == "QUIT"),
            "{unencrypted:?}"
        );
        assert!(server.mails().is_empty());
    }
}

/// I1: A response that was injected before the TLS handshake is detected (STARTTLS injection).
#[test]
fn a_response_injected_before_tls_is_detected() {
    let authority = CertificateAuthority::new();
    let server = SmtpServer::start(Tls::Upgraded(authority.server("127.0.0.1")));
    server.set_behaviour(SmtpBehaviour::InjectsBeforeTls);
    let sent = send(settings(&server, SmtpTls::StartTls, Some(authority.file())));
    assert_eq!(sent, transport_error("starttls: unexpected reply"));
    assert!(server.mails().is_empty());
}

/// I1: A certificate of an untrusted authority or for another host is rejected, with implicit TLS and with STARTTLS.
#[test]
fn a_certificate_of_another_authority_or_host_is_rejected() {
    let (ours, other) = (CertificateAuthority::new(), CertificateAuthority::new());
    for (signed_by, name) in [(&other, "127.0.0.1"), (&ours, "mail.example")] {
        let config = signed_by.server(name);
        for (tls, mode, step) in [
            (Tls::Implicit(config.clone()), SmtpTls::Implicit, "connect"),
            (Tls::Upgraded(config.clone()), SmtpTls::StartTls, "starttls"),
        ] {
            let server = SmtpServer::start(tls);
            let sent = send(settings(&server, mode, Some(ours.file())));
            assert_eq!(
                sent,
                Err(DeliveryError::Transport(
                    format!("{step}: certificate rejected").into()
                )),
                "{name}"
            );
            assert!(server.mails().is_empty());
        }
    }
    // Our authority is not among the system's, and a configured authority replaces the system's.
    let server = SmtpServer::start(Tls::Implicit(ours.server("127.0.0.1")));
    assert_eq!(
        send(settings(&server, SmtpTls::Implicit, None)),
        transport_error("connect: certificate rejected")
    );
    let plain = SmtpServer::start(Tls::Never);
    assert_eq!(
        send(settings(&plain, SmtpTls::Implicit, Some(ours.file()))),
        transport_error("connect: TLS is not available")
    );
}

/// I1: AUTH PLAIN and AUTH LOGIN work over TLS only, and a rejection is reported by its code without the server's text.
#[test]
fn authentication_requires_tls_and_a_rejection_is_reported_by_its_code() {
    let authority = CertificateAuthority::new();
    let server = SmtpServer::start(Tls::Implicit(authority.server("127.0.0.1")));
    let with_login = |mut settings: SmtpSettings| {
        settings.login = Some(("post".to_owned(), SecretSource::Value("hush".into())));
        settings
    };
    let secure = || with_login(settings(&server, SmtpTls::Implicit, Some(authority.file())));
    for (behaviour, outcome) in [
        (SmtpBehaviour::Good, Ok(())),
        (SmtpBehaviour::OffersOnlyLogin, Ok(())),
        (
            SmtpBehaviour::Rejects("AUTH", "535 5.7.8 post:hush is wrong"),
            transport_error("login: refused with 535 5.7.8"),
        ),
        (
            SmtpBehaviour::Rejects("EHLO", "250 sink.example"),
            transport_error("login: not offered"),
        ),
    ] {
        server.set_behaviour(behaviour.clone());
        assert_eq!(send(secure()), outcome, "{behaviour:?}");
    }
    let login = Some(("post".to_owned(), "hush".to_owned()));
    assert_eq!(
        server
            .mails()
            .into_iter()
            .map(|mail| mail.login)
            .collect::<Vec<_>>(),
        [login.clone(), login]
    );
    let plain = SmtpServer::start(Tls::Never);
    assert_eq!(
        send(with_login(settings(&plain, SmtpTls::None, None))),
        transport_error("login: not encrypted")
    );
    assert!(
        plain
            .plaintext_lines()
            .iter()
            .all(|line| line.starts_with("EHLO")),
        "{:?}",
        plain.plaintext_lines()
    );
}
