//! Mail servers that reject, disconnect or do not respond.

use crate::support::accounts::{PASSWORD, post as post_json};
use crate::support::app::App;
use crate::support::certificate_authority::CertificateAuthority;
use crate::support::database::Database;
use crate::support::smtp_client::{send, send_to, settings, transport_error};
use crate::support::smtp_server::{SmtpBehaviour, SmtpServer, Tls};
use portcullis::config::mail::SmtpTls;
use portcullis::mail::delivery_error::DeliveryError;
use serde_json::json;
use std::time::{Duration, Instant};

/// I2: Only a permanent rejection of the mail itself is a permanent failure.
#[test]
fn only_a_permanent_rejection_of_the_mail_is_a_permanent_failure() {
    let later = |reason: &'static str| Err(DeliveryError::Temporary(reason.into()));
    let never = |reason: &'static str| Err(DeliveryError::Permanent(reason.into()));
    for (at, answer, outcome) in [
        (
            "EHLO",
            "421 4.3.2 full",
            transport_error("connect: refused with 421 4.3.2"),
        ),
        (
            "MAIL",
            "550 5.7.1 not you",
            transport_error("sender: refused with 550 5.7.1"),
        ),
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
        ("RCPT", "nonsense", transport_error("recipient: invalid reply")),
        ("DATA", "250 what?", transport_error("data: unexpected reply")),
        ("END", "451 4.3.0 disk", later("message: refused with 451 4.3.0")),
        ("END", "554 5.6.0 spam", never("message: refused with 554 5.6.0")),
    ] {
        let (sent, mails) = send_to(SmtpBehaviour::Rejects(at, answer));
        assert_eq!(sent, outcome, "{at} {answer}");
        assert!(mails.is_empty());
    }
    assert_eq!(
        send_to(SmtpBehaviour::DisconnectsDuringData).0,
        transport_error("message: connection lost")
    );
    let (sent, mails) = send_to(SmtpBehaviour::DisconnectsAfterData);
    assert_eq!(
        (sent, mails.len()),
        (transport_error("message: connection lost"), 1)
    );
}

/// I3: An unresponsive server times out after ten seconds, also during the TLS handshake; a refused connection fails
/// immediately.
#[test]
fn an_unresponsive_server_times_out_after_ten_seconds() {
    let authority = CertificateAuthority::new();
    let attempts = std::thread::scope(|scope| {
        let plain = scope.spawn(|| {
            let start = Instant::now();
            (send_to(SmtpBehaviour::Silent).0, start.elapsed())
        });
        let dripping = scope.spawn(|| {
            let start = Instant::now();
            (send_to(SmtpBehaviour::Dripping).0, start.elapsed())
        });
        let secure = scope.spawn(|| {
            let server = SmtpServer::start_at(
                "127.0.0.1:0".parse().unwrap(),
                Tls::Implicit(authority.server("127.0.0.1")),
                SmtpBehaviour::Silent,
            );
            let start = Instant::now();
            (
                send(settings(&server, SmtpTls::Implicit, Some(authority.file()))),
                start.elapsed(),
            )
        });
        [plain, dripping, secure].map(|thread| thread.join().unwrap())
    });
    for (sent, took) in attempts {
        assert_eq!(sent, transport_error("connect: timed out"));
        assert!(
            (Duration::from_secs(9)..Duration::from_secs(13)).contains(&took),
            "{took:?}"
        );
    }
    let stopped = settings(&SmtpServer::start(Tls::Never), SmtpTls::None, None);
    let start = Instant::now();
    assert_eq!(send(stopped), transport_error("connect: connection refused"));
    assert!(start.elapsed() < Duration::from_secs(1));
}

/// A service and its mail server with this behaviour.
fn start_service(behaviour: SmtpBehaviour) -> (Database, SmtpServer, App) {
    let server = SmtpServer::start_at("127.0.0.1:0".parse().unwrap(), Tls::Never, behaviour);
    let (database, more) = (Database::fresh(), server.settings());
    let more: Vec<(&str, &str)> = more.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let app = App::start(&database.settings(&more));
    (database, server, app)
}

/// I3: Registration takes no longer while the mail server does not respond.
#[test]
fn registration_does_not_wait_for_the_mail_server() {
    let services = [
        start_service(SmtpBehaviour::Good),
        start_service(SmtpBehaviour::Silent),
    ];
    let mut times = [Vec::new(), Vec::new()];
    // Alternating, so that other load on the machine affects both.
    for number in 0..15 {
        for ((_, _, app), times) in services.iter().zip(&mut times) {
            let body =
                json!({"name": "Ann", "email": format!("a{number}@example.org"), "password": PASSWORD});
            let start = Instant::now();
            assert_eq!(post_json(app, "/auth/register", &body).status, 202);
            times.push(start.elapsed());
        }
    }
    times.iter_mut().for_each(|times| times.sort());
    let [usual, hanging] = [times[0][7], times[1][7]];
    assert!(
        hanging < usual * 3 / 2 + Duration::from_millis(50),
        "{hanging:?}, usually {usual:?}"
    );
    assert!(times[1][14] < Duration::from_secs(8), "{times:?}");
    let (_, silent, _) = &services[1];
    silent.wait("a connection is open", |server| server.connections() > 0);
    assert!(silent.mails().is_empty());
}
