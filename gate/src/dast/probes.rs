//! What is asked so that every status answers once: each operation without a token and, where it only reads, with one, and
//! then the odd requests; judges no answer.

use harness::http_client::{Answer, Request};

use crate::dast::headers::rules::Asked;
use crate::dast::openapi::Document;
use crate::dast::target::Live;
use crate::scan_result::Trouble;

/// Wrong passwords until somebody is asked to wait.
const GUESSES: usize = 40;

/// What was asked, and what came.
#[derive(Debug, Clone)]
pub struct Asking {
    /// `GET /wishes/{id}`, or a path.
    pub what: String,
    /// What was asked for.
    pub asked: Asked,
    /// What came.
    pub answer: Answer,
}

/// A range of the demo's prices.
const RATES: &str = "/rates?date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL";

/// An odd request: method, target, fields, body.
type Odd<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>, &'a str);

/// Asks each operation. What changes something is asked without a token only.
///
/// # Errors
/// When nobody answers.
pub fn each_operation(live: &Live<'_>, document: &Document, token: &str) -> Result<Vec<Asking>, Trouble> {
    let bearer = format!("Bearer {token}");
    let mut askings = Vec::new();
    for operation in &document.operations {
        let (target, label) = (operation.target(), operation.label());
        askings.push(ask(
            live,
            &label,
            (&operation.method, &target, Vec::new(), ""),
            false,
        )?);
        let reads = operation.method == "GET";
        if reads && operation.secured {
            let fields = vec![("Authorization", bearer.as_str())];
            askings.push(ask(live, &label, ("GET", &target, fields, ""), true)?);
        }
        if reads {
            askings.push(ask(live, &label, ("HEAD", &target, Vec::new(), ""), false)?);
        }
        askings.push(ask(live, &label, ("OPTIONS", &target, Vec::new(), ""), false)?);
    }
    Ok(askings)
}

/// Asks what answers with the other statuses: created, redirected, unchanged, refused in each way.
///
/// # Errors
/// When nobody answers.
pub fn odd_ones(live: &Live<'_>, admin: &str, user: &str) -> Result<Vec<Asking>, Trouble> {
    let (admin, user) = (format!("Bearer {admin}"), format!("Bearer {user}"));
    let (admin, user) = (
        ("Authorization", admin.as_str()),
        ("Authorization", user.as_str()),
    );
    let json = ("Content-Type", "application/json");
    let (long, huge) = ("x".repeat(17_000), "x".repeat(300_000));
    let long_target = format!("/ports?q={long}");
    let taken = r#"{"email": "user@demo.example"}"#;
    let odd: Vec<Odd<'_>> = vec![
        ("GET", "/nothing/here", vec![], ""),
        ("GET", "/nothing/here", vec![("Accept", "text/html")], ""),
        ("DELETE", "/version", vec![], ""),
        ("TRACE", "/", vec![], ""),
        ("GET", "/", vec![("Host", "stranger.example")], ""),
        ("GET", "/", vec![("X-Large", &long)], ""),
        ("GET", &long_target, vec![], ""),
        ("GET", RATES, vec![("Accept", "text/html")], ""),
        ("GET", "/users", vec![user], ""),
        (
            "POST",
            "/auth/register",
            vec![("Content-Type", "text/plain")],
            "{}",
        ),
        ("POST", "/auth/register", vec![json], &huge),
        ("POST", "/auth/register", vec![json], "{"),
        ("POST", "/auth/register", vec![json, ("Content-Length", "9")], "{"),
        ("POST", "/auth/forgot", vec![json], taken),
        ("POST", "/user", vec![json, admin], taken),
        (
            "OPTIONS",
            RATES,
            vec![
                ("Origin", "https://stranger.example"),
                ("Access-Control-Request-Method", "GET"),
            ],
            "",
        ),
    ];
    let mut askings = Vec::new();
    for odd in odd {
        let private = odd.2.iter().any(|(name, _)| *name == "Authorization");
        askings.push(ask(
            live,
            odd.1.split('?').next().unwrap_or_default(),
            odd.clone(),
            private,
        )?);
    }
    askings.extend(versions(live, user)?);
    askings.extend(guesses(live)?);
    Ok(askings)
}

/// What has a version: unchanged, changed without naming it, changed with a wrong one.
fn versions(live: &Live<'_>, user: (&str, &str)) -> Result<Vec<Asking>, Trouble> {
    let whole = ask(live, "/rates", ("GET", RATES, vec![], ""), false)?;
    let tag = whole.answer.header("etag").unwrap_or("\"none\"").to_owned();
    let known = vec![("If-None-Match", tag.as_str())];
    let unchanged = ask(live, "/rates", ("GET", RATES, known, ""), false)?;
    let wish = r#"{"title": "See the northern lights", "note": "", "done": true}"#;
    let made = r#"{"title": "See the northern lights"}"#;
    let fields = vec![("Content-Type", "application/json"), user];
    let made = ask(live, "/wishes", ("POST", "/wishes", fields.clone(), made), true)?;
    let place = made.answer.header("location").unwrap_or("/wishes/1").to_owned();
    let without = ask(live, "/wishes/{id}", ("PUT", &place, fields.clone(), wish), true)?;
    let wrong = [fields, vec![("If-Match", "\"999\"")]].concat();
    let wrong = ask(live, "/wishes/{id}", ("PUT", &place, wrong, wish), true)?;
    Ok(vec![whole, unchanged, made, without, wrong])
}

/// Wrong passwords, until whoever guesses has to wait.
fn guesses(live: &Live<'_>) -> Result<Vec<Asking>, Trouble> {
    let json = ("Content-Type", "application/json");
    let guess = r#"{"email": "nobody@demo.example", "password": "a wrong one"}"#;
    let mut askings = Vec::new();
    for _ in 0..GUESSES {
        let odd = ("POST", "/auth/login", vec![json], guess);
        let asking = ask(live, "/auth/login", odd, false)?;
        let is_over = matches!(asking.answer.status, 404 | 429);
        askings.push(asking);
        if is_over {
            break;
        }
    }
    Ok(askings)
}

/// Asks what needs the database while there is none.
///
/// # Errors
/// When nobody answers.
pub fn without_database(live: &Live<'_>) -> Result<Vec<Asking>, Trouble> {
    let paths = ["/ports", "/health/ready", "/sign-in", "/my/wishes"];
    let asked = paths
        .iter()
        .map(|path| ask(live, path, ("GET", path, vec![], ""), false));
    asked.collect()
}

fn ask(live: &Live<'_>, what: &str, odd: Odd<'_>, private: bool) -> Result<Asking, Trouble> {
    let (method, target, headers, body) = odd;
    let request = Request {
        method,
        target,
        headers: &headers,
        body,
    };
    Ok(Asking {
        what: what.to_owned(),
        asked: Asked {
            private,
            signs_out: false,
        },
        answer: live.ask(&request)?,
    })
}
