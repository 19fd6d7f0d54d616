//! Validation of the Host of a request.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::raw_connection::send_request;

fn app(hosts: &str) -> App {
    // The host of the public URL must be among them.
    let public_url = format!("http://{}", hosts.split(',').next().unwrap().trim());
    let settings = [("ALLOWED_HOSTS", hosts), ("PUBLIC_URL", &public_url)];
    App::start(&Database::not_created().settings(&settings))
}

/// O7: A missing, repeated or malformed Host is 400.
#[test]
fn a_missing_repeated_or_malformed_host_is_400() {
    let app = app("localhost,127.0.0.1,[::1]");
    for fields in [
        "",
        "Host: localhost\r\nHost: localhost\r\n",
        "Host: localhost\r\nhost: evil.example\r\n",
        "Host: \r\n",
        "Host: localhost, localhost\r\n",
        "Host: user@localhost\r\n",
        "Host: localhost:99999\r\n",
        "Host: localhost:x\r\n",
        "Host: localhost/path\r\n",
        "Host: l\u{f6}calhost\r\n",
    ] {
        let response = send_request(app.address, format!("GET / HTTP/1.1\r\n{fields}\r\n"));
        assert_eq!(
            response.problem(400)["type"],
            "urn:portcullis:problem:bad-host",
            "{fields:?}"
        );
    }
    send_request(app.address, "GET / HTTP/1.0\r\n\r\n").problem(400);
}

/// O7: A host that is not configured is 421, which prevents DNS rebinding and poisoned links.
#[test]
fn a_host_that_is_not_configured_is_421() {
    let app = app("api.example,localhost");
    for host in [
        "evil.example",
        "127.0.0.1",
        "localhost.evil.example",
        "xlocalhost",
        "localhost.",
        "[::1]",
    ] {
        send_request(app.address, format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).problem(421);
    }
    // Forwarding headers are ignored.
    let spoofed = "GET / HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\nForwarded: host=localhost\r\n\r\n";
    send_request(app.address, spoofed).problem(421);
}

/// O7: Configured hosts are accepted in any case and with any port.
#[test]
fn configured_hosts_are_accepted_in_any_case_and_with_any_port() {
    let app = app("API.example,localhost,[::1]");
    for host in [
        "api.example",
        "Api.Example",
        "localhost",
        "LOCALHOST:3000",
        "localhost:1",
        "[::1]",
        "[::1]:80",
    ] {
        let response = send_request(app.address, format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(response.status, 200, "{host}: {response:?}");
    }
}

/// O7: The host of an absolute-form target must equal the Host field (RFC 9112 §3.2.2).
#[test]
fn the_host_of_an_absolute_target_must_equal_the_host_field() {
    let app = app("localhost");
    let status = |target: &str, host: &str| {
        send_request(
            app.address,
            format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        )
        .status
    };
    assert_eq!(status("http://localhost/version", "localhost"), 200);
    assert_eq!(status("http://localhost/version", "evil.example"), 400);
    assert_eq!(status("http://evil.example/version", "localhost"), 400);
    assert_eq!(status("http://evil.example/version", "evil.example"), 421);
}

/// O7: The `:authority` of HTTP/2 is validated like Host.
#[test]
fn the_authority_of_http_2_is_validated() {
    let ours = app("127.0.0.1");
    let other = app("localhost");
    let client = reqwest::blocking::Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let status = |app: &App| {
        let response = client
            .get(format!("http://{}/version", app.address))
            .send()
            .unwrap();
        assert_eq!(response.version(), http::Version::HTTP_2);
        response.status().as_u16()
    };
    assert_eq!((status(&ours), status(&other)), (200, 421));
}
