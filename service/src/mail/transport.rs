//! The ways out: a mail server, a folder for developers, memory for tests.
use super::delivery_error::DeliveryError;
use super::folder::Folder;
use super::message::Message;
use super::smtp::{Smtp, SmtpConfigError};
use crate::config::mail::{MailSettings, TransportSettings};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A way out. Cheap to clone.
#[derive(Clone)]
pub enum Transport {
    /// To a mail server.
    Smtp(Arc<Smtp>),
    /// Into a folder.
    Folder(Folder),
    /// Into memory.
    Memory(Memory),
}

impl Transport {
    /// The way out of the settings. `host` is what we call ourselves before a mail server.
    pub fn new(settings: &MailSettings, host: &str) -> Result<Self, SmtpConfigError> {
        Ok(match &settings.transport {
            TransportSettings::Folder(path) => Self::Folder(Folder::new(path.clone())),
            TransportSettings::Smtp(smtp) => Self::Smtp(Arc::new(Smtp::new(smtp.clone(), host)?)),
        })
    }

    /// Sends a mail. Blocks; a mail server may take its time.
    pub fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        match self {
            Self::Smtp(smtp) => smtp.send(message),
            Self::Folder(folder) => folder
                .write(message)
                .map_err(|error| DeliveryError::Transport(format!("folder: {}", error.kind()).into())),
            Self::Memory(memory) => memory.take(message),
        }
    }
}

/// Keeps mails, and fails as it is told. Cheap to clone: all clones are one.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    messages: Vec<Message>,
    failures: Vec<DeliveryError>,
}

impl Memory {
    /// The next tries fail like this, the last of the list first.
    pub fn fail_with(&self, failures: Vec<DeliveryError>) {
        self.lock().failures = failures;
    }

    /// What was sent so far.
    pub fn messages(&self) -> Vec<Message> {
        self.lock().messages.clone()
    }

    fn take(&self, message: &Message) -> Result<(), DeliveryError> {
        let mut kept = self.lock();
        match kept.failures.pop() {
            Some(failure) => Err(failure),
            None => {
                kept.messages.push(message.clone());
                Ok(())
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
