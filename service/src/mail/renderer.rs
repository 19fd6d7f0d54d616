//! Renders mails: subject, plain text and HTML from the same template.

use super::templates::template_of;
use crate::crypto::data_keys::DataKeys;
use crate::types::search_key::fold;
use askama::Template;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::kind::MailKind;

/// Maximum length of a name in a greeting, in characters; longer ones could carry a message.
const MAX_GREETING_NAME: usize = 60;

/// A rendered mail.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedMail {
    /// The subject: ASCII, one line.
    pub subject: String,
    /// The account's name, if it is safe in a header and a greeting.
    pub name: Option<String>,
    /// The plain part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// Why a mail cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// Its kind needs a link and it has none.
    #[error("link missing")]
    LinkMissing,
    /// The token of its link is derived from a key that this replica has not loaded yet, or that was removed.
    #[error("unknown data key")]
    UnknownDataKey,
    /// A template failed.
    #[error("template failed")]
    Template(#[from] askama::Error),
}

/// Renders mails. Cheap to clone.
#[derive(Clone)]
pub struct Renderer {
    public_url: String,
    keys: DataKeys,
}

/// The data of a mail in the outbox.
#[derive(Clone, Debug)]
pub struct Content<'a> {
    /// Which text.
    pub kind: MailKind,
    /// The account's name.
    pub name: Option<&'a str>,
    /// The link in it.
    pub link: Option<Uuid>,
    /// The id of the data key from which the link's token is derived. `None`: the mail was enqueued before keys had ids.
    pub data_key: Option<&'a str>,
    /// When the link expires.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The data of both templates.
struct Page<'a> {
    subject: &'a str,
    greeting: &'a str,
    opening: &'a [&'a str],
    label: &'a str,
    url: &'a str,
    until: Option<String>,
    closing: &'a [&'a str],
    public_url: &'a str,
}

#[derive(Template)]
#[template(path = "mail/message.txt")]
struct PlainPart<'a> {
    page: &'a Page<'a>,
}

#[derive(Template)]
#[template(path = "mail/message.html")]
struct HtmlPart<'a> {
    page: &'a Page<'a>,
}

impl Renderer {
    /// `public_url` has no trailing slash.
    pub fn new(public_url: String, keys: DataKeys) -> Self {
        Self { public_url, keys }
    }

    /// Renders a mail.
    pub fn render(&self, content: &Content<'_>) -> Result<RenderedMail, RenderError> {
        let template = template_of(content.kind);
        let (label, path) = template.action;
        let url = match (content.kind.has_token(), content.link) {
            (true, Some(link)) => {
                let key = match content.data_key {
                    Some(id) => self.keys.find(id).ok_or(RenderError::UnknownDataKey)?,
                    None => self.keys.oldest(),
                };
                let token = key.link_token(link);
                format!("{}{path}?token={}", self.public_url, token.reveal())
            }
            (true, None) => return Err(RenderError::LinkMissing),
            (false, _) => format!("{}{path}", self.public_url),
        };
        let name = content.name.filter(|name| is_safe_name(name));
        let until = content.expires_at.filter(|_| content.kind.has_token());
        let page = Page {
            subject: template.subject,
            greeting: &name.map_or("Hello,".to_owned(), |name| format!("Hello {name},")),
            opening: template.opening,
            label,
            url: &url,
            until: until.map(|until| until.format("%-d %B %Y, %H:%M UTC").to_string()),
            closing: template.closing,
            public_url: &self.public_url,
        };
        Ok(RenderedMail {
            subject: template.subject.to_owned(),
            name: name.map(str::to_owned),
            text: PlainPart { page: &page }.render()?,
            html: HtmlPart { page: &page }.render()?,
        })
    }
}

/// Whether a name is safe in a mail. An attacker may register another user's address with a message as the name: names
/// that mail clients could display as links, or that contain line ends, are omitted, also in compatibility forms (`＠`, `․`).
fn is_safe_name(name: &str) -> bool {
    has_no_link(name) && has_no_link(&fold(name))
}

