//! A browser's session, as far as scans need it: cookies, signing in through the page, following links.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use harness::http_client::Response;

use crate::dast::target::Target;
use crate::redaction::percent_encoded;
use crate::scan_result::ScanError;

/// A crawl ends here even if there are more links.
const MAX_PAGES: usize = 300;

#[derive(Debug, Clone, Default)]
pub struct Crawler {
    cookies: BTreeMap<String, String>,
}

/// A page or file.
#[derive(Debug, Clone)]
pub struct Found {
    /// Path and query.
    pub target: String,
    pub response: Response,
}

impl Crawler {
    /// Signs in an account with this role; the session is a secret of the run.
    pub fn signed_in(server: &Target<'_>, role: &str) -> Result<Crawler, ScanError> {
        let mut crawler = Crawler::default();
        if server.is_planted() {
            return Ok(crawler);
        }
        let account = server.account(role)?;
        let fields = [("email", account.email.as_str()), ("password", &account.password)];
        let response = crawler.submit(server, &server.pages().sign_in, &fields)?;
        if response.status == 303 {
            return Ok(crawler);
        }
        let error = format!("the {role} cannot sign in: {}", response.status);
        Err(ScanError::ToolFailed(error))
    }

    pub fn open(&mut self, server: &Target<'_>, target: &str) -> Result<Response, ScanError> {
        self.send(server, "GET", target, "")
    }

    /// Opens a page with a form, fills the form in and sends it to the same address.
    pub fn submit(
        &mut self,
        server: &Target<'_>,
        target: &str,
        fields: &[(&str, &str)],
    ) -> Result<Response, ScanError> {
        let csrf = &server.pages().csrf_field;
        let page = self.open(server, target)?;
        let token = page.body.split_once(&format!("name=\"{csrf}\" value=\""));
        let token = token.and_then(|(_, rest)| rest.split_once('"'));
        let (token, _) = token.ok_or_else(|| ScanError::ToolFailed(format!("{target} has no form")))?;
        server.register_secret(token);
        let fields = [(csrf.as_str(), token)].into_iter().chain(fields.iter().copied());
        let pairs: Vec<String> = fields
            .map(|(name, value)| format!("{name}={}", percent_encoded(value)))
            .collect();
        self.send(server, "POST", target, &pairs.join("&"))
    }

    /// The value of the `Cookie` header; empty without cookies.
    pub fn cookie(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// Every page and file that links lead to from the root page. Submits no form, so it changes nothing.
    pub fn crawl(&mut self, server: &Target<'_>) -> Result<Vec<Found>, ScanError> {
        let (mut known, mut next) = (BTreeSet::new(), VecDeque::from(["/".to_owned()]));
        let mut found = Vec::new();
        while let Some(target) = next.pop_front().filter(|_| found.len() < MAX_PAGES) {
            if !known.insert(target.clone()) {
                continue;
            }
            let response = self.open(server, &target)?;
            let kind = response.header("content-type").unwrap_or_default();
            if kind.starts_with("text/html") {
                next.extend(links(&response.body));
            }
            next.extend(response.header("location").and_then(local));
            found.push(Found { target, response });
        }
        Ok(found)
    }

    fn send(
        &mut self,
        server: &Target<'_>,
        method: &str,
        target: &str,
        body: &str,
    ) -> Result<Response, ScanError> {
        let (cookie, origin) = (self.cookie(), server.url());
        let mut headers = vec![("Accept", "text/html,*/*;q=0.8")];
        if !cookie.is_empty() {
            headers.push(("Cookie", &cookie));
        }
        if !body.is_empty() {
            headers.push(("Origin", &origin));
            headers.push(("Content-Type", "application/x-www-form-urlencoded"));
        }
        let response = server.send(method, target, &headers, body)?;
        for line in response.all("set-cookie") {
            let pair = line.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                server.register_secret(value);
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        self.cookies.retain(|_, value| !value.is_empty());
        Ok(response)
    }
}

/// Targets of a page's links, styles, scripts and forms on this server.
fn links(page: &str) -> Vec<String> {
    let attributes = ["href=\"", "src=\"", "action=\""].into_iter();
    let values = attributes.flat_map(|attribute| page.split(attribute).skip(1));
    values
        .filter_map(|rest| rest.split_once('"'))
        .filter_map(|(value, _)| local(&value.replace("&amp;", "&")))
        .collect()
}

/// A target on this server, without its fragment.
fn local(link: &str) -> Option<String> {
    let target = link.split('#').next().unwrap_or_default();
    (target.starts_with('/') && !target.starts_with("//")).then(|| target.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_this_server_are_followed() {
        let page = r##"<a href="/a?b=1&amp;c=2#d"><a href="https://x.example/"><a href="//x.example/"><a href="#top">
            <script src="/s.js"></script><form action="/f">"##;
        assert_eq!(links(page), ["/a?b=1&c=2", "/s.js", "/f"]);
        assert_eq!(percent_encoded("a b&ü"), "a%20b%26%C3%BC");
    }
}
