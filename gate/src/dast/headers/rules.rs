//! The OWASP Secure Headers Project's lists as rules for one response: headers that it must send, and must not send.

use harness::http_client::Response;

use crate::dast::headers::lists::{self, EXACT};

/// Where the rules are weaker than the lists, and why.
pub const EXCEPTIONS: [&str; 3] = [
    "Clear-Site-Data is required only when signing out: it ends sessions",
    "Cache-Control may allow storing public responses, which revalidation by ETag needs",
    "upgrade-insecure-requests is not required: pages link only to their own origin, which HSTS protects, and on a developer's \
     machine without TLS they would not load",
];

/// The request that a response belongs to.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResponseKind {
    /// It had a token or a session, so the response is for one user only.
    pub private: bool,
    /// It signs a browser out.
    pub signs_out: bool,
}

/// Two years in seconds, as the list says.
const MIN_HSTS_AGE: u64 = 63_072_000;

/// The number of headers in the lists.
pub fn entries() -> u64 {
    (EXACT.len() + 5 + lists::revealing().count()) as u64
}

/// What is wrong with a response: the header's name in lower case, and why.
pub fn violations(response: &Response, kind: ResponseKind) -> Vec<(String, String)> {
    let mut violations = Vec::new();
    let mut report = |name: &str, why: &str| violations.push((name.to_owned(), why.to_owned()));
    for (name, accepted) in EXACT {
        check(response, name, &mut report, |value| {
            (!value.eq_ignore_ascii_case(accepted)).then(|| format!("is not {accepted}"))
        });
    }
    check(response, "content-security-policy", &mut report, content_security);
    check(response, "permissions-policy", &mut report, permissions);
    check(response, "strict-transport-security", &mut report, transport);
    check(response, "cache-control", &mut report, |value| {
        let must_not_be_stored = kind.private || response.status >= 400;
        (must_not_be_stored && !value.contains("no-store"))
            .then(|| "allows storing a private response or an error".to_owned())
    });
    match (response.header("clear-site-data"), kind.signs_out) {
        (None, true) => report("clear-site-data", "is missing when signing out"),
        (Some(_), false) => report("clear-site-data", "signs the user out"),
        (Some(_), true) | (None, false) => {}
    }
    for (name, _) in &response.headers {
        if lists::revealing().any(|revealing| revealing == name) {
            report(name, "reveals the software");
        }
    }
    violations
}

/// A header that must be sent once, with an accepted value; `reject` says what is wrong with a value.
fn check(
    response: &Response,
    name: &str,
    report: &mut impl FnMut(&str, &str),
    reject: impl Fn(&str) -> Option<String>,
) {
    let values: Vec<&str> = response.all(name).collect();
    match values.as_slice() {
        [] => report(name, "is missing"),
        [value] => {
            if let Some(why) = reject(value) {
                report(name, &format!("{why}: {value}"));
            }
        }
        _ => report(name, "is sent twice"),
    }
}

/// Restrictive by default, in no frame, and without sources that allow foreign scripts.
fn content_security(policy: &str) -> Option<String> {
    let directives: Vec<(&str, Vec<&str>)> = policy
        .split(';')
        .filter_map(|directive| {
            let mut parts = directive.split_whitespace();
            Some((parts.next()?, parts.collect()))
        })
        .collect();
    for (name, accepted) in [
        ("default-src", &["'none'", "'self'"][..]),
        ("form-action", &["'none'", "'self'"]),
        ("base-uri", &["'none'", "'self'"]),
        ("object-src", &["'none'"]),
        ("frame-ancestors", &["'none'"]),
    ] {
        let sources = directives.iter().find(|(found, _)| *found == name);
        match sources.map(|(_, sources)| sources.as_slice()) {
            Some([source]) if accepted.contains(source) => {}
            _ => return Some(format!("{name} is not one of {}", accepted.join(", "))),
        }
    }
    directives
        .iter()
        .filter(|(name, _)| has_sources(name))
        .find_map(|(name, sources)| {
            let wide = sources.iter().find(|source| !is_narrow(name, source))?;
            Some(format!("{name} has {wide}"))
        })
}

/// Other directives do not list what may be loaded (CSP 3, section 6).
fn has_sources(directive: &str) -> bool {
    directive.ends_with("-src") || matches!(directive, "form-action" | "base-uri" | "frame-ancestors")
}

/// Nothing, the own origin, a nonce or a hash, or an image in the page itself. Keywords are case-insensitive.
fn is_narrow(directive: &str, source: &str) -> bool {
    let source = source.to_ascii_lowercase();
    let prefixes = ["'nonce-", "'sha256-", "'sha384-", "'sha512-"];
    matches!(source.as_str(), "'none'" | "'self'")
        || prefixes.iter().any(|prefix| source.starts_with(prefix))
        || (source == "data:" && matches!(directive, "img-src" | "font-src"))
}

