//! The OWASP Secure Headers Project's lists as rules over one answer: what it must send, and what it must not; asks nobody.

use harness::http_client::Response;

use crate::dast::headers::lists::{EXACT, FEATURES, REMOVE};

/// What is asked less of than the list says, with the reason.
pub const EXCEPTIONS: [&str; 3] = [
    "Clear-Site-Data is asked of answers that sign out, and of no other: it ends sessions",
    "Cache-Control may let answers be kept that anybody may see: revalidation by ETag needs it",
    "upgrade-insecure-requests is not asked for: pages link within their own origin, which HSTS makes safe, \
     and without TLS, on one's own scheduler, they would not load",
];

/// How many fields the lists name, sent and removed.
pub const ENTRIES: u64 = (EXACT.len() + 5 + REMOVE.len()) as u64;

/// What an answer was given to.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResponseKind {
    /// With a token or a session: nobody else may see the answer.
    pub private: bool,
    /// Signs a browser out.
    pub signs_out: bool,
}

/// Two years, as the list says, in seconds.
const HSTS_LEAST: u64 = 63_072_000;

/// What is wrong with an answer: the field's name in lower case, and why.
pub fn faults(answer: &Response, asked: ResponseKind) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    let mut fault = |name: &str, why: String| faults.push((name.to_owned(), why));
    for (name, good) in EXACT {
        judge(answer, name, &mut fault, |value| {
            match value.eq_ignore_ascii_case(good) {
                true => None,
                false => Some(format!("is not {good}")),
            }
        });
    }
    judge(answer, "content-security-policy", &mut fault, content_security);
    judge(answer, "permissions-policy", &mut fault, permissions);
    judge(answer, "strict-transport-security", &mut fault, transport);
    judge(answer, "cache-control", &mut fault, |value| {
        match (asked.private || answer.status >= 400) && !value.contains("no-store") {
            true => Some("lets a private answer or an error be kept".to_owned()),
            false => None,
        }
    });
    match (answer.header("clear-site-data"), asked.signs_out) {
        (None, true) => fault(
            "clear-site-data",
            "is missing where somebody signs out".to_owned(),
        ),
        (Some(_), false) => fault("clear-site-data", "signs out whoever asks".to_owned()),
        (Some(_), true) | (None, false) => {}
    }
    for (name, _) in &answer.headers {
        if REMOVE.contains(&name.as_str()) {
            fault(name, "tells what runs here".to_owned());
        }
    }
    faults
}

/// A field that must be there once, with a good value.
fn judge(
    answer: &Response,
    name: &str,
    fault: &mut impl FnMut(&str, String),
    bad: impl Fn(&str) -> Option<String>,
) {
    let values: Vec<&str> = answer.all(name).collect();
    let why = match values.as_slice() {
        [] => Some("is missing".to_owned()),
        [value] => bad(value).map(|why| format!("{why}: {value}")),
        _ => Some("is sent twice".to_owned()),
    };
    if let Some(why) = why {
        fault(name, why);
    }
}

/// Closed by default, in no frame, without what lets a script in.
fn content_security(policy: &str) -> Option<String> {
    let directives: Vec<(&str, Vec<&str>)> = policy
        .split(';')
        .filter_map(|directive| {
            let mut words = directive.split_whitespace();
            Some((words.next()?, words.collect()))
        })
        .collect();
    let sources = |name: &str| {
        let found = directives.iter().find(|(found, _)| *found == name);
        found.map(|(_, sources)| sources.as_slice())
    };
    for (name, good) in [
        ("default-src", &["'none'", "'self'"][..]),
        ("form-action", &["'none'", "'self'"]),
        ("base-uri", &["'none'", "'self'"]),
        ("object-src", &["'none'"]),
        ("frame-ancestors", &["'none'"]),
    ] {
        match sources(name) {
            Some([source]) if good.contains(source) => {}
            _ => return Some(format!("{name} is not one of {}", good.join(", "))),
        }
    }
    for (name, sources) in directives.iter().filter(|(name, _)| has_sources(name)) {
        if let Some(bad) = sources.iter().find(|source| !is_narrow(name, source)) {
            return Some(format!("{name} has {bad}"));
        }
    }
    None
}

/// The others say what is done, not what may be loaded (CSP 3, 6).
fn has_sources(directive: &str) -> bool {
    directive.ends_with("-src") || matches!(directive, "form-action" | "base-uri" | "frame-ancestors")
}

