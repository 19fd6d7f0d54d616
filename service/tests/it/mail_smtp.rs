//! Mails on their way to a mail server: TLS, log-in, refusals, and servers that misbehave.
use crate::support::authority::Authority;
use crate::support::scratch::Scratch;
use crate::support::smtp::{Manner, Received, SmtpServer, Tls};
use chrono::{TimeZone, Utc};
use mail_parser::{MessageParser, MimeHeaders};
use portcullis::config::mail::{Smtp as Settings, SmtpTls};
use portcullis::config::secret::SecretSource;
use portcullis::mail::failure::Failure;
use portcullis::mail::message::Message;
use portcullis::mail::smtp::Smtp;
use portcullis::mail::text::Rendered;
use std::path::Path;
use std::time::{Duration, Instant};
use uuid::Uuid;

fn message() -> Message {
    Message {
        id: Uuid::from_u128(7),
        from: "Portcullis <post@rates.example>".parse().unwrap(),
        to: "ann@example.org".parse().unwrap(),
        date: Utc.with_ymd_and_hms(2026, 11, 2, 9, 5, 0).unwrap(),
        content: Rendered {
            subject: "Confirm your address".to_owned(),
            name: Some("Þórunn Ágústsdóttir".to_owned()),
            text: ".\nHello Þórunn,\n..\nhttps://rates.example/confirm?token=abc\n".to_owned(),
            html: "<p>Hello Þórunn</p>\n".to_owned(),
        },
    }
}

fn settings(server: &SmtpServer, tls: SmtpTls, ca: Option<&str>) -> Settings {
    Settings {
        host: server.address.ip().to_string(),
        port: server.address.port(),
        tls,
        ca_file: ca.map(|file| Path::new(file).to_owned()),
        login: None,
    }
}

fn send(settings: Settings) -> Result<(), Failure> {
    Smtp::new(settings, "rates.example").unwrap().send(&message())
}

/// Sends to a server in clear that behaves like this; the server is asked nothing more.
fn send_to(manner: Manner) -> (Result<(), Failure>, Vec<Received>) {
    let server = SmtpServer::start_at("127.0.0.1:0".parse().unwrap(), Tls::Never, manner);
    let sent = send(settings(&server, SmtpTls::None, None));
    (sent, server.mails())
}

fn way(reason: &'static str) -> Result<(), Failure> {
    Err(Failure::Way(reason.into()))
}

