//! Sends a mail with the SMTP client of the service, without outbox or service.

use super::smtp_server::{Received, SmtpBehaviour, SmtpServer, Tls};
use chrono::{TimeZone, Utc};
use portcullis::config::mail::{SmtpSettings, SmtpTls};
use portcullis::mail::delivery_error::DeliveryError;
use portcullis::mail::message::Message;
use portcullis::mail::renderer::RenderedMail;
use portcullis::mail::smtp::Smtp;
use std::path::Path;
use uuid::Uuid;

/// A mail with content that needs encoding: non-ASCII characters, and lines that begin with a dot.
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

/// The settings for a server.
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

/// Sends the mail to a plaintext server with this behaviour; returns the result and what the server received.
pub fn send_to(behaviour: SmtpBehaviour) -> (Result<(), DeliveryError>, Vec<Received>) {
    let server = SmtpServer::start_at("127.0.0.1:0".parse().unwrap(), Tls::Never, behaviour);
    let sent = send(settings(&server, SmtpTls::None, None));
    (sent, server.mails())
}

/// A failure of the connection, not of the mail.
pub fn transport_error(reason: &'static str) -> Result<(), DeliveryError> {
    Err(DeliveryError::Transport(reason.into()))
}
