//! Reads the mails that [`super::folder`] writes, for the developers' page.

use std::fs;
use std::io::{ErrorKind, Result};
use std::path::PathBuf;
use std::time::SystemTime;
use uuid::Uuid;

/// Maximum number of mails in a list.
const MAX_LISTED: usize = 100;

/// The mails of a folder. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Mailbox(PathBuf);

/// A mail in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMail {
    /// The local part of its Message-ID.
    pub id: Uuid,
    /// The recipient's address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The `Date` field.
    pub date: String,
    /// The plain part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

impl Mailbox {
    /// The mails of this folder, which may not exist yet.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The newest mails, newest first.
    pub fn list(&self) -> Result<Vec<StoredMail>> {
        let files = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            files => files?,
        };
        let mut found: Vec<(SystemTime, Uuid)> = Vec::new();
        for file in files {
            let file = file?;
            let name = file.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".eml"));
            // A file may be deleted concurrently.
            if let (Some(Ok(id)), Ok(about)) = (id.map(Uuid::parse_str), file.metadata()) {
                found.push((about.modified()?, id));
            }
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        let newest = found.into_iter().take(MAX_LISTED);
        let mails: Result<Vec<_>> = newest.map(|(_, id)| self.find(id)).collect();
        Ok(mails?.into_iter().flatten().collect())
    }

    /// The mail with this id.
    pub fn find(&self, id: Uuid) -> Result<Option<StoredMail>> {
        match fs::read_to_string(self.0.join(format!("{id}.eml"))) {
            Ok(source) => Ok(parse(id, &source)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn parse(id: Uuid, source: &str) -> Option<StoredMail> {
    let (head, body) = source.split_once("\r\n\r\n")?;
    let head = head.replace("\r\n ", " ");
    let field = |name: &str| {
        let mut fields = head.split("\r\n").filter_map(|line| line.split_once(": "));
        fields
            .find(|(field, _)| *field == name)
            .map(|(_, value)| value.to_owned())
    };
    let to = field("To")?;
    let boundary = format!("--part-{}", id.simple());
    let part = |kind: &str| {
        let mut parts = body
            .split(&boundary)
            .filter_map(|part| part.split_once("\r\n\r\n"));
        let found = parts.find(|(head, _)| head.contains(kind));
        found.map(|(_, text)| text.trim_end().replace("\r\n", "\n"))
    };
    Some(StoredMail {
        id,
        // After a display name that may be encoded.
        to: to
            .rsplit_once('<')
            .map_or(to.as_str(), |(_, address)| address.trim_end_matches('>'))
            .to_owned(),
        subject: field("Subject")?,
        date: field("Date")?,
        text: part("text/plain")?,
        html: part("text/html")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::folder::Folder;
    use crate::mail::message::Message;
    use crate::mail::renderer::RenderedMail;
    use crate::types::clock;

    fn message(to: &str, name: Option<&str>) -> Message {
        Message {
            id: Uuid::new_v4(),
            from: "Portcullis <post@rates.example>".parse().unwrap(),
            to: to.parse().unwrap(),
            date: clock::now(),
            content: RenderedMail {
                subject:
                    "A subject that is so long that its header field takes more than one line to hold it"
                        .to_owned(),
                name: name.map(str::to_owned),
                text: "Hello Þórunn,\n\nhttps://rates.example/?a=b\n".to_owned(),
                html: "<p>Hello Þórunn</p>\n".to_owned(),
            },
        }
    }

    #[test]
    fn written_mails_are_listed_newest_first() {
        let path = std::env::temp_dir().join(format!("portcullis-mailbox-{}", Uuid::new_v4()));
        let (folder, mailbox) = (Folder::new(path.clone()), Mailbox::new(path.clone()));
        assert_eq!(mailbox.list().unwrap(), []);
        let long = format!("{}@example.org", "a".repeat(60));
        let written: Vec<Message> = [("ann@example.org", None), (&long, Some("Þórunn Ágústsdóttir"))]
            .map(|(to, name)| {
                let message = message(to, name);
                folder.write(&message).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(10));
                message
            })
            .into();
        fs::write(path.join("notes.txt"), "not a mail").unwrap();
        fs::write(path.join(format!("{}.eml", Uuid::new_v4())), "half a ma").unwrap();
        let read = mailbox.list().unwrap();
        let ids = |id: &Uuid| *id;
        assert_eq!(
            read.iter().map(|mail| ids(&mail.id)).collect::<Vec<_>>(),
            written.iter().rev().map(|mail| mail.id).collect::<Vec<_>>()
        );
        for (read, message) in read.iter().rev().zip(&written) {
            assert_eq!(read.to, message.to.to_string());
            assert_eq!(read.subject, message.content.subject);
            assert_eq!(read.text, message.content.text.trim_end());
            assert_eq!(read.html, message.content.html.trim_end());
            assert_eq!(mailbox.find(read.id).unwrap().as_ref(), Some(read));
        }
        assert_eq!(mailbox.find(Uuid::new_v4()).unwrap(), None);
        fs::remove_dir_all(path).unwrap();
    }
}