fn permissions(policy: &str) -> Option<String> {
    let disabled: Vec<&str> = policy.split(',').map(str::trim).collect();
    let is_enabled = |feature: &&str| {
        let is_own = *feature == "sync-xhr" && disabled.contains(&"sync-xhr=(self)");
        !is_own && !disabled.contains(&format!("{feature}=()").as_str())
    };
    let enabled = lists::features().find(is_enabled)?;
    Some(format!("does not disable {enabled}"))
}

fn transport(policy: &str) -> Option<String> {
    let mut parts = policy.split(';').map(str::trim);
    let age = parts.clone().find_map(|part| part.strip_prefix("max-age="));
    let is_long = age.is_some_and(|age| age.parse().is_ok_and(|age: u64| age >= MIN_HSTS_AGE));
    let has_subdomains = parts.any(|part| part.eq_ignore_ascii_case("includeSubDomains"));
    (!is_long || !has_subdomains)
        .then(|| format!("is not max-age={MIN_HSTS_AGE} or more with includeSubDomains"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Response {
        let permissions: Vec<String> = lists::features().map(|feature| format!("{feature}=()")).collect();
        let permissions = permissions.join(", ");
        let mut headers: Vec<(String, String)> = EXACT
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let policy = "default-src 'none'; img-src 'self' data:; base-uri 'none'; form-action 'self'; \
            frame-ancestors 'none'; object-src 'none'";
        for (name, value) in [
            ("cache-control", "no-store"),
            ("content-security-policy", policy),
            ("permissions-policy", &permissions),
            ("strict-transport-security", "max-age=63072000; includeSubDomains"),
        ] {
            headers.push((name.to_owned(), value.to_owned()));
        }
        Response {
            status: 200,
            headers,
            body: String::new(),
        }
    }

    fn with(name: &str, value: &str) -> Response {
        let mut response = good();
        response.headers.retain(|(found, _)| found != name);
        response.headers.push((name.to_owned(), value.to_owned()));
        response
    }

    fn names(response: &Response, kind: ResponseKind) -> Vec<String> {
        let violations = violations(response, kind).into_iter();
        violations.map(|(name, _)| name).collect()
    }

    #[test]
    fn a_secure_response_has_no_violation_and_a_bare_one_has_all() {
        assert_eq!(violations(&good(), ResponseKind::default()), []);
        let bare = Response {
            status: 200,
            headers: vec![("server".to_owned(), "x".to_owned())],
            body: String::new(),
        };
        assert_eq!(names(&bare, ResponseKind::default()).len(), EXACT.len() + 5);
        let mut twice = good();
        let header = ("x-frame-options".to_owned(), "deny".to_owned());
        twice.headers.push(header);
        assert_eq!(names(&twice, ResponseKind::default()), ["x-frame-options"]);
    }

    #[test]
    fn each_weak_value_is_found() {
        let base = "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
        let policies = [
            "default-src *",
            "default-src 'none'; script-src 'self' 'unsafe-inline'",
            "default-src 'none'; script-src data:",
            "default-src 'none'; script-src 'UNSAFE-INLINE'",
            "default-src 'none'; script-src https://cdn.example",
        ]
        .map(|policy| format!("{policy}; {base}"));
        let policies = policies
            .iter()
            .map(String::as_str)
            .chain([base, "default-src 'none'"]);
        let policies = policies.map(|policy| ("content-security-policy", policy));
        for (name, value) in policies.chain([
            ("referrer-policy", "unsafe-url"),
            ("permissions-policy", "camera=()"),
            ("strict-transport-security", "max-age=3600; includeSubDomains"),
            ("strict-transport-security", "max-age=63072000"),
            ("clear-site-data", "\"cookies\""),
            ("x-powered-by", "PHP"),
        ]) {
            let found = names(&with(name, value), ResponseKind::default());
            assert_eq!(found, [name], "{value}");
        }
    }

    #[test]
    fn private_responses_and_errors_must_not_be_stored_and_signing_out_clears() {
        let stored = with("cache-control", "no-cache");
        let private = ResponseKind {
            private: true,
            ..ResponseKind::default()
        };
        let signs_out = ResponseKind {
            signs_out: true,
            ..ResponseKind::default()
        };
        assert_eq!(names(&stored, ResponseKind::default()), Vec::<String>::new());
        assert_eq!(names(&stored, private), ["cache-control"]);
        let error = Response {
            status: 404,
            ..stored
        };
        assert_eq!(names(&error, ResponseKind::default()), ["cache-control"]);
        assert_eq!(names(&good(), signs_out), ["clear-site-data"]);
        let clearing = with("clear-site-data", "\"cookies\"");
        assert_eq!(names(&clearing, signs_out), Vec::<String>::new());
    }
}
