//! Settings of the mail transport.

use super::deployment_profile::DeploymentProfile;
use super::secret::SecretSource;
use super::source::{ConfigError, Source};
use std::path::PathBuf;
use std::time::Duration;

/// Sender and transport of mails.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// Sender address, for example `Portcullis <portcullis@example.org>`.
    pub from: String,
    /// Transport of mails.
    pub transport: TransportSettings,
    /// How long a mail is stored after it was sent or given up.
    pub retention: Duration,
}

/// Transport of mails.
#[derive(Clone, Debug)]
pub enum TransportSettings {
    /// Writes mails to a folder, for development.
    Folder(PathBuf),
    /// Sends mails to a mail server.
    Smtp(SmtpSettings),
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// PEM file with the certificate authority. `None`: the operating system's authorities.
    pub ca_file: Option<PathBuf>,
    /// User name and password. `None`: no authentication.
    pub login: Option<(String, SecretSource)>,
}

/// How the connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// TLS from the first byte.
    Implicit,
    /// STARTTLS is required: without it no mail is sent.
    StartTls,
    /// No encryption.
    None,
}

impl MailSettings {
    /// Parses the settings. Production requires an encrypted connection.
    pub fn parse(source: &Source, profile: DeploymentProfile) -> Result<Self, ConfigError> {
        let from = source.non_empty("MAIL_FROM")?;
        let mailbox: Option<lettre::message::Mailbox> = from.parse().ok();
        if mailbox.is_none_or(|mailbox| !mailbox.email.to_string().is_ascii())
            || from.contains(char::is_control)
        {
            let reason = "must be an address, for example Portcullis <portcullis@rates.example>";
            return Err(ConfigError::new("MAIL_FROM", reason));
        }
        let folder = source.non_empty("MAIL_FOLDER")?;
        // Parsed even if unused, so that a mistake shows at the first start and not when the transport is switched.
        let smtp = smtp(source, profile == DeploymentProfile::Development)?;
        let transport = match source.text("MAIL_TRANSPORT")?.as_str() {
            "folder" => TransportSettings::Folder(folder.into()),
            "smtp" if smtp.host.is_empty() => return Err(ConfigError::new("SMTP_HOST", "is not set")),
            "smtp" => TransportSettings::Smtp(smtp),
            _ => return Err(ConfigError::new("MAIL_TRANSPORT", "must be smtp or folder")),
        };
        let days: u32 = source.number("MAIL_RETENTION", 1..=365)?;
        Ok(Self {
            from,
            transport,
            retention: Duration::from_secs(u64::from(days) * 86_400),
        })
    }

    /// Whether mails are only written to a folder, which `serve` rejects in production.
    pub fn is_local_folder(&self) -> bool {
        matches!(self.transport, TransportSettings::Folder(_))
    }
}

fn smtp(source: &Source, development: bool) -> Result<SmtpSettings, ConfigError> {
    let tls = match source.text("SMTP_TLS")?.as_str() {
        "implicit" => SmtpTls::Implicit,
        "starttls" => SmtpTls::StartTls,
        "none" if development => SmtpTls::None,
        "none" => return Err(ConfigError::new("SMTP_TLS", "must not be none in production")),
        _ => return Err(ConfigError::new("SMTP_TLS", "must be implicit, starttls or none")),
    };
    let (user, password) = (source.text("SMTP_USER")?, source.secret("SMTP_PASSWORD")?);
    let login = match (user.is_empty(), password) {
        (true, None) => None,
        (true, Some(_)) => return Err(ConfigError::new("SMTP_PASSWORD", "requires SMTP_USER")),
        (false, None) => return Err(ConfigError::new("SMTP_USER", "requires SMTP_PASSWORD")),
        (false, Some(password)) => Some((user, password)),
    };
    if login.is_some() && tls == SmtpTls::None {
        return Err(ConfigError::new(
            "SMTP_USER",
            "requires SMTP_TLS to be implicit or starttls",
        ));
    }
    let (host, ca_file) = (source.text("SMTP_HOST")?, source.non_empty("SMTP_CA_FILE")?);
    let is_name = host
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'));
    if !is_name {
        return Err(ConfigError::new("SMTP_HOST", "must be a host name or an address"));
    }
    Ok(SmtpSettings {
        host,
        port: source.number("SMTP_PORT", 1..=u16::MAX)?,
        tls,
        ca_file: (ca_file != "system").then(|| ca_file.into()),
        login,
    })
}
