//! Ports and regions. Port codes are upper case and region slugs lower case, so a text names at most one place.

use std::fmt;

/// A UN/LOCODE: two letters for the country, three letters or digits for the location, for example `CNGGZ`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortCode(String);

/// A region's slug: lower-case letters, digits, `_` and `-`, at most 64 characters, for example `china_main`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegionSlug(String);

/// A port or a region.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A port.
    Port(PortCode),
    /// A region: all ports in it and in the regions below it.
    Region(RegionSlug),
}

impl PortCode {
    /// Format as a regular expression, for the OpenAPI document and error messages.
    pub const PATTERN: &'static str = "^[A-Z]{2}[A-Z0-9]{3}$";

    /// Parses a code. The database constraint `ports_code_check` has the same rule.
    pub fn parse(text: &str) -> Option<Self> {
        Self::is_valid(text).then(|| Self(text.to_owned()))
    }

    /// Whether the text is a valid code.
    pub fn is_valid(text: &str) -> bool {
        let bytes = text.as_bytes();
        bytes.len() == 5
            && bytes[..2].iter().all(u8::is_ascii_uppercase)
            && bytes[2..]
                .iter()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RegionSlug {
    /// Format as a regular expression, for the OpenAPI document and error messages.
    pub const PATTERN: &'static str = "^[a-z0-9][a-z0-9_-]{0,63}$";

    /// Parses a slug. The database constraint `regions_slug_check` has the same rule.
    pub fn parse(text: &str) -> Option<Self> {
        Self::is_valid(text).then(|| Self(text.to_owned()))
    }

    /// Whether the text is a valid slug.
    pub fn is_valid(text: &str) -> bool {
        let small = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let Some((first, rest)) = text.as_bytes().split_first() else {
            return false;
        };
        rest.len() < 64 && small(first) && rest.iter().all(|b| small(b) || matches!(b, b'_' | b'-'))
    }

    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Place {
    /// Both formats as a regular expression.
    pub const PATTERN: &'static str = "^([A-Z]{2}[A-Z0-9]{3}|[a-z0-9][a-z0-9_-]{0,63})$";

    /// Parses a port code or a region slug.
    pub fn parse(text: &str) -> Option<Self> {
        PortCode::parse(text)
            .map(Self::Port)
            .or_else(|| RegionSlug::parse(text).map(Self::Region))
    }

    /// The code or the slug.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Port(code) => code.as_str(),
            Self::Region(slug) => slug.as_str(),
        }
    }
}

impl fmt::Display for PortCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_at_most_one_place() {
        assert!(matches!(Place::parse("CNGGZ"), Some(Place::Port(_))));
        assert!(matches!(Place::parse("US2AB"), Some(Place::Port(_))));
        assert!(matches!(Place::parse("china_main"), Some(Place::Region(_))));
        assert!(matches!(Place::parse("cnggz"), Some(Place::Region(_))));
        let long = "a".repeat(65);
        for bad in [
            "",
            "CNGG",
            "CNGGZZ",
            "1NGGZ",
            "China",
            "_a",
            "a b",
            "a'",
            "å",
            "a\0",
            long.as_str(),
        ] {
            assert_eq!(Place::parse(bad), None, "{bad:?}");
        }
        assert!(Place::parse(&"a".repeat(64)).is_some());
    }
}