/// I1: an outside parser reads text and HTML as they were written, and every field.
#[test]
fn a_mail_arrives_whole_over_tls_from_the_first_byte() {
    let authority = Authority::new();
    let server = SmtpServer::start(Tls::AtOnce(authority.server("127.0.0.1")));
    assert_eq!(
        send(settings(&server, SmtpTls::Implicit, Some(authority.file()))),
        Ok(())
    );
    let [mail] = server.mails().try_into().unwrap();
    assert!(mail.secure && mail.login.is_none() && server.in_clear().is_empty());
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

/// I1: STARTTLS; until then nothing is said that tells of the mail.
#[test]
fn a_mail_arrives_over_starttls_and_nothing_of_it_is_said_before() {
    let authority = Authority::new();
    let server = SmtpServer::start(Tls::OnDemand(authority.server("127.0.0.1")));
    let mut with_login = settings(&server, SmtpTls::StartTls, Some(authority.file()));
    let password = Scratch::of("password", "first\n");
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
    assert_eq!(server.in_clear(), ["EHLO rates.example", "STARTTLS"].repeat(2));
}

/// I1: whoever sits in between and strikes STARTTLS out gets nothing, not even the password.
#[test]
fn without_starttls_no_mail_leaves() {
    let server = SmtpServer::start(Tls::Never);
    let mut with_login = settings(&server, SmtpTls::StartTls, None);
    with_login.login = Some(("post".to_owned(), SecretSource::Value("hush".into())));
    assert_eq!(send(with_login), way("starttls: not offered"));
    let authority = Authority::new();
    let refusing = SmtpServer::start_at(
        "127.0.0.1:0".parse().unwrap(),
        Tls::OnDemand(authority.server("127.0.0.1")),
        Manner::Refuses("STARTTLS", "454 4.7.0 later"),
    );
    let settings = settings(&refusing, SmtpTls::StartTls, Some(authority.file()));
    assert_eq!(send(settings), way("starttls: refused with 454 4.7.0"));
    for server in [server, refusing] {
        let said = server.in_clear();
        assert!(
            said.iter()
                .all(|line| line.starts_with("EHLO") || line == "STARTTLS" || line == "QUIT"),
            "{said:?}"
        );
        assert!(server.mails().is_empty());
    }
}

/// I1: an answer that came in clear is not taken for one that came in TLS.
#[test]
fn what_is_slipped_in_before_tls_begins_is_noticed() {
    let authority = Authority::new();
    let server = SmtpServer::start(Tls::OnDemand(authority.server("127.0.0.1")));
    server.behave(Manner::Injects);
    let sent = send(settings(&server, SmtpTls::StartTls, Some(authority.file())));
    assert_eq!(sent, way("starttls: out of step"));
    assert!(server.mails().is_empty());
}

/// I1: a certificate of a stranger, or for another host, is refused, however TLS begins.
#[test]
fn a_wrong_authority_or_host_is_refused() {
    let (ours, other) = (Authority::new(), Authority::new());
    for (signed_by, name) in [(&other, "127.0.0.1"), (&ours, "mail.example")] {
        let config = signed_by.server(name);
        for (tls, wanted, step) in [
            (Tls::AtOnce(config.clone()), SmtpTls::Implicit, "connect"),
            (Tls::OnDemand(config.clone()), SmtpTls::StartTls, "starttls"),
        ] {
            let server = SmtpServer::start(tls);
            let sent = send(settings(&server, wanted, Some(ours.file())));
            assert_eq!(
                sent,
                Err(Failure::Way(format!("{step}: certificate refused").into())),
                "{name}"
            );
            assert!(server.mails().is_empty());
        }
    }
    // The machine's own authorities do not know ours; and a file's authority is trusted alone.
    let server = SmtpServer::start(Tls::AtOnce(ours.server("127.0.0.1")));
    assert_eq!(
        send(settings(&server, SmtpTls::Implicit, None)),
        way("connect: certificate refused")
    );
    let plain = SmtpServer::start(Tls::Never);
    assert_eq!(
        send(settings(&plain, SmtpTls::Implicit, Some(ours.file()))),
        way("connect: no TLS that we speak")
    );
}

/// I2: only what the server says of this mail for good ends it.
#[test]
fn a_refusal_ends_a_mail_only_when_it_is_about_the_mail_and_for_good() {
    let later = |reason: &'static str| Err(Failure::Later(reason.into()));
    let never = |reason: &'static str| Err(Failure::Never(reason.into()));
    for (at, answer, outcome) in [
        ("EHLO", "421 4.3.2 full", way("connect: refused with 421 4.3.2")),
        ("MAIL", "550 5.7.1 not you", way("sender: refused with 550 5.7.1")),
        (
            "RCPT",
            "450 4.2.1 <ann@example.org> busy",
            later("recipient: refused with 450 4.2.1"),
        ),
        (
            "RCPT",
            "550 5.1.1 <ann@example.org> unknown",
            never("recipient: refused with 550 5.1.1"),
        ),
        (
            "RCPT",
            "550 <ann@example.org> unknown",
            never("recipient: refused with 550"),
        ),
        (
            "RCPT",
            "550 ann.b.example.org",
            never("recipient: refused with 550"),
        ),
        ("RCPT", "nonsense", way("recipient: no answer that we understand")),
        ("DATA", "250 what?", way("data: out of step")),
        ("END", "451 4.3.0 disk", later("message: refused with 451 4.3.0")),
        ("END", "554 5.6.0 spam", never("message: refused with 554 5.6.0")),
    ] {
        let (sent, mails) = send_to(Manner::Refuses(at, answer));
        assert_eq!(sent, outcome, "{at} {answer}");
        assert!(mails.is_empty());
    }
    assert_eq!(send_to(Manner::LeavesInMail).0, way("message: connection lost"));
    let (sent, mails) = send_to(Manner::LeavesAfterMail);
    assert_eq!((sent, mails.len()), (way("message: connection lost"), 1));
}

/// I1: a refused log-in is told without its words; both ways to log in work; none goes in clear.
#[test]
fn a_login_goes_in_tls_and_its_refusal_is_told_without_what_was_said() {
    let authority = Authority::new();
    let server = SmtpServer::start(Tls::AtOnce(authority.server("127.0.0.1")));
    let with_login = |mut settings: Settings| {
        settings.login = Some(("post".to_owned(), SecretSource::Value("hush".into())));
        settings
    };
    let secure = || with_login(settings(&server, SmtpTls::Implicit, Some(authority.file())));
    for (manner, outcome) in [
        (Manner::Good, Ok(())),
        (Manner::KnowsOnlyLogin, Ok(())),
        (
            Manner::Refuses("AUTH", "535 5.7.8 post:hush is wrong"),
            way("login: refused with 535 5.7.8"),
        ),
        (
            Manner::Refuses("EHLO", "250 sink.example"),
            way("login: not offered"),
        ),
    ] {
        server.behave(manner.clone());
        assert_eq!(send(secure()), outcome, "{manner:?}");
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
        way("login: not encrypted")
    );
    assert!(
        plain.in_clear().iter().all(|line| line.starts_with("EHLO")),
        "{:?}",
        plain.in_clear()
    );
}

/// I3: a server that says nothing is left after ten seconds, in TLS too; one that is not there at once.
#[test]
fn a_server_that_says_nothing_is_left_after_ten_seconds() {
    let authority = Authority::new();
    let tries = std::thread::scope(|scope| {
        let plain = scope.spawn(|| {
            let begun = Instant::now();
            (send_to(Manner::Silent).0, begun.elapsed())
        });
        let dripping = scope.spawn(|| {
            let begun = Instant::now();
            (send_to(Manner::Dripping).0, begun.elapsed())
        });
        let secure = scope.spawn(|| {
            let server = SmtpServer::start_at(
                "127.0.0.1:0".parse().unwrap(),
                Tls::AtOnce(authority.server("127.0.0.1")),
                Manner::Silent,
            );
            let begun = Instant::now();
            (
                send(settings(&server, SmtpTls::Implicit, Some(authority.file()))),
                begun.elapsed(),
            )
        });
        [plain, dripping, secure].map(|thread| thread.join().unwrap())
    });
    for (sent, took) in tries {
        assert_eq!(sent, way("connect: timed out"));
        assert!(
            (Duration::from_secs(9)..Duration::from_secs(13)).contains(&took),
            "{took:?}"
        );
    }
    let gone = settings(&SmtpServer::start(Tls::Never), SmtpTls::None, None);
    let begun = Instant::now();
    assert_eq!(send(gone), way("connect: connection refused"));
    assert!(begun.elapsed() < Duration::from_secs(1));
}
