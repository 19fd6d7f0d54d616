//! The transports: SMTP, or a folder for development.

use super::delivery_error::DeliveryError;
use super::folder::Folder;
use super::message::Message;
use super::smtp::{Smtp, SmtpConfigError};
use crate::config::mail::{MailSettings, TransportSettings};
use std::sync::Arc;

/// A transport. Cheap to clone.
#[derive(Clone)]
pub enum Transport {
    /// Over SMTP.
    Smtp(Arc<Smtp>),
    /// To a folder.
    Folder(Folder),
}

impl Transport {
    /// The configured transport. `host` is the client's name in EHLO.
    pub fn new(settings: &MailSettings, host: &str) -> Result<Self, SmtpConfigError> {
        Ok(match &settings.transport {
            TransportSettings::Folder(path) => Self::Folder(Folder::new(path.clone())),
            TransportSettings::Smtp(smtp) => Self::Smtp(Arc::new(Smtp::new(smtp.clone(), host)?)),
        })
    }

    /// Sends a mail. Blocks until the server has accepted or rejected it.
    pub fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        match self {
            Self::Smtp(smtp) => smtp.send(message),
            Self::Folder(folder) => folder
                .write(message)
                .map_err(|error| DeliveryError::Transport(format!("folder: {}", error.kind()).into())),
        }
    }
}
