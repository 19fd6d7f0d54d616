//! Fields of a form that was sent: one that is unknown, missing or there twice is refused by its name.

use crate::http::contract::form_urlencoded::pairs;
use crate::http::contract::problem::Problem;
use crate::http::edge::body::BodyPolicy;
use crate::types::field_error::{FieldError, Location};
use http::{StatusCode, header};
use poem::Request;

/// The name of the field with the form's token.
pub const TOKEN: &str = "csrf";

/// Fields of a form that was sent; not looked into before its token was checked.
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
        pairs(&bytes).map(Self).ok_or_else(|| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "bad-form",
                "the form is not written as forms are",
            )
        })
    }

    /// Takes the form's token out; empty where there is none.
    pub fn take_token(&mut self) -> String {
        let place = self.0.iter().position(|(name, _)| name == TOKEN);
        place.map_or_else(String::new, |place| self.0.remove(place).1)
    }

    /// Checks the names: each of `required` once, each of `optional` once at the most, nothing else.
    pub fn check(&self, required: &[&str], optional: &[&str]) -> Result<(), Problem> {
        let mut errors: Vec<FieldError> = Vec::new();
        let mut blame = |name: &str, reason| {
            let error = FieldError::new(Location::Body, name, reason);
            // A flood of names is answered with a few of them.
            if errors.len() < 20 && !errors.contains(&error) {
                errors.push(error);
            }
        };
        for (name, _) in &self.0 {
            let known = [required, optional]
                .iter()
                .any(|names| names.contains(&name.as_str()));
            match (known, self.0.iter().filter(|(other, _)| other == name).count()) {
                (true, 1) => {}
                (true, _) => blame(name, "is given more than once"),
                (false, _) => blame(name, "is not a field of this form"),
            }
        }
        for name in required {
            if self.find(name).is_none() {
                blame(name, "is missing");
            }
        }
        if errors.is_empty() {
            return Ok(());
        }
        Err(Problem::invalid(errors))
    }

    /// Whether a field is there.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The value of a field; empty where it is not there.
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
    fn the_token_is_taken_once() {
        let mut fields = fields("csrf=a&title=b").unwrap();
        assert_eq!(fields.take_token(), "a");
        assert_eq!(fields.take_token(), "");
        assert!(fields.check(&["title"], &[]).is_ok());
    }
}
