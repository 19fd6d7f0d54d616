//! What is asked so that every status answers once: each operation without a token and, where it only reads, with one, and
//! then the odd requests; judges no answer.

use harness::http_client::{Request, Response};

use crate::dast::headers::rules::ResponseKind;
use crate::dast::openapi::OpenApi;
use crate::dast::target::Target;
use crate::scan_result::ScanError;

/// Wrong passwords until somebody is asked to wait.
const GUESSES: usize = 40;

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

/// A range of the demo's prices.
const RATES: &str = "/rates?date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL";

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

/// Asks what answers with the other statuses: created, redirected, unchanged, refused in each way.
pub fn odd_ones(server: &Target<'_>, admin: &str, user: &str) -> Result<Vec<Exchange>, ScanError> {
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
    let mut exchanges = Vec::new();
    for odd in odd {
        let private = odd.2.iter().any(|(name, _)| *name == "Authorization");
        exchanges.push(ask(
            server,
            odd.1.split('?').next().unwrap_or_default(),
            odd.clone(),
            private,
        )?);
    }
    exchanges.extend(versions(server, user)?);
    exchanges.extend(guesses(server)?);
    Ok(exchanges)
}

/// What has a version: unchanged, changed without naming it, changed with a wrong one.
fn versions(server: &Target<'_>, user: (&str, &str)) -> Result<Vec<Exchange>, ScanError> {
    let whole = ask(server, "/rates", ("GET", RATES, vec![], ""), false)?;
    let tag = whole.answer.header("etag").unwrap_or("\"none\"").to_owned();
    let known = vec![("If-None-Match", tag.as_str())];
    let unchanged = ask(server, "/rates", ("GET", RATES, known, ""), false)?;
    let wish = r#"{"title": "See the northern lights", "note": "", "done": true}"#;
    let made = r#"{"title": "See the northern lights"}"#;
    let fields = vec![("Content-Type", "application/json"), user];
    let made = ask(server, "/wishes", ("POST", "/wishes", fields.clone(), made), true)?;
    let place = made.answer.header("location").unwrap_or("/wishes/1").to_owned();
    let without = ask(
        server,
        "/wishes/{id}",
        ("PUT", &place, fields.clone(), wish),
        true,
    )?;
    let wrong = [fields, vec![("If-Match", "\"999\"")]].concat();
    let wrong = ask(server, "/wishes/{id}", ("PUT", &place, wrong, wish), true)?;
    Ok(vec![whole, unchanged, made, without, wrong])
}

/// Wrong passwords, until whoever guesses has to wait.
fn guesses(server: &Target<'_>) -> Result<Vec<Exchange>, ScanError> {
    let json = ("Content-Type", "application/json");
    let guess = r#"{"email": "nobody@demo.example", "password": "a wrong one"}"#;
    let mut exchanges = Vec::new();
    for _ in 0..GUESSES {
        let odd = ("POST", "/auth/login", vec![json], guess);
        let exchange = ask(server, "/auth/login", odd, false)?;
        let is_over = matches!(exchange.answer.status, 404 | 429);
        exchanges.push(exchange);
        if is_over {
            break;
        }
    }
    Ok(exchanges)
}

/// Asks what needs the database while there is none.
pub fn without_database(server: &Target<'_>) -> Result<Vec<Exchange>, ScanError> {
    let paths = ["/ports", "/health/ready", "/sign-in", "/my/wishes"];
    let asked = paths
        .iter()
        .map(|path| ask(server, path, ("GET", path, vec![], ""), false));
    asked.collect()
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
        answer: server.ask(&request)?,
    })
}