fn has_no_link(name: &str) -> bool {
    let dots = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];
    let after_dot = |part: &str| part.is_empty() || part.starts_with(char::is_whitespace);
    !name.trim().is_empty()
        && name.chars().count() <= MAX_GREETING_NAME
        && !name
            .chars()
            .any(|c| c.is_control() || "/\\:@<>\u{2028}\u{2029}".contains(c))
        && name.split(dots).skip(1).all(after_dot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn renderer() -> (Renderer, DataKeys) {
        let keys = DataKeys::random();
        (
            Renderer::new("https://rates.example".to_owned(), keys.clone()),
            keys,
        )
    }

    fn content(kind: MailKind, name: &str) -> Content<'_> {
        Content {
            kind,
            name: Some(name),
            link: kind.has_token().then(Uuid::new_v4),
            data_key: None,
            expires_at: Utc.with_ymd_and_hms(2026, 11, 2, 9, 5, 0).single(),
        }
    }

    #[test]
    fn both_parts_of_every_kind_have_the_same_content() {
        let (renderer, keys) = renderer();
        for kind in MailKind::ALL {
            assert_eq!(MailKind::parse(kind.as_str()), Some(kind));
            let content = content(kind, "Ann");
            let mail = renderer.render(&content).unwrap();
            assert!(mail.subject.is_ascii() && !mail.subject.contains(['\r', '\n']));
            for part in [&mail.text, &mail.html] {
                assert!(part.contains("Hello Ann,"), "{part}");
                assert!(part.contains("https://rates.example/"), "{part}");
                assert_eq!(part.contains("?token="), kind.has_token(), "{part}");
                assert_eq!(
                    part.contains("2 November 2026, 09:05 UTC"),
                    kind.has_token(),
                    "{part}"
                );
                for paragraph in template_of(kind).opening.iter().chain(template_of(kind).closing) {
                    assert!(part.contains(paragraph), "{kind:?} lacks {paragraph:?}: {part}");
                }
                if let Some(link) = content.link {
                    assert!(part.contains(keys.newest().link_token(link).reveal()), "{part}");
                }
            }
        }
        assert_eq!(MailKind::parse("unknown"), None);
    }

    #[test]
    fn a_kind_that_needs_a_link_is_not_rendered_without_one() {
        let (renderer, _) = renderer();
        for kind in MailKind::ALL {
            let content = Content {
                link: None,
                ..content(kind, "Ann")
            };
            assert_eq!(renderer.render(&content).is_err(), kind.has_token());
        }
    }

    #[test]
    fn a_link_names_its_key() {
        let (renderer, keys) = renderer();
        let id = keys.newest().id().to_string();
        let content = content(MailKind::Reset, "Ann");
        let of_key = |data_key| {
            renderer.render(&Content {
                data_key,
                ..content.clone()
            })
        };
        let mail = of_key(Some(id.as_str())).unwrap();
        let token = keys.newest().link_token(content.link.unwrap());
        assert!(mail.text.contains(token.reveal()), "{}", mail.text);
        let unknown = of_key(Some("0011223344556677")).map(|mail| mail.text);
        assert!(matches!(unknown, Err(RenderError::UnknownDataKey)), "{unknown:?}");
    }

    #[test]
    fn a_name_is_escaped_and_an_unsafe_one_is_omitted() {
        let (renderer, _) = renderer();
        let mail = renderer
            .render(&content(MailKind::Confirm, "O'Neill & \"Sons\""))
            .unwrap();
        assert!(mail.text.contains("Hello O'Neill & \"Sons\","), "{}", mail.text);
        assert!(!mail.html.contains("O'Neill & \""), "{}", mail.html);
        for good in ["Ann", "Dr. Ann B. Smith", "Þórunn", "李小龙", "Ann B."] {
            assert!(is_safe_name(good), "{good}");
        }
        for bad in [
            "",
            " ",
            "you won: evil.example",
            "evil.example",
            "evil。example",
            "evil\u{2024}example",
            "ann＠evil",
            "http：／／evil",
            "http://evil",
            "call @evil",
            "<b>",
            "a\r\nBcc: b",
            &"a".repeat(61),
        ] {
            assert!(!is_safe_name(bad), "{bad}");
            let mail = renderer.render(&content(MailKind::Confirm, bad)).unwrap();
            assert!(mail.text.contains("Hello,") && mail.name.is_none(), "{bad}");
        }
    }
}
