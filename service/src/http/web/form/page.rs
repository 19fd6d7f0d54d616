//! Pages that are a form, and pages that are a few words.

use crate::http::contract::problem::{Problem, whole_seconds};
use crate::http::web::form::Form;
use crate::http::web::page_frame::Chrome;
use crate::http::web::visitor::Visitor;
use askama::Template;
use http::{HeaderValue, StatusCode, header};
use poem::Response;
use std::time::Duration;

/// A page that is a form.
#[derive(Template)]
#[template(path = "web/form_page.html")]
pub struct FormPage {
    chrome: Chrome,
    title: &'static str,
    intro: String,
    form: Form,
    ways: &'static [Way],
}

/// A page that is a few words.
#[derive(Template)]
#[template(path = "web/message.html")]
pub struct Message {
    chrome: Chrome,
    title: &'static str,
    paragraphs: &'static [&'static str],
    ways: &'static [Way],
}

/// A way on.
#[derive(Debug)]
pub struct Way {
    /// The words before the link.
    pub before: &'static str,
    /// The path.
    pub target: &'static str,
    /// The words of the link.
    pub text: &'static str,
}

impl FormPage {
    /// A form under a title.
    pub fn new(visitor: &Visitor, title: &'static str, form: Form) -> Self {
        Self {
            chrome: visitor.chrome(),
            title,
            intro: String::new(),
            form,
            ways: &[],
        }
    }

    /// With some words before the form.
    #[must_use]
    pub fn with_intro(mut self, intro: impl Into<String>) -> Self {
        self.intro = intro.into();
        self
    }

    /// With ways to elsewhere under it.
    #[must_use]
    pub fn with_ways(mut self, ways: &'static [Way]) -> Self {
        self.ways = ways;
        self
    }

    /// The answer.
    pub fn show(&self, visitor: &Visitor, status: StatusCode) -> Result<Response, Problem> {
        visitor.show(status, self)
    }

    /// The answer to whoever must wait.
    pub fn show_wait(&self, visitor: &Visitor, wait: Duration) -> Result<Response, Problem> {
        let mut response = self.show(visitor, StatusCode::TOO_MANY_REQUESTS)?;
        let seconds = HeaderValue::from(whole_seconds(wait));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
        Ok(response)
    }
}

impl Message {
    /// Some paragraphs under a title, and ways on.
    pub fn new(
        visitor: &Visitor,
        title: &'static str,
        paragraphs: &'static [&'static str],
        ways: &'static [Way],
    ) -> Self {
        Self {
            chrome: visitor.chrome(),
            title,
            paragraphs,
            ways,
        }
    }

    /// The answer.
    pub fn show(&self, visitor: &Visitor, status: StatusCode) -> Result<Response, Problem> {
        visitor.show(status, self)
    }
}
