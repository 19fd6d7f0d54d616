//! The settings of mails: names, defaults, descriptions.

use super::setting::{Setting, secret, setting};

/// They precede the settings of the database in the documentation.
pub(super) const MAIL_SETTINGS: &[Setting] = &[
    setting(
        "MAIL_TRANSPORT",
        "folder",
        "How mails are sent: `smtp`, or `folder`, which writes them to `MAIL_FOLDER`. Production requires `smtp`.",
    ),
    setting(
        "MAIL_FROM",
        "Portcullis <portcullis@localhost>",
        "Sender address of mails.",
    ),
    setting(
        "MAIL_FOLDER",
        "mail",
        "Folder to which mails are written if `MAIL_TRANSPORT` is `folder`.",
    ),
    setting(
        "MAIL_RETENTION",
        "7",
        "Time in days, 1 to 365, after which a mail that was sent or given up is deleted from the outbox, with its address.",
    ),
    setting(
        "SMTP_HOST",
        "",
        "Host name of the mail server. Required if `MAIL_TRANSPORT` is `smtp`.",
    ),
    setting("SMTP_PORT", "465", "TCP port of the mail server."),
    setting(
        "SMTP_TLS",
        "implicit",
        "How the connection to the mail server is encrypted: `implicit` (TLS from the first byte) or `starttls` (required, no fallback). `development` also permits `none`.",
    ),
    setting(
        "SMTP_CA_FILE",
        "system",
        "PEM file with the certificate authority of the mail server, or `system` for the operating system's authorities.",
    ),
    setting(
        "SMTP_USER",
        "",
        "User name for the mail server. Empty: no authentication.",
    ),
    secret(
        "SMTP_PASSWORD",
        "Password for the mail server. Required if `SMTP_USER` is set.",
    ),
];
