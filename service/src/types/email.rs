//! E-mail addresses (RFC 5321), ASCII only, so that no address can imitate another. International domains are written as
//! A-labels (`xn--…`, RFC 5890).

use std::fmt;

/// Maximum length: a path has 256 octets, two of them brackets (RFC 5321 §4.5.3.1.3).
const MAX_LENGTH: usize = 254;

/// An address as it was entered, and its lower-case form for comparison. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email {
    text: String,
    key: String,
}

impl Email {
    /// Parses a dot-atom, `@`, and a domain of at least two labels, or `localhost`. Quoted local parts and address
    /// literals are rejected: they are practically unused, except to attack headers and shells. Surrounding white space is
    /// trimmed: keyboards of phones append a space to a completed word, and no address ends in one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@')?;
        let good = text.len() <= MAX_LENGTH && is_dot_atom(local) && local.len() <= 64 && is_domain(domain);
        good.then(|| Self {
            text: text.to_owned(),
            key: text.to_ascii_lowercase(),
        })
    }

    /// The address as it was entered.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address for comparison. Local parts are case-insensitive, too: RFC 5321 permits servers that distinguish
    /// case, but they are practically extinct.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The address for comparison, without a sub-address (RFC 5233): mails to `ann+x@example.org` reach the mailbox of
    /// `ann@example.org`.
    pub fn mailbox_key(&self) -> String {
        let (local, domain) = self.key.split_once('@').unwrap_or((&self.key, ""));
        let mailbox = local.split('+').next().filter(|mailbox| !mailbox.is_empty());
        format!("{}@{domain}", mailbox.unwrap_or(local))
    }

    /// The part before the `@`, in lower case.
    pub fn local_part(&self) -> &str {
        self.key.split('@').next().unwrap_or_default()
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email")
    }
}

fn is_dot_atom(text: &str) -> bool {
    let atom = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&c);
    text.split('.')
        .all(|part| !part.is_empty() && part.bytes().all(atom))
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let labels: Vec<&str> = text.split('.').collect();
    let top_is_a_number = labels
        .last()
        .is_some_and(|top| top.bytes().all(|c| c.is_ascii_digit()));
    labels.iter().all(|part| label(part))
        && !top_is_a_number
        && (labels.len() > 1 || text.eq_ignore_ascii_case("localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_case_insensitively() {
        for good in [
            "ann@example.org",
            "Ann.B+x@Mail.Example.org",
            " ann@example.org\u{a0}\r\n",
            "a@xn--bcher-kva.example",
            "x@localhost",
        ] {
            assert!(Email::parse(good).is_some(), "{good}");
        }
        let (a, b) = (Email::parse("Ann@Example.org "), Email::parse("ann@example.ORG"));
        assert_eq!(a.unwrap().key(), b.unwrap().key());
    }

    #[test]
    fn sub_addresses_have_the_mailbox_of_their_address() {
        for (address, mailbox) in [
            ("Ann+x@Example.org", "ann@example.org"),
            ("ann++@example.org", "ann@example.org"),
            ("ann+a+b@example.org", "ann@example.org"),
            ("ann@example.org", "ann@example.org"),
            ("+ann@example.org", "+ann@example.org"),
        ] {
            assert_eq!(Email::parse(address).unwrap().mailbox_key(), mailbox);
        }
    }

    #[test]
    fn the_maximum_length_is_254() {
        let domain = format!("{0}.{0}.{0}.{1}.org", "d".repeat(60), "d".repeat(20));
        let local = |length: usize| "l".repeat(length);
        let fits = format!("{}@{domain}", local(254 - 1 - domain.len()));
        assert_eq!(fits.len(), 254);
        assert!(Email::parse(&fits).is_some());
        assert!(Email::parse(&format!("l{fits}")).is_none());
    }

    #[test]
    fn unsafe_and_malformed_addresses_are_rejected() {
        for bad in [
            "",
            "ann",
            "@example.org",
            "ann@",
            "ann@example",
            "a b@example.org",
            "ann@exam ple.org",
            "ann@example.org\r\nBcc: x@y.org",
            "\"a b\"@example.org",
            "ann@[127.0.0.1]",
            "ann@127.0.0.1",
            ".ann@example.org",
            "ann.@example.org",
            "a..b@example.org",
            "ann@-example.org",
            "ann@example-.org",
            "ann@example..org",
            "аnn@example.org",
            "ann@exаmple.org",
            "ann@example.org\0",
            "<ann@example.org>",
            "ann@example.org, bob@example.org",
            "a@b@example.org",
        ] {
            assert!(Email::parse(bad).is_none(), "{bad:?}");
        }
    }
}
