//! Reads the folder that the service writes its mails to: each mail once per scenario, by recipient.

use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::time::sleep;

const MAIL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long no mail must arrive to conclude that none will. The service delivers within a fraction of a second.
const QUIET_PERIOD: Duration = Duration::from_millis(1_500);

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The mails that one scenario has read.
#[derive(Debug, Default)]
pub struct Mailbox {
    read: BTreeSet<PathBuf>,
}

/// A mail with its header and parts, not decoded.
#[derive(Debug)]
pub struct Mail {
    /// The whole message.
    pub text: String,
}

impl Mailbox {
    /// Waits for the oldest unread mail to this address that contains this text.
    pub async fn next(&mut self, folder: &Path, address: &str, text: &str) -> Result<Mail> {
        let start = Instant::now();
        loop {
            let unread = self.unread(folder, address)?;
            if let Some((file, mail)) = unread.into_iter().find(|(_, mail)| mail.text.contains(text)) {
                self.read.insert(file);
                return Ok(mail);
            }
            if start.elapsed() > MAIL_TIMEOUT {
                bail!("no mail to {address} with {text:?} arrived");
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Fails if there is an unread mail to this address, or one arrives within the quiet period.
    pub async fn expect_none(&self, folder: &Path, address: &str) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < QUIET_PERIOD {
            if let Some((_, mail)) = self.unread(folder, address)?.first() {
                bail!("a mail arrived: {:?}", mail.header("Subject")?);
            }
            sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// Number of unread mails to this address after the quiet period.
    pub async fn count(&self, folder: &Path, address: &str) -> Result<usize> {
        sleep(QUIET_PERIOD).await;
        Ok(self.unread(folder, address)?.len())
    }

    /// Oldest first. Only `*.eml` is complete: a file that is still being written has another name.
    fn unread(&self, folder: &Path, address: &str) -> Result<Vec<(PathBuf, Mail)>> {
        let recipient = format!("<{address}>").to_lowercase();
        let mut unread = Vec::new();
        let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|end| end != "eml") || self.read.contains(&path) {
                continue;
            }
            let text = fs::read_to_string(&path)?;
            let mail = Mail { text };
            let to = mail.header("To")?.to_lowercase();
            if to.contains(&recipient) || recipient == format!("<{to}>") {
                unread.push((fs::metadata(&path)?.modified()?, path, mail));
            }
        }
        unread.sort_by_key(|(modified, ..)| *modified);
        Ok(unread.into_iter().map(|(_, path, mail)| (path, mail)).collect())
    }
}

impl Mail {
    /// The value of a header field, unfolded. Fails when the field is missing or occurs twice.
    pub fn header(&self, name: &str) -> Result<String> {
        let (head, _) = self
            .text
            .split_once("\r\n\r\n")
            .context("the mail has no header")?;
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let start = format!("{}:", name.to_lowercase());
        let mut fields = head
            .lines()
            .filter(|line| line.to_lowercase().starts_with(&start))
            .map(|line| line[start.len()..].trim().to_owned());
        let field = fields.next().with_context(|| format!("the mail has no {name}"))?;
        ensure!(fields.next().is_none(), "the mail has {name} twice");
        Ok(field)
    }

    /// The token of the link to this path.
    pub fn token(&self, path: &str) -> Result<String> {
        let (_, rest) = self
            .text
            .split_once(&format!("{path}?token="))
            .with_context(|| format!("the mail has no link to {path}"))?;
        let token = rest.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.~%".contains(c)));
        Ok(token.take(1).collect())
    }
}
