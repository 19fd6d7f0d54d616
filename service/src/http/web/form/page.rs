//! Pages that consist of a form or a message.

use crate::http::contract::problem::{Problem, ProblemKind, whole_seconds};
use crate::http::web::form::Form;
use crate::http::web::page_frame::PageFrame;
use crate::http::web::visitor::Visitor;
use askama::Template;
use http::{HeaderValue, StatusCode, header};
use poem::Response;
use std::time::Duration;

/// A page with a form.
#[derive(Template)]
#[template(path = "web/form_page.html")]
pub struct FormPage {
    frame: PageFrame,
    title: &'static str,
    intro: Vec<String>,
    form: Form,
    links: &'static [NavLink],
}

/// A page with a message.
#[derive(Template)]
#[template(path = "web/message.html")]
pub struct MessagePage {
    frame: PageFrame,
    title: &'static str,
    paragraphs: Vec<String>,
    links: &'static [NavLink],
}

/// A link below the content.
#[derive(Debug)]
pub struct NavLink {
    /// The text before the link.
    pub before: &'static str,
    /// The path.
    pub target: &'static str,
    /// The text of the link.
    pub text: &'static str,
}

impl FormPage {
    /// A form under a title.
    pub fn new(visitor: &Visitor, title: &'static str, mut form: Form) -> Self {
        visitor.restore(&mut form);
        Self {
            frame: visitor.frame(),
            title,
            intro: Vec::new(),
            form,
            links: &[],
        }
    }

    /// With a paragraph above the form, unless it is empty.
    #[must_use]
    pub fn with_intro(mut self, intro: impl Into<String>) -> Self {
        self.intro
            .extend(Some(intro.into()).filter(|intro| !intro.is_empty()));
        self
    }

    /// With links below the form.
    #[must_use]
    pub fn with_links(mut self, links: &'static [NavLink]) -> Self {
        self.links = links;
        self
    }

    /// The response.
    pub fn show(&self, visitor: &Visitor, status: StatusCode) -> Result<Response, Problem> {
        visitor.show(status, self)
    }

    /// The response with 429 and `Retry-After`, for a problem of this kind.
    pub fn show_retry_after(
        &self,
        visitor: &Visitor,
        kind: &'static str,
        wait: Duration,
    ) -> Result<Response, Problem> {
        let mut response = self.show(visitor, StatusCode::TOO_MANY_REQUESTS)?;
        let seconds = HeaderValue::from(whole_seconds(wait));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
        response.extensions_mut().insert(ProblemKind(kind));
        Ok(response)
    }
}

impl MessagePage {
    /// A title, paragraphs and links.
    pub fn new(
        visitor: &Visitor,
        title: &'static str,
        paragraphs: &[&str],
        links: &'static [NavLink],
    ) -> Self {
        Self {
            frame: visitor.frame(),
            title,
            paragraphs: paragraphs
                .iter()
                .map(|paragraph| (*paragraph).to_owned())
                .collect(),
            links,
        }
    }

    /// The response.
    pub fn show(&self, visitor: &Visitor, status: StatusCode) -> Result<Response, Problem> {
        visitor.show(status, self)
    }
}