/// Nothing, ourselves, what a nonce or a hash names, or an image in the page itself. Keywords are in any case.
fn is_narrow(directive: &str, source: &str) -> bool {
    let source = source.to_ascii_lowercase();
    let named = ["'nonce-", "'sha256-", "'sha384-", "'sha512-"];
    matches!(source.as_str(), "'none'" | "'self'")
        || named.iter().any(|beginning| source.starts_with(beginning))
        || (source == "data:" && matches!(directive, "img-src" | "font-src"))
}

fn permissions(policy: &str) -> Option<String> {
    let closed: Vec<&str> = policy.split(',').map(str::trim).collect();
    let open = |feature: &&&str| {
        let own = **feature == "sync-xhr" && closed.contains(&"sync-xhr=(self)");
        !own && !closed.contains(&format!("{feature}=()").as_str())
    };
    let open = FEATURES.iter().find(open)?;
    Some(format!("does not close {open}"))
}

fn transport(policy: &str) -> Option<String> {
    let mut words = policy.split(';').map(str::trim);
    let age = words.clone().find_map(|word| word.strip_prefix("max-age="));
    let long = age
        .and_then(|age| age.parse().ok())
        .is_some_and(|age: u64| age >= HSTS_LEAST);
    let whole = words.any(|word| word.eq_ignore_ascii_case("includeSubDomains"));
    match long && whole {
        true => None,
        false => Some(format!(
            "is not max-age={HSTS_LEAST} or more with includeSubDomains"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Response {
        let permissions = FEATURES.map(|feature| format!("{feature}=()")).join(", ");
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
        let mut answer = good();
        answer.headers.retain(|(found, _)| found != name);
        answer.headers.push((name.to_owned(), value.to_owned()));
        answer
    }

    fn names(answer: &Response, asked: ResponseKind) -> Vec<String> {
        faults(answer, asked).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_good_answer_has_no_fault_and_a_bare_one_all_of_them() {
        assert_eq!(faults(&good(), ResponseKind::default()), []);
        let bare = Response {
            status: 200,
            headers: vec![("server".to_owned(), "x".to_owned())],
            body: String::new(),
        };
        assert_eq!(names(&bare, ResponseKind::default()).len(), EXACT.len() + 5);
        let mut twice = good();
        twice
            .headers
            .push(("x-frame-options".to_owned(), "deny".to_owned()));
        assert_eq!(names(&twice, ResponseKind::default()), ["x-frame-options"]);
    }

    #[test]
    fn each_weak_value_is_found() {
        let base = "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
        for (name, value) in [
            ("referrer-policy", "unsafe-url"),
            ("content-security-policy", base),
            ("content-security-policy", &format!("default-src *; {base}")),
            (
                "content-security-policy",
                &format!("default-src 'none'; script-src 'self' 'unsafe-inline'; {base}"),
            ),
            (
                "content-security-policy",
                &format!("default-src 'none'; script-src data:; {base}"),
            ),
            (
                "content-security-policy",
                &format!("default-src 'none'; script-src 'UNSAFE-INLINE'; {base}"),
            ),
            (
                "content-security-policy",
                &format!("default-src 'none'; script-src https://cdn.example; {base}"),
            ),
            ("content-security-policy", "default-src 'none'"),
            ("permissions-policy", "camera=()"),
            ("strict-transport-security", "max-age=3600; includeSubDomains"),
            ("strict-transport-security", "max-age=63072000"),
            ("clear-site-data", "\"cookies\""),
            ("x-powered-by", "PHP"),
        ] {
            assert_eq!(
                names(&with(name, value), ResponseKind::default()),
                [name],
                "{value}"
            );
        }
    }

    #[test]
    fn private_answers_and_errors_are_not_kept_and_signing_out_clears() {
        let kept = with("cache-control", "no-cache");
        let private = ResponseKind {
            private: true,
            ..ResponseKind::default()
        };
        let signs_out = ResponseKind {
            signs_out: true,
            ..ResponseKind::default()
        };
        assert_eq!(names(&kept, ResponseKind::default()), Vec::<String>::new());
        assert_eq!(names(&kept, private), ["cache-control"]);
        let error = Response { status: 404, ..kept };
        assert_eq!(names(&error, ResponseKind::default()), ["cache-control"]);
        assert_eq!(names(&good(), signs_out), ["clear-site-data"]);
        assert_eq!(
            names(&with("clear-site-data", "\"cookies\""), signs_out),
            Vec::<String>::new()
        );
    }
}
