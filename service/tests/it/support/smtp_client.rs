//! A mail, and ways to send it, without outbox or service.
use super::smtp_server::{Received, SmtpBehaviour, SmtpServer, Tls};
use chrono::{TimeZone, Utc};
use portcullis::config::mail::{SmtpSettings, SmtpTls};
use portcullis::mail::delivery_error::DeliveryError;
use portcullis::mail::message::Message;
use portcullis::mail::renderer::RenderedMail;
use portcullis::mail::smtp::Smtp;
use std::path::Path;
use uuid::Uuid;

/// A mail with everything that is hard to carry.
pub fn message() -> Message {
    Message {
        id: Uuid::from_u128(7),
        from: "Portcullis <post@rates.example>".parse().unwrap(),
        to: "ann@example.org".parse().unwrap(),
        date: Utc.with_ymd_and_hms(2026, 11, 2, 9, 5, 0).unwrap(),
        content: RenderedMail {
            subject: "Confirm your address".to_owned(),
            name: Some("Þórunn Ágústsdóttir".to_owned()),
            text: ".\nHello Þórunn,\n..\nhttps://rates.example/confirm?token=abc\n".to_owned(),
            html: "<p>Hello Þórunn</p>\n".to_owned(),
        },
    }
}

/// Settings that lead to a server.
pub fn settings(server: &SmtpServer, tls: SmtpTls, ca: Option<&str>) -> SmtpSettings {
    SmtpSettings {
        host: server.address.ip().to_string(),
        port: server.address.port(),
        tls,
        ca_file: ca.map(|file| Path::new(file).to_owned()),
        login: None,
    }
}

/// Sends the mail.
pub fn send(settings: SmtpSettings) -> Result<(), DeliveryError> {
    Smtp::new(settings, "rates.example").unwrap().send(&message())
}

/// Sends the mail to a server in clear that behaves like this; what it got.
pub fn send_to(manner: SmtpBehaviour) -> (Result<(), DeliveryError>, Vec<Received>) {
    let server = SmtpServer::start_at("127.0.0.1:0".parse().unwrap(), Tls::Never, manner);
    let sent = send(settings(&server, SmtpTls::None, None));
    (sent, server.mails())
}

/// A way out that is broken.
pub fn way(reason: &'static str) -> Result<(), DeliveryError> {
    Err(DeliveryError::Transport(reason.into()))
}
