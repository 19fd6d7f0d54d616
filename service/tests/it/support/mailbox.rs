//! The mails that a service has written to its mail folder.

use super::database::Database;
use super::run_log;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The mail folder of the services over one database.
pub struct Mailbox(PathBuf);

/// A mail.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Its file name without extension, which is also its Message-ID.
    pub id: String,
    /// The whole message.
    pub source: String,
}

impl Mailbox {
    /// The folder that [`Database::pairs`] names.
    pub fn of(database: &Database) -> Self {
        Self(PathBuf::from(database.mail_folder()))
    }

    /// All mails to an address, in no particular order.
    pub fn to(&self, address: &str) -> Vec<Mail> {
        let matches = |mail: &Mail| mail.field("To").contains(address);
        self.all().into_iter().filter(matches).collect()
    }

    /// All mails.
    pub fn all(&self) -> Vec<Mail> {
        let Ok(files) = std::fs::read_dir(&self.0) else {
            return Vec::new();
        };
        let paths = files.map(|file| file.unwrap().path());
        let mails = paths.filter(|path| path.extension().is_some_and(|ending| ending == "eml"));
        mails
            .map(|path| Mail {
                id: path.file_stem().unwrap().to_str().unwrap().to_owned(),
                source: std::fs::read_to_string(&path).unwrap(),
            })
            .collect()
    }

    /// Waits for the mail to this address with this text in its subject. Panics when there is none within ten seconds,
    /// or more than one.
    pub fn wait(&self, address: &str, subject: &str) -> Mail {
        let start = Instant::now();
        loop {
            let mut found = self.to(address);
            found.retain(|mail| mail.field("Subject").contains(subject));
            assert!(found.len() < 2, "more than one {subject:?}: {found:?}");
            if let Some(mail) = found.pop() {
                return mail;
            }
            let all = self.all();
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "no {subject:?} to {address}: {all:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Mail {
    /// A header field.
    pub fn field(&self, name: &str) -> String {
        let head = self.source.split("\r\n\r\n").next().unwrap_or_default();
        let unfolded = head.replace("\r\n ", " ");
        let mut lines = unfolded.split("\r\n").filter_map(|line| line.split_once(": "));
        lines
            .find(|(field, _)| *field == name)
            .map_or_else(String::new, |(_, value)| value.to_owned())
    }

    /// The token of its link; empty when it has none.
    pub fn token(&self) -> String {
        let after = self.source.split_once("?token=").map_or("", |(_, after)| after);
        let is_token = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let token: String = after.chars().take_while(is_token).collect();
        run_log::record_secret(&token);
        token
    }
}
