//! Requests that provoke every status once: each operation, then the configured requests.

use harness::http_client::Response;

use crate::dast::headers::rules::ResponseKind;
use crate::dast::headers::settings::Headers;
use crate::dast::target::Target;
use crate::scan_result::ScanError;

/// Wrong passwords until the client has to wait.
const MAX_GUESSES: usize = 40;

#[derive(Debug, Clone)]
pub struct Exchange {
    /// An operation such as `GET /wishes/{id}`, or a path.
    pub what: String,
    pub kind: ResponseKind,
    pub response: Response,
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Requests each operation: without a token, and with one if it only reads.
pub fn each_operation(server: &Target<'_>, token: &str) -> Result<Vec<Exchange>, ScanError> {
    let bearer = format!("Bearer {token}");
    let mut exchanges = Vec::new();
    for operation in &server.document.operations {
        let (target, label) = (operation.target(), operation.label());
        let mut send = |method: &str, headers: &[(&str, &str)]| -> Result<(), ScanError> {
            exchanges.push(exchange(server, &label, (method, &target), headers, "")?);
            Ok(())
        };
        send(&operation.method, &[])?;
        if operation.method == "GET" {
            if operation.is_secured() {
                send("GET", &[("Authorization", &bearer)])?;
            }
            send("HEAD", &[])?;
        }
        send("OPTIONS", &[])?;
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
        let headers = probe.headers.iter();
        let headers: Vec<(&str, String)> = headers
            .map(|(name, value)| (name.as_str(), expanded(value)))
            .chain(bearer.map(|bearer| ("Authorization", bearer)))
            .collect();
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        exchanges.push(exchange(
            server,
            path_of(&target),
            (method, &target),
            &headers,
            &body,
        )?);
    }
    exchanges.extend(versions(server, config, tokens)?);
    exchanges.extend(guesses(server, config)?);
    Ok(exchanges)
}

fn path_of(target: &str) -> &str {
    target.split('?').next().unwrap_or_default()
}

fn bearer(tokens: &[(&str, &str)], role: Option<&str>) -> Option<String> {
    let (_, token) = tokens.iter().find(|(of, _)| Some(*of) == role)?;
    Some(format!("Bearer {token}"))
}

/// Replaces `{x17000}` by 17,000 times an x.
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

/// A resource with an `ETag`: read unchanged, and updated without a version and with a wrong one.
fn versions(
    server: &Target<'_>,
    config: &Headers,
    tokens: &[(&str, &str)],
) -> Result<Vec<Exchange>, ScanError> {
    let versions = &config.versions;
    let read = ("GET", versions.read.as_str());
    let full = exchange(server, path_of(read.1), read, &[], "")?;
    let tag = full.response.header("etag").unwrap_or("\"none\"").to_owned();
    let unchanged = exchange(server, path_of(read.1), read, &[("If-None-Match", &tag)], "")?;

    let bearer = bearer(tokens, Some(&config.user)).unwrap_or_default();
    let (authorization, wrong) = (("Authorization", bearer.as_str()), ("If-Match", "\"999\""));
    let create = ("POST", versions.create.as_str());
    let created = exchange(
        server,
        create.1,
        create,
        &[JSON, authorization],
        &versions.created,
    )?;
    let default = format!("{}/1", versions.create);
    let location = created.response.header("location").unwrap_or(&default).to_owned();
    let update = |headers: &[(&str, &str)]| {
        exchange(
            server,
            &versions.update,
            ("PUT", &location),
            headers,
            &versions.updated,
        )
    };
    let without_version = update(&[JSON, authorization])?;
    let wrong_version = update(&[JSON, authorization, wrong])?;
    Ok(vec![full, unchanged, created, without_version, wrong_version])
}

fn guesses(server: &Target<'_>, config: &Headers) -> Result<Vec<Exchange>, ScanError> {
    let (path, body) = (&config.guess.path, &config.guess.body);
    let mut exchanges = Vec::new();
    for _ in 0..MAX_GUESSES {
        let guess = exchange(server, path, ("POST", path), &[JSON], body)?;
        let is_over = matches!(guess.response.status, 404 | 429);
        exchanges.push(guess);
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
        .map(|path| exchange(server, path, ("GET", path), &[], ""));
    exchanges.collect()
}

fn exchange(
    server: &Target<'_>,
    what: &str,
    (method, target): (&str, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Exchange, ScanError> {
    Ok(Exchange {
        what: what.to_owned(),
        kind: ResponseKind {
            private: headers.iter().any(|(name, _)| *name == "Authorization"),
            signs_out: false,
        },
        response: server.send(method, target, headers, body)?,
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
