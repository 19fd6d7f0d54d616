//! The fields of a submitted form. Unknown, missing and repeated ones are rejected by name.

use crate::http::contract::form_urlencoded::pairs;
use crate::http::contract::problem::Problem;
use crate::http::edge::body::BodyPolicy;
use crate::types::field_error::{FieldError, Location};
use http::{StatusCode, header};
use poem::Request;

/// The name of the field with the CSRF token.
pub const TOKEN: &str = "csrf";

/// The maximum number of rejected fields in one response.
const MAX_REPORTED: usize = 20;

/// The fields of a submitted form.
#[derive(Clone)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads the body.
    pub async fn read(request: &Request, body: poem::Body) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let policy = request.extensions().get::<BodyPolicy>();
        let bytes = policy.ok_or_else(Problem::internal)?.read(body).await?;
        pairs(&bytes)
            .map(Self)
            .ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "bad-form", "the form is malformed"))
    }

    /// Of these names and values.
    pub fn of(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// Removes and returns the CSRF token; empty if there is none.
    pub fn take_token(&mut self) -> String {
        let position = self.0.iter().position(|(name, _)| name == TOKEN);
        position.map_or_else(String::new, |position| self.0.remove(position).1)
    }

    /// Requires each name of `required` once, each of `optional` at most once, and no other.
    pub fn check(&self, required: &[&str], optional: &[&str]) -> Result<(), Problem> {
        let mut errors: Vec<FieldError> = Vec::new();
        let mut reject_field = |name: &str, reason| {
            let error = FieldError::new(Location::Body, name, reason);
            if errors.len() < MAX_REPORTED && !errors.contains(&error) {
                errors.push(error);
            }
        };
        for (name, _) in &self.0 {
            let known = [required, optional]
                .iter()
                .any(|names| names.contains(&name.as_str()));
            match (known, self.0.iter().filter(|(other, _)| other == name).count()) {
                (true, 1) => {}
                (true, _) => reject_field(name, "is given more than once"),
                (false, _) => reject_field(name, "is not a field of this form"),
            }
        }
        for name in required {
            if self.find(name).is_none() {
                reject_field(name, "is missing");
            }
        }
        if errors.is_empty() {
            return Ok(());
        }
        Err(Problem::invalid(errors))
    }

    /// All names and values, in order.
    pub fn all(&self) -> &[(String, String)] {
        &self.0
    }

    /// Whether the form has a field.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The value of a field; empty if it is missing.
    pub fn text(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    fn find(&self, name: &str) -> Option<&str> {
        let mut fields = self.0.iter();
        fields
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(body: &str) -> Option<Fields> {
        pairs(body.as_bytes()).map(Fields)
    }

    #[test]
    fn unknown_repeated_and_missing_fields_are_named() {
        let fields = fields("title=a&title=b&admin=1&note=").unwrap();
        let problem = fields.check(&["title", "version"], &["note"]).unwrap_err();
        let named: Vec<_> = problem.errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(named, ["title", "admin", "version"]);
        assert_eq!(problem.status, 400);
    }

    #[test]
    fn the_token_is_removed_once() {
        let mut fields = fields("csrf=a&title=b").unwrap();
        assert_eq!(fields.take_token(), "a");
        assert_eq!(fields.take_token(), "");
        assert!(fields.check(&["title"], &[]).is_ok());
    }
}
