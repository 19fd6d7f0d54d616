//! Pages that show the mails of the development mailbox. They exist only if mails are written to a folder; otherwise their
//! paths are unknown.

use crate::http::contract::problem::Problem;
use crate::http::openapi::extra_route::ExtraRoute;
use crate::http::web::page_frame::PageFrame;
use crate::http::web::response::page;
use crate::mail::mailbox::{Mailbox, StoredMail};
use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, StatusCode, header};
use poem::endpoint::make;
use poem::{Body, Request, Response};
use uuid::Uuid;

#[derive(Template)]
#[template(path = "mail/list.html")]
struct List {
    frame: PageFrame,
    mails: Vec<StoredMail>,
}

#[derive(Template)]
#[template(path = "mail/mail.html")]
struct Shown<'a> {
    frame: PageFrame,
    mail: &'a StoredMail,
    pieces: Vec<Piece<'a>>,
}

/// A piece of plain text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Link(&'a str),
}

/// The pages.
pub fn routes(mailbox: &Mailbox) -> Vec<ExtraRoute> {
    let [list, one, html] = [0, 1, 2].map(|_| mailbox.clone());
    vec![
        ExtraRoute::page("/dev/mail").get(make(move |_| respond(list.clone(), list_page))),
        ExtraRoute::page("/dev/mail/:id").get(make(move |request| {
            respond(one.clone(), move |mailbox| mail_page(&find(&request, mailbox)?))
        })),
        ExtraRoute::page("/dev/mail/:id/html").get(make(move |request| {
            respond(html.clone(), move |mailbox| {
                Ok(html_page(find(&request, mailbox)?))
            })
        })),
    ]
}

/// Runs on a blocking thread: it reads files.
async fn respond(
    mailbox: Mailbox,
    work: impl FnOnce(&Mailbox) -> Result<Response, Problem> + Send + 'static,
) -> poem::Result<Response> {
    let outcome = tokio::task::spawn_blocking(move || work(&mailbox)).await;
    Ok(outcome.unwrap_or_else(|_| Err(Problem::internal()))?)
}

fn list_page(mailbox: &Mailbox) -> Result<Response, Problem> {
    let mails = mailbox.list().map_err(|error| unreadable(&error))?;
    let frame = PageFrame::without_nav();
    page(StatusCode::OK, &List { frame, mails })
}

fn mail_page(mail: &StoredMail) -> Result<Response, Problem> {
    let shown = Shown {
        frame: PageFrame::without_nav(),
        mail,
        pieces: pieces(&mail.text),
    };
    page(StatusCode::OK, &shown)
}

/// The HTML part as a mail program shows it: alone, with its own style only, and without any other capability.
fn html_page(mail: StoredMail) -> Response {
    let style = mail
        .html
        .split_once("<style>")
        .and_then(|(_, rest)| rest.split_once("</style>"));
    let hash = STANDARD.encode(digest(&SHA256, style.map_or("", |(style, _)| style).as_bytes()));
    let policy = format!(
        "sandbox; default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let mut response = Response::builder()
        .content_type("text/html; charset=utf-8")
        .body(Body::from(mail.html));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn find(request: &Request, mailbox: &Mailbox) -> Result<StoredMail, Problem> {
    let id = request
        .raw_path_param("id")
        .and_then(|id| Uuid::parse_str(id).ok());
    let found = id.map(|id| mailbox.find(id)).transpose();
    let found = found.map_err(|error| unreadable(&error))?;
    found
        .flatten()
        .ok_or_else(|| Problem::of_status(StatusCode::NOT_FOUND))
}

fn unreadable(error: &std::io::Error) -> Problem {
    tracing::error!(%error, "cannot read the mail folder");
    Problem::internal()
}

/// The text, split into links and the text between them.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let words = text.split_inclusive(char::is_whitespace);
    words
        .flat_map(|word| {
            let link = word.trim_end();
            let is_link = link.starts_with("https://") || link.starts_with("http://");
            let (link, rest) = word.split_at(if is_link { link.len() } else { 0 });
            [Piece::Link(link), Piece::Text(rest)]
        })
        .filter(|piece| !matches!(piece, Piece::Link("") | Piece::Text("")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_separated_from_text() {
        use Piece::{Link, Text};
        assert_eq!(
            pieces("Open:\nhttps://a.example/?b=c\n\njavascript:x http://d"),
            [
                Text("Open:\n"),
                Link("https://a.example/?b=c"),
                Text("\n"),
                Text("\n"),
                Text("javascript:x "),
                Link("http://d"),
            ]
        );
        assert_eq!(pieces(""), []);
    }
}
