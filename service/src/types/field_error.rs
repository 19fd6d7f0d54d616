//! Validation errors of request fields.

use std::borrow::Cow;

/// Location of a field in a request, in the terms of OpenAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// The query string.
    Query,
    /// A path segment.
    Path,
    /// A header field.
    Header,
    /// A member of the body.
    Body,
}

impl Location {
    /// Name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Path => "path",
            Self::Header => "header",
            Self::Body => "body",
        }
    }
}

/// One invalid field. Never contains the invalid value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Location of the field.
    pub location: Location,
    /// Name of the field, at most 64 characters.
    pub field: String,
    /// What is wrong, as a lower-case phrase.
    pub reason: Cow<'static, str>,
    /// Line of a body that consists of rows, from 1.
    pub line: Option<u64>,
}

impl FieldError {
    /// An invalid query parameter.
    pub fn query(field: &str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Location::Query, field, reason)
    }

    /// An invalid field. The name may come from the client and is echoed in the response, so it is cut and control
    /// characters are removed.
    pub fn new(location: Location, field: &str, reason: impl Into<Cow<'static, str>>) -> Self {
        let field = field.chars().filter(|c| !c.is_control()).take(64).collect();
        Self {
            location,
            field,
            reason: reason.into(),
            line: None,
        }
    }

    /// An invalid field of a row in the body.
    pub fn row(line: u64, field: &str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            line: Some(line),
            ..Self::new(Location::Body, field, reason)
        }
    }
}
