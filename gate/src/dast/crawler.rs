//! A browser's part, as far as a scan needs it: cookies, signing in through the page, and walking from link to link.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use harness::http_client::{Request, Response};

use crate::dast::target::Target;
use crate::scan_result::ScanError;

/// A walk ends here, whatever links there are.
const MOST: usize = 300;

/// Whoever visits.
#[derive(Debug, Clone, Default)]
pub struct Crawler {
    cookies: BTreeMap<String, String>,
}

/// A page or file that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Path and query.
    pub target: String,
    /// What it answered.
    pub answer: Response,
}

impl Crawler {
    /// Somebody with this role who is signed in; the session is a secret of the run.
    pub fn signed_in(server: &Target<'_>, role: &str) -> Result<Crawler, ScanError> {
        let mut crawler = Crawler::default();
        if server.is_planted() {
            return Ok(crawler);
        }
        let account = server.account(role)?;
        let fields = [("email", account.email.as_str()), ("password", &account.password)];
        let answer = crawler.submit(server, &server.pages().sign_in, &fields)?;
        match answer.status {
            303 => Ok(crawler),
            status => Err(ScanError::ToolFailed(format!(
                "the {role} cannot sign in: {status}"
            ))),
        }
    }

    /// Opens a page.
    pub fn open(&mut self, server: &Target<'_>, target: &str) -> Result<Response, ScanError> {
        self.send(server, "GET", target, "")
    }

    /// Opens a form's page, fills it in and sends it to the same address.
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
        let mut body = format!("{csrf}={}", encoded(token));
        for (name, value) in fields {
            body += &format!("&{name}={}", encoded(value));
        }
        self.send(server, "POST", target, &body)
    }

    /// The `Cookie` field's value; empty for whoever has none.
    pub fn cookie(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// Every page and file that links lead to from the front page; it sends no form, so it changes nothing.
    pub fn walk(&mut self, server: &Target<'_>) -> Result<Vec<Found>, ScanError> {
        let (mut known, mut next) = (BTreeSet::new(), VecDeque::from(["/".to_owned()]));
        let mut found = Vec::new();
        while let Some(target) = next.pop_front().filter(|_| found.len() < MOST) {
            if !known.insert(target.clone()) {
                continue;
            }
            let answer = self.open(server, &target)?;
            let html = answer
                .header("content-type")
                .is_some_and(|kind| kind.starts_with("text/html"));
            if html {
                next.extend(links(&answer.body));
            }
            next.extend(answer.header("location").and_then(local));
            found.push(Found { target, answer });
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
        let request = Request {
            method,
            target,
            headers: &headers,
            body,
        };
        let answer = server.send(&request)?;
        for line in answer.all("set-cookie") {
            let pair = line.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                server.register_secret(value);
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        self.cookies.retain(|_, value| !value.is_empty());
        Ok(answer)
    }
}

/// Targets of the page's links, styles, scripts and forms, on this server.
fn links(page: &str) -> Vec<String> {
    let attributes = ["href=\"", "src=\"", "action=\""];
    let values = attributes
        .iter()
        .flat_map(|attribute| page.split(attribute).skip(1));
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

/// Percent-encoding of a form's value.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_a_page_lead_to_this_server_alone() {
        let page = r##"<a href="/a?b=1&amp;c=2#d"><a href="https://x.example/"><a href="//x.example/"><a href="#top">
            <script src="/s.js"></script><form action="/f">"##;
        assert_eq!(links(page), ["/a?b=1&c=2", "/s.js", "/f"]);
        assert_eq!(encoded("a b&ü"), "a%20b%26%C3%BC");
    }
}
