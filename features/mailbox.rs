//! The folder that the service writes its mails to, as the people read it: each mail once, by address; never writes.

use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Longer than any mail may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long nothing has to come before it is said that nothing comes. Mails leave within a fraction of a second.
const SILENCE: Duration = Duration::from_millis(1_500);

const TICK: Duration = Duration::from_millis(50);

/// Which mails one scenario has read.
#[derive(Debug, Default)]
pub struct Mailbox {
    read: BTreeSet<PathBuf>,
}

/// A mail: its header fields and its parts, as they are written.
#[derive(Debug)]
pub struct Mail {
    /// All of it.
    pub text: String,
}

impl Mailbox {
    /// The oldest mail to this address that was not read yet and holds this text, waited for.
    ///
    /// # Errors
    /// When none comes.
    pub async fn next(&mut self, folder: &Path, address: &str, text: &str) -> Result<Mail> {
        let since = Instant::now();
        loop {
            let unread = self.unread(folder, address)?;
            if let Some((file, mail)) = unread.into_iter().find(|(_, mail)| mail.text.contains(text)) {
                self.read.insert(file);
                return Ok(mail);
            }
            if since.elapsed() > PATIENCE {
                bail!("no mail to {address} with {text:?} came");
            }
            sleep(TICK).await;
        }
    }

    /// Fails if a mail to this address that was not read is there, or comes in a little while.
    ///
    /// # Errors
    /// With the mail's subject.
    pub async fn expect_nothing(&self, folder: &Path, address: &str) -> Result<()> {
        let since = Instant::now();
        while since.elapsed() < SILENCE {
            if let Some((_, mail)) = self.unread(folder, address)?.first() {
                bail!("a mail came: {:?}", mail.field("Subject")?);
            }
            sleep(TICK).await;
        }
        Ok(())
    }

    /// How many mails to this address were not read, in a little while from now.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn count(&self, folder: &Path, address: &str) -> Result<usize> {
        sleep(SILENCE).await;
        Ok(self.unread(folder, address)?.len())
    }

    /// Oldest first. A file that is being written has a name that begins with a dot.
    fn unread(&self, folder: &Path, address: &str) -> Result<Vec<(PathBuf, Mail)>> {
        let to = format!("<{address}>").to_lowercase();
        let mut found = Vec::new();
        let entries = fs::read_dir(folder).with_context(|| format!("no mails in {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|end| end != "eml") || self.read.contains(&path) {
                continue;
            }
            let text = fs::read_to_string(&path)?;
            let mail = Mail { text };
            let given = mail.field("To")?.to_lowercase();
            if given.contains(&to) || to == format!("<{given}>") {
                found.push((fs::metadata(&path)?.modified()?, path, mail));
            }
        }
        found.sort_by_key(|(when, ..)| *when);
        Ok(found.into_iter().map(|(_, path, mail)| (path, mail)).collect())
    }
}

impl Mail {
    /// The only header field of this name, unfolded.
    ///
    /// # Errors
    /// When it is missing or there twice.
    pub fn field(&self, name: &str) -> Result<String> {
        let (head, _) = self.text.split_once("\r\n\r\n").context("a mail has no head")?;
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let start = format!("{}:", name.to_lowercase());
        let mut fields = head
            .lines()
            .filter(|line| line.to_lowercase().starts_with(&start))
            .map(|line| line[start.len()..].trim().to_owned());
        let field = fields.next().with_context(|| format!("a mail without {name}"))?;
        anyhow::ensure!(fields.next().is_none(), "a mail with {name} twice");
        Ok(field)
    }

    /// The token of the link to this path.
    ///
    /// # Errors
    /// When there is no such link.
    pub fn token(&self, path: &str) -> Result<String> {
        let (_, rest) = self
            .text
            .split_once(&format!("{path}?token="))
            .with_context(|| format!("no link to {path} in the mail"))?;
        let token = rest.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.~%".contains(c)));
        Ok(token.take(1).collect())
    }
}
