//! What is wrong with one field of a request: where it stands, its name, and the reason in words for the sender.
use std::borrow::Cow;

/// Where in a request a field stands, in OpenAPI's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// The query string.
    Query,
    /// A segment of the path.
    Path,
    /// A header field.
    Header,
    /// A member of the body.
    Body,
}

impl Location {
    /// The word as it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Path => "path",
            Self::Header => "header",
            Self::Body => "body",
        }
    }
}

/// One offending field. Neither name nor reason ever carries the offending value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where the field stands.
    pub location: Location,
    /// Its name, cut to 64 characters when it is the sender's own word.
    pub field: String,
    /// A short, lower-case reason.
    pub reason: Cow<'static, str>,
}

impl FieldError {
    /// A fault of a query parameter.
    pub fn query(field: &str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Location::Query, field, reason)
    }

    /// A fault of a field anywhere. Control characters in the name are dropped: it is echoed in the answer.
    pub fn new(location: Location, field: &str, reason: impl Into<Cow<'static, str>>) -> Self {
        let field = field.chars().filter(|c| !c.is_control()).take(64).collect();
        Self {
            location,
            field,
            reason: reason.into(),
        }
    }
}
