//! A mail's header fields (RFC 5322) and its plain and HTML parts (MIME). Message-ID and Date are the same for every
//! attempt, so that receivers can detect duplicates.

use super::address_field::address_field;
use super::renderer::RenderedMail;
use chrono::{DateTime, Utc};
use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message as Built, MultiPart, SinglePart};
use uuid::Uuid;

/// The content transfer encoding of the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Quoted-printable: ASCII and short lines, accepted by every mail server.
    QuotedPrintable,
    /// Unencoded, for files, where links must not be broken.
    EightBit,
}

/// A mail, ready to be sent.
#[derive(Clone)]
pub struct Message {
    /// The local part of the Message-ID.
    pub id: Uuid,
    /// The sender.
    pub from: Mailbox,
    /// The recipient's address.
    pub to: Address,
    /// When it was enqueued.
    pub date: DateTime<Utc>,
    /// Its texts.
    pub content: RenderedMail,
}

impl Message {
    /// The formatted mail with CRLF line ends; `None`: a header field contains invalid characters.
    pub fn bytes(&self, encoding: Encoding) -> Option<Vec<u8>> {
        // The library panics on control characters in a name.
        let names = [&self.content.name, &self.from.name];
        if names
            .into_iter()
            .flatten()
            .any(|name| name.contains(char::is_control))
        {
            return None;
        }
        let to = Mailbox::new(self.content.name.clone(), self.to.clone());
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        let parts = MultiPart::alternative()
            .boundary(format!("part-{}", self.id.simple()))
            .singlepart(part(ContentType::TEXT_PLAIN, &self.content.text, encoding))
            .singlepart(part(ContentType::TEXT_HTML, &self.content.html, encoding));
        let message: Built = Built::builder()
            .message_id(Some(format!("<{}@{}>", self.id, self.from.email.domain())))
            .date(self.date.into())
            .from(self.from.clone())
            .to(to.clone())
            .raw_header(address_field("From", &self.from))
            .raw_header(address_field("To", &to))
            .subject(self.content.subject.clone())
            .raw_header(automatic)
            .multipart(parts)
            .ok()?;
        Some(message.formatted())
    }
}

fn part(kind: ContentType, text: &str, encoding: Encoding) -> SinglePart {
    let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    let body = match encoding {
        Encoding::QuotedPrintable => {
            Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable).unwrap_or_else(Body::new)
        }
        Encoding::EightBit => {
            Body::dangerous_pre_encoded(text.into_bytes(), ContentTransferEncoding::EightBit)
        }
    };
    SinglePart::builder().content_type(kind).body(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn message(name: Option<&str>, text: &str) -> Message {
        Message {
            id: Uuid::nil(),
            from: "Portcullis <post@rates.example>".parse().unwrap(),
            to: "ann@example.org".parse().unwrap(),
            date: Utc.with_ymd_and_hms(2026, 11, 2, 9, 5, 0).unwrap(),
            content: RenderedMail {
                subject: "Subject".to_owned(),
                name: name.map(str::to_owned),
                text: text.to_owned(),
                html: format!("<p>{text}</p>"),
            },
        }
    }

    fn head(message: &Message, encoding: Encoding) -> (String, String) {
        let text = String::from_utf8(message.bytes(encoding).unwrap()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    #[test]
    fn the_header_is_complete_and_the_same_for_every_attempt() {
        let message = message(Some("Ann"), "plain");
        let (head, _) = head(&message, Encoding::QuotedPrintable);
        for field in [
            "Message-ID: <00000000-0000-0000-0000-000000000000@rates.example>",
            "Date: Mon, 02 Nov 2026 09:05:00 +0000",
            "From: Portcullis <post@rates.example>",
            "To: Ann <ann@example.org>",
            "Subject: Subject",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: multipart/alternative;",
        ] {
            assert!(head.contains(field), "{field} is missing in {head}");
        }
        for encoding in [Encoding::QuotedPrintable, Encoding::EightBit] {
            assert_eq!(message.bytes(encoding), message.bytes(encoding));
        }
    }

    #[test]
    fn a_name_cannot_inject_a_header_field() {
        for name in [
            "a\r\nBcc: evil@example.org",
            "a\nBcc: evil@example.org",
            "a\rBcc: evil@example.org",
        ] {
            assert!(
                message(Some(name), "plain")
                    .bytes(Encoding::QuotedPrintable)
                    .is_none(),
                "{name:?}"
            );
        }
        for address in [
            "a@example.org\r\nBcc: b@example.org",
            "a\r\n@example.org",
            "a@example.org\n",
        ] {
            assert!(address.parse::<Address>().is_err(), "{address:?}");
        }
        let mut message = message(None, "plain");
        message.content.subject = "a\r\nBcc: evil@example.org".to_owned();
        let (head, _) = head(&message, Encoding::QuotedPrintable);
        assert!(
            !head.split(['\r', '\n']).any(|line| line.starts_with("Bcc")),
            "{head}"
        );
    }

    #[test]
    fn non_ascii_text_is_encoded_in_fields_and_in_transit() {
        let message = message(
            Some("Þórunn Ágústsdóttir"),
            "Hello Þórunn, https://rates.example/?a=b",
        );
        let bytes = message.bytes(Encoding::QuotedPrintable).unwrap();
        assert!(bytes.is_ascii() && bytes.split(|b| *b == b'\n').all(|line| line.len() <= 78));
        let (head, body) = head(&message, Encoding::QuotedPrintable);
        assert!(head.contains("To: =?utf-8?b?"), "{head}");
        assert!(body.contains("Content-Transfer-Encoding: quoted-printable") && body.contains("=C3=9E"));
        let (_, body) = self::head(&message, Encoding::EightBit);
        assert!(
            body.contains("Hello Þórunn, https://rates.example/?a=b"),
            "{body}"
        );
    }
}
