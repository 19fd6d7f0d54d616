//! What is asked so that every status answers once: each operation without a token and, where it only reads, with one, and
//! then the odd requests; judges no answer.

use harness::http_client::{Request, Response};

use crate::config::Headers;
use crate::dast::headers::rules::ResponseKind;
use crate::dast::openapi::OpenApi;
use crate::dast::target::Target;
use crate::scan_result::ScanError;

/// Wrong passwords until somebody is asked to wait.
const MAX_GUESSES: usize = 40;

/// What was asked, and what came.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// `GET /wishes/{id}`, or a path.
    pub what: String,
    /// What was asked for.
    pub asked: ResponseKind,
    /// What came.
    pub answer: Response,
}

/// An odd request: method, target, fields, body.
type Odd<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>, &'a str);

/// Asks each operation. What changes something is asked without a token only.
pub fn each_operation(
    server: &Target<'_>,
    document: &OpenApi,
    token: &str,
) -> Result<Vec<Exchange>, ScanError> {
    let bearer = format!("Bearer {token}");
    let mut exchanges = Vec::new();
    for operation in &document.operations {
        let (target, label) = (operation.target(), operation.label());
        exchanges.push(ask(
            server,
            &label,
            (&operation.method, &target, Vec::new(), ""),
            false,
        )?);
        let reads = operation.method == "GET";
        if reads && operation.secured {
            let fields = vec![("Authorization", bearer.as_str())];
            exchanges.push(ask(server, &label, ("GET", &target, fields, ""), true)?);
        }
        if reads {
            exchanges.push(ask(server, &label, ("HEAD", &target, Vec::new(), ""), false)?);
        }
        exchanges.push(ask(server, &label, ("OPTIONS", &target, Vec::new(), ""), false)?);
    }
    Ok(exchanges)
}

/// The configured requests, which provoke the other statuses: created, redirected, unchanged, rejected in each way.
pub fn configured(
    server: &Target<'_>,
    config: &Headers,
    tokens: &[(&str, &str)],
) -> Result<Vec<Exchange>, ScanError> {
    let mut exchanges = Vec::new();
    for probe in &config.probes {
        let (method, target) = probe.request.split_once(' ').unwrap_or(("GET", &probe.request));
        let (target, body) = (expanded(target), expanded(&probe.body));
        let bearer = bearer(tokens, probe.role.as_deref());
        let values: Vec<(&str, String)> = probe
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), expanded(value)))
            .chain(bearer.map(|bearer| ("Authorization", bearer)))
            .collect();
        let headers = values
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let what = target.split('?').next().unwrap_or_default();
        exchanges.push(ask(
            server,
            what,
            (method, &target, headers, &body),
            probe.role.is_some(),
        )?);
    }
    exchanges.extend(versions(server, config, tokens)?);
    exchanges.extend(guesses(server, config)?);
    Ok(exchanges)
}

fn bearer(tokens: &[(&str, &str)], role: Option<&str>) -> Option<String> {
    let (_, token) = tokens.iter().find(|(of, _)| Some(*of) == role)?;
    Some(format!("Bearer {token}"))
}

/// `{x17000}` becomes 17,000 times an x.
fn expanded(text: &str) -> String {
    let parts = text
        .split_once("{x")
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    let Some((before, (count, after))) = parts else {
        return text.to_owned();
    };
    count.parse().map_or(text.to_owned(), |count| {
        format!("{before}{}{after}", "x".repeat(count))
    })
}

/// Resources with a version: read unchanged, updated without naming it, updated with a wrong one.
fn versions(
    server: &Target<'_>,
    config: &Headers,
    tokens: &[(&str, &str)],
) -> Result<Vec<Exchange>, ScanError> {
    let versions = &config.versions;
    let (what, read) = (
        versions.read.split('?').next().unwrap_or_default(),
        versions.read.as_str(),
    );
    let whole = ask(server, what, ("GET", read, vec![], ""), false)?;
    let tag = whole.answer.header("etag").unwrap_or("\"none\"").to_owned();
    let known = vec![("If-None-Match", tag.as_str())];
    let unchanged = ask(server, what, ("GET", read, known, ""), false)?;
    let bearer = bearer(tokens, Some(&config.user)).unwrap_or_default();
    let fields = vec![("Content-Type", "application/json"), ("Authorization", &bearer)];
    let create = (
        "POST",
        versions.create.as_str(),
        fields.clone(),
        versions.created.as_str(),
    );
    let created = ask(server, &versions.create, create, true)?;
    let default = format!("{}/1", versions.create);
    let location = created.answer.header("location").unwrap_or(&default).to_owned();
    let without = (
        "PUT",
        location.as_str(),
        fields.clone(),
        versions.updated.as_str(),
    );
    let without = ask(server, &versions.update, without, true)?;
    let wrong = [fields, vec![("If-Match", "\"999\"")]].concat();
    let wrong = ("PUT", location.as_str(), wrong, versions.updated.as_str());
    let wrong = ask(server, &versions.update, wrong, true)?;
    Ok(vec![whole, unchanged, created, without, wrong])
}

/// Wrong passwords, until the client has to wait.
fn guesses(server: &Target<'_>, config: &Headers) -> Result<Vec<Exchange>, ScanError> {
    let (path, json) = (&config.guess.path, ("Content-Type", "application/json"));
    let mut exchanges = Vec::new();
    for _ in 0..MAX_GUESSES {
        let exchange = ask(
            server,
            path,
            ("POST", path, vec![json], &config.guess.body),
            false,
        )?;
        let is_over = matches!(exchange.answer.status, 404 | 429);
        exchanges.push(exchange);
        if is_over {
            break;
        }
    }
    Ok(exchanges)
}

/// Requests that need the database while it is stopped.
pub fn without_database(server: &Target<'_>, paths: &[String]) -> Result<Vec<Exchange>, ScanError> {
    let exchanges = paths
        .iter()
        .map(|path| ask(server, path, ("GET", path, vec![], ""), false));
    exchanges.collect()
}

fn ask(server: &Target<'_>, what: &str, odd: Odd<'_>, private: bool) -> Result<Exchange, ScanError> {
    let (method, target, headers, body) = odd;
    let request = Request {
        method,
        target,
        headers: &headers,
        body,
    };
    Ok(Exchange {
        what: what.to_owned(),
        asked: ResponseKind {
            private,
            signs_out: false,
        },
        answer: server.send(&request)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_becomes_as_many_characters() {
        assert_eq!(expanded("/a?q={x3}&b"), "/a?q=xxx&b");
        assert_eq!(expanded("{"), "{");
        assert_eq!(expanded("{\"a\": 1}"), "{\"a\": 1}");
    }
}
