//! The mails that a service has written into its folder.
use super::database::Database;
use super::run_log;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A database's folder of mails.
pub struct Mailbox(PathBuf);

/// A mail.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The name of its file, which is its Message-ID.
    pub id: String,
    /// The header and the parts, as they stand in the file.
    pub source: String,
}

impl Mailbox {
    /// The folder that [`Database::pairs`] names.
    pub fn of(database: &Database) -> Self {
        Self(PathBuf::from(database.mail_folder()))
    }

    /// All mails to an address, in no order.
    pub fn to(&self, address: &str) -> Vec<Mail> {
        let ours = |mail: &Mail| mail.field("To").contains(address);
        self.all().into_iter().filter(ours).collect()
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

    /// The mail to this address with this text in its subject, as soon as it is there; the test fails when there is
    /// none in time, or a second one.
    pub fn wait(&self, address: &str, subject: &str) -> Mail {
        let begun = Instant::now();
        loop {
            let mut found = self.to(address);
            found.retain(|mail| mail.field("Subject").contains(subject));
            assert!(found.len() < 2, "more than one {subject:?}: {found:?}");
            if let Some(mail) = found.pop() {
                return mail;
            }
            let all = self.all();
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "no {subject:?} to {address}: {all:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Mail {
    /// A header field.
    pub fn field(&self, name: &str) -> &str {
        let head = self.source.split("\r\n\r\n").next().unwrap_or_default();
        let mut lines = head.split("\r\n").filter_map(|line| line.split_once(": "));
        lines
            .find(|(field, _)| *field == name)
            .map_or("", |(_, value)| value)
    }

    /// The token of its link; empty when there is none.
    pub fn token(&self) -> String {
        let after = self.source.split_once("?token=").map_or("", |(_, after)| after);
        let is_token = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let token: String = after.chars().take_while(is_token).collect();
        run_log::secret(&token);
        token
    }
}
