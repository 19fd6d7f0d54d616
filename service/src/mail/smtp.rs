//! Speaks to a mail server, step by step: which step failed decides whether a mail is tried again. Nothing is sent in
//! clear where the settings ask for TLS.
use super::failure::Failure;
use super::message::{Encoding, Message};
use crate::config::mail::{Smtp as Settings, SmtpTls};
use crate::secrets;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, CertificateStore, SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret;
use std::time::Duration;

/// How long a server may take for one step, or a byte.
const STEP: Duration = Duration::from_secs(10);

/// How long a server may take to say good-bye to a mail that it has taken.
const GOODBYE: Duration = Duration::from_secs(1);

/// A setting of the mail server that is no good: its key and the reason.
#[derive(Debug, thiserror::Error)]
#[error("{1}")]
pub struct BadSmtp(pub &'static str, pub String);

/// A mail server and how to talk to it.
pub struct Smtp {
    settings: Settings,
    host: String,
    tls: Option<TlsParameters>,
    hello: ClientId,
}

impl Smtp {
    /// Looks at everything that can be looked at without the server.
    pub fn new(settings: Settings, hello: &str) -> Result<Self, BadSmtp> {
        let host = settings.host.trim_matches(['[', ']']).to_owned();
        if let Some((_, password)) = &settings.login {
            secrets::read(password).map_err(|error| BadSmtp("SMTP_PASSWORD", error.to_string()))?;
        }
        let tls = match settings.tls {
            SmtpTls::None => None,
            SmtpTls::Implicit | SmtpTls::StartTls => Some(tls(&settings, &host)?),
        };
        let is_name = hello.contains('.') && hello.contains(|c: char| c.is_ascii_alphabetic());
        let hello = match is_name {
            true => ClientId::Domain(hello.to_owned()),
            false => ClientId::default(),
        };
        Ok(Self {
            settings,
            host,
            tls,
            hello,
        })
    }

    /// Sends one mail over a connection of its own.
    pub fn send(&self, message: &Message) -> Result<(), Failure> {
        let bytes = message
            .bytes(Encoding::Travelling)
            .ok_or(Failure::Never("message: cannot be written".into()))?;
        let mut server = self.connect()?;
        self.log_in(&mut server)?;
        let from = Some(message.from.email.clone());
        server
            .command(Mail::new(from, Vec::new()))
            .map_err(|error| way("sender", &error))?;
        server
            .command(Rcpt::new(message.to.clone(), Vec::new()))
            .map_err(|error| of_mail("recipient", &error))?;
        let go_on = server.command(Data).map_err(|error| of_mail("data", &error))?;
        if !go_on.has_code(354) {
            return Err(Failure::Way("data: out of step".into()));
        }
        server
            .message(&bytes)
            .map_err(|error| of_mail("message", &error))?;
        // It is taken: whatever happens from here on changes nothing.
        let _ = server.set_timeout(Some(GOODBYE));
        let _ = server.quit();
        Ok(())
    }

    fn connect(&self) -> Result<SmtpConnection, Failure> {
        let from_the_start = self
            .tls
            .as_ref()
            .filter(|_| self.settings.tls == SmtpTls::Implicit);
        let address = (self.host.as_str(), self.settings.port);
        let mut server = SmtpConnection::connect(address, Some(STEP), &self.hello, from_the_start, None)
            .map_err(|error| way("connect", &error))?;
        if let (SmtpTls::StartTls, Some(tls)) = (self.settings.tls, &self.tls) {
            if !server.can_starttls() {
                return Err(Failure::Way("starttls: not offered".into()));
            }
            server
                .starttls(tls, &self.hello)
                .map_err(|error| way("starttls", &error))?;
        }
        match server.is_encrypted() || self.settings.tls == SmtpTls::None {
            true => Ok(server),
            false => Err(Failure::Way("connect: not encrypted".into())),
        }
    }

    fn log_in(&self, server: &mut SmtpConnection) -> Result<(), Failure> {
        let Some((user, password)) = &self.settings.login else {
            return Ok(());
        };
        // Read at each mail: a rotated file is seen.
        let password =
            secrets::read(password).map_err(|_| Failure::Way("login: the password cannot be read".into()))?;
        let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
        server
            .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
            .map(drop)
            .map_err(|error| way("login", &error))
    }
}

fn tls(settings: &Settings, host: &str) -> Result<TlsParameters, BadSmtp> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(file) = &settings.ca_file {
        let bad = |reason: String| BadSmtp("SMTP_CA_FILE", reason);
        let pem =
            std::fs::read(file).map_err(|error| bad(format!("cannot read {}: {error}", file.display())))?;
        let authority = Certificate::from_pem(&pem).map_err(|_| bad("holds no certificate".to_owned()))?;
        if !pem.windows(10).any(|part| part == b"-----BEGIN") {
            return Err(bad("holds no certificate".to_owned()));
        }
        // That authority and no other.
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(authority);
    }
    builder.build().map_err(|_| {
        BadSmtp(
            "SMTP_CA_FILE",
            "holds a certificate that cannot be used".to_owned(),
        )
    })
}

/// A step that has nothing to do with this mail in particular.
fn way(step: &str, error: &Error) -> Failure {
    Failure::Way(words(step, error).into())
}

/// A step that is about this mail: what the server refuses for good is never asked again (RFC 5321 §4.2.1).
fn of_mail(step: &str, error: &Error) -> Failure {
    let reason = words(step, error).into();
    if error.is_permanent() {
        Failure::Never(reason)
    } else if error.is_transient() {
        Failure::Later(reason)
    } else {
        Failure::Way(reason)
    }
}

/// The step, and what went wrong with it.
fn words(step: &str, error: &Error) -> String {
    if let Some(code) = error.status() {
        return match enhanced_code(error) {
            Some(enhanced) => format!("{step}: refused with {code} {enhanced}"),
            None => format!("{step}: refused with {code}"),
        };
    }
    let (mut text, mut kind) = (String::new(), None);
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        kind = kind.or(error.downcast_ref::<std::io::Error>().map(std::io::Error::kind));
        text = error.to_string();
        source = error.source();
    }
    let what = match kind {
        Some(std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => "timed out",
        Some(std::io::ErrorKind::ConnectionRefused) => "connection refused",
        _ if text.contains("invalid peer certificate") => "certificate refused",
        Some(std::io::ErrorKind::InvalidData) => "no TLS that we speak",
        Some(_) => "connection lost",
        None if text.contains("incomplete response") => "connection lost",
        None if error.is_client() => "no way that both sides speak",
        None => "no answer that we understand",
    };
    format!("{step}: {what}")
}

/// RFC 3463's code, if the server's text begins with one: three numbers can hold no address.
fn enhanced_code(error: &Error) -> Option<String> {
    let text = std::error::Error::source(error)?.to_string();
    let word = text.split_whitespace().next()?;
    let numbers: Vec<&str> = word.split('.').collect();
    let good = numbers.len() == 3
        && numbers
            .iter()
            .all(|number| (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()));
    good.then(|| word.to_owned())
}
