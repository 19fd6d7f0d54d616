//! Access tokens of Microsoft Entra: requested as documented, valid as long as the answer states, and none for a wrong one.

use crate::support::certificate_authority::CertificateAuthority;
use crate::support::database::Server;
use crate::support::entra_endpoint;
use crate::support::run_log;
use crate::support::temp_file::TempFile;
use fake_entra::{Answer, EntraEndpoint, TENANT, authority_error};
use portcullis::config::Settings;
use portcullis::config::database::LoginSource;
use portcullis::config::source::Source;
use portcullis::secrets::entra::{EntraError, EntraTokens};
use secrecy::ExposeSecret;
use std::time::{Duration, Instant};

/// Client ids of two identities.
const SHARED: &str = "5e29463d-71da-4fe0-8e69-999b57db23b0";
const OWN: &str = "0b9a43d9-5bfa-4b22-a3f3-853b9a84ad8a";

/// Tokens with these settings and variables of the platform.
fn tokens_with(variables: &[(String, String)], more: &[(&str, &str)]) -> EntraTokens {
    run_log::start();
    let mut pairs = Server::shared().pairs("none");
    pairs.retain(|(name, _)| !name.ends_with("_PASSWORD"));
    let more = [&[("DATABASE_CREDENTIALS", "entra")], more].concat();
    pairs.extend(
        more.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    let source = Source::of(pairs).unwrap().with_variables(variables.to_vec());
    let settings = Settings::parse(&source).unwrap();
    let LoginSource::EntraToken(entra) = settings.database.login_source else {
        panic!("another source")
    };
    EntraTokens::new(&entra).unwrap()
}

/// Tokens of a managed identity.
fn managed(endpoint: &EntraEndpoint) -> EntraTokens {
    tokens_with(&endpoint.variables(), &[])
}

fn endpoint(answer: Answer) -> EntraEndpoint {
    entra_endpoint::managed(answer, |_| {})
}

fn text(status: u16, body: &str) -> Answer {
    Answer::Text(status, String::new(), body.to_owned())
}

/// The error of a request.
async fn error_of(answer: Answer) -> EntraError {
    let endpoint = endpoint(answer);
    managed(&endpoint).token("rates").await.unwrap_err()
}

/// The variables of a pod with a workload identity.
fn federated(endpoint: &EntraEndpoint, token_file: &str) -> Vec<(String, String)> {
    let authority = format!("https://{}/", endpoint.address);
    [
        ("AZURE_FEDERATED_TOKEN_FILE", token_file),
        ("AZURE_TENANT_ID", TENANT),
        ("AZURE_CLIENT_ID", SHARED),
        ("AZURE_AUTHORITY_HOST", &authority),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// V9: The token of a managed identity is the one that the endpoint issues, and ends when the endpoint states. Each login uses
/// the identity that the settings name, and logins of one identity share a token.
#[tokio::test]
async fn a_managed_identity_gets_tokens() {
    let endpoint = endpoint(Answer::Token(3_600));
    let mut variables = endpoint.variables();
    let system = tokens_with(&variables, &[]);
    let (token, end) = system.token("rates").await.unwrap();
    assert_eq!(*endpoint.tokens(), [token.expose_secret().to_owned()]);
    let remaining = end - Instant::now();
    assert!(
        remaining > Duration::from_secs(3_500) && remaining <= Duration::from_secs(3_600),
        "{remaining:?}"
    );
    assert!(!endpoint.requests()[0].parameters.contains_key("client_id"));

    variables.push(("AZURE_CLIENT_ID".to_owned(), SHARED.to_owned()));
    let several = tokens_with(&variables, &[("ENTRA_CLIENT_IDS", &format!("rates={OWN}"))]);
    for login in ["rates", "accounts", "wishes"] {
        several.token(login).await.unwrap();
    }
    let ids: Vec<_> = endpoint.requests()[1..]
        .iter()
        .map(|request| request.parameters["client_id"].clone())
        .collect();
    assert_eq!(ids, [OWN, SHARED]);
}

/// V9: Logins that need a token at the same time cause one request, and the next token is requested long before the end.
#[tokio::test]
async fn concurrent_logins_share_a_request() {
    let endpoint = endpoint(Answer::Token(2));
    let tokens = managed(&endpoint);
    let all = futures_util::future::join_all((0..20).map(|_| tokens.token("rates"))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(endpoint.requests().len(), 1);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    tokens.token("rates").await.unwrap();
    assert_eq!(endpoint.requests().len(), 2);
}

/// V9: The projected token of a workload identity, which is replaced from time to time, is exchanged at the authority, whose
/// certificate is verified.
#[tokio::test]
async fn a_workload_identity_gets_tokens() {
    let authority = CertificateAuthority::new();
    let endpoint = entra_endpoint::authority(Answer::Token(3_599), &authority);
    let file = TempFile::new("token", "eyJ.first-projected-token.sig\n");
    let variables = federated(&endpoint, file.path_str());
    let tokens = tokens_with(&variables, &[("ENTRA_CA_FILE", authority.file())]);
    endpoint.accept_assertion("eyJ.first-projected-token.sig");
    let (token, end) = tokens.token("rates").await.unwrap();
    assert_eq!(*endpoint.tokens(), [token.expose_secret().to_owned()]);
    assert!(end > Instant::now() + Duration::from_secs(3_500));

    // The file is read for each request, not once.
    endpoint.set_answer(Answer::Token(2));
    let tokens = tokens_with(&variables, &[("ENTRA_CA_FILE", authority.file())]);
    tokens.token("rates").await.unwrap();
    endpoint.accept_assertion("eyJ.second-projected-token.sig");
    std::fs::write(file.path(), "eyJ.second-projected-token.sig").unwrap();
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    tokens.token("rates").await.unwrap();

    std::fs::write(file.path(), "eyJ.unknown-projected-token.sig").unwrap();
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let error = tokens.token("rates").await.unwrap_err().to_string();
    assert_eq!(
        error,
        "the token endpoint refuses the request: status 400 invalid_client AADSTS700024"
    );

    let sent = endpoint.requests().len();
    let other = CertificateAuthority::new();
    let tokens = tokens_with(&variables, &[("ENTRA_CA_FILE", other.file())]);
    let error = tokens.token("rates").await.unwrap_err();
    assert!(matches!(error, EntraError::Unavailable(_)), "{error}");
    drop(file);
    let tokens = tokens_with(&variables, &[("ENTRA_CA_FILE", authority.file())]);
    let error = tokens.token("rates").await.unwrap_err().to_string();
    assert!(
        error.starts_with("AZURE_FEDERATED_TOKEN_FILE: cannot read"),
        "{error}"
    );
    assert_eq!(endpoint.requests().len(), sent, "the projected token was sent");
}

/// V9: What the endpoint answers instead of a token is an error that contains its status and codes and nothing else.
#[tokio::test]
async fn an_answer_without_a_token_is_an_error() {
    let with_token = |end: &str| format!(r#"{{"access_token":"eyJ.7f3a.7f3a"{end}}}"#);
    let description = authority_error("invalid_scope", 70_011).to_string();
    let too_large = format!(r#"{{"access_token":"{}","expires_in":5}}"#, "7f3a".repeat(40_000));
    for (status, body, expected) in [
        (
            400,
            description.as_str(),
            "refuses the request: status 400 invalid_scope AADSTS70011",
        ),
        (
            401,
            r#"{"error":"unauthorized_client"}"#,
            "refuses the request: status 401 unauthorized_client",
        ),
        (404, "", "is unavailable: status 404"),
        (429, r#"{"error":"7f3a 7f3a"}"#, "is unavailable: status 429"),
        (
            500,
            r#"{"statusCode":500,"message":"7f3a"}"#,
            "is unavailable: status 500",
        ),
        (503, "<html>7f3a</html>", "is unavailable: status 503"),
        (200, "", "gives an unusable answer"),
        (200, "<html>7f3a</html>", "gives an unusable answer"),
        (200, r#""eyJ.7f3a.7f3a""#, "gives an unusable answer"),
        (200, &with_token(""), "gives an unusable answer"),
        (
            200,
            &with_token(r#","expires_on":"04/15/2020 21:05:35""#),
            "gives an unusable answer",
        ),
        (
            200,
            &with_token(r#","expires_in":-1"#),
            "gives an unusable answer",
        ),
        (
            200,
            &with_token(r#","expires_in":5,"token_type":"pop""#),
            "gives an unusable answer",
        ),
        (200, &too_large, "gives an unusable answer: it is too large"),
        (204, "", "gives an unusable answer"),
    ] {
        let error = error_of(text(status, body)).await;
        let shown = format!("{error} {error:?}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("the token endpoint {expected}")),
            "{body}: {error}"
        );
        assert!(!shown.contains("7f3a"), "{shown}");
    }
}

/// V9: A redirect is not followed, so that the header of the identity reaches no other server.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = endpoint(Answer::Token(3_600));
    for status in [301, 302, 307, 308] {
        let location = format!("Location: http://{}/msi/token\r\n", other.address);
        let error = error_of(Answer::Text(status, location, String::new())).await;
        assert!(error.to_string().contains("it redirects"), "{error}");
    }
    assert!(other.requests().is_empty());
}

/// V9: An endpoint that does not answer is an error within seconds.
#[tokio::test]
async fn a_silent_endpoint_is_an_error_within_seconds() {
    let started = Instant::now();
    let error = error_of(Answer::Silence(Duration::from_secs(90))).await;
    assert!(
        error.to_string().ends_with("is unavailable: timed out"),
        "{error}"
    );
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "{:?}",
        started.elapsed()
    );
}

/// V9: After a failure, requests are delayed, for longer if the endpoint wants it, and tokens are issued again afterwards.
#[tokio::test]
async fn requests_back_off_after_failures() {
    let endpoint = endpoint(text(503, ""));
    let tokens = managed(&endpoint);
    let mut calls = 0;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(2) {
        assert!(tokens.token("rates").await.is_err());
        calls += 1;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let sent = endpoint.requests().len();
    assert!(calls > 100 && sent <= 10, "{sent} requests for {calls} calls");
    endpoint.set_answer(Answer::Token(60));
    let deadline = Instant::now() + Duration::from_secs(60);
    while tokens.token("rates").await.is_err() {
        assert!(Instant::now() < deadline, "no token");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let limited = Answer::Text(429, "Retry-After: 100\r\n".to_owned(), String::new());
    endpoint.set_answer(limited);
    let tokens = managed(&endpoint);
    assert!(tokens.token("rates").await.is_err());
    endpoint.set_answer(Answer::Token(60));
    let before = endpoint.requests().len();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(tokens.token("rates").await.is_err());
    assert_eq!(endpoint.requests().len(), before, "the endpoint wanted a pause");
}

/// V9: A wall clock that is wrong by hours neither refuses a token nor believes that it is valid for days.
#[tokio::test]
async fn a_wrong_clock_does_not_prevent_tokens() {
    for (life, max) in [(-7_200, 60), (0, 60), (86_400 * 30, 86_400)] {
        let endpoint = endpoint(Answer::Token(life));
        let (_, end) = managed(&endpoint).token("rates").await.unwrap();
        let remaining = end - Instant::now();
        let max = Duration::from_secs(max);
        assert!(remaining <= max && remaining > max / 2, "{life}: {remaining:?}");
    }
}

/// V9: The settings show no secret in their debug output.
#[test]
fn debug_output_shows_no_secret() {
    let endpoint = endpoint(Answer::Token(60));
    let source = Source::of([("DATABASE_CREDENTIALS".to_owned(), "entra".to_owned())]).unwrap();
    let settings = Settings::parse(&source.with_variables(endpoint.variables())).unwrap();
    let header = &endpoint.variables()[1].1;
    let shown = format!("{settings:?}");
    assert!(
        shown.contains("EntraToken") && !shown.contains(header.as_str()),
        "{shown}"
    );
}
