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
        "Host: .\r\n",
        "Host: localhost..\r\n",
        "Host: [::1\r\n",
        "Host: [localhost]\r\n",
        "Host: ::1\r\n",
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
        "[::1]",
    ] {
        send_request(app.address, format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).problem(421);
    }
    // Forwarding headers are ignored.
    let spoofed = "GET / HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\nForwarded: host=localhost\r\n\r\n";
    send_request(app.address, spoofed).problem(421);
}

/// O7: Configured hosts are accepted in any case, with any port or an empty one, with the dot of the root, and an IPv6 address
/// in any form (RFC 3986 §3.2).
#[test]
fn configured_hosts_are_accepted_in_every_form() {
    let app = app("API.example.,localhost,[::1]");
    for host in [
        "api.example",
        "Api.Example",
        "localhost",
        "LOCALHOST:3000",
        "localhost:1",
        "[::1]",
        "[::1]:80",
        "localhost.",
        "localhost.:3000",
        "localhost:",
        "api.example.:",
        "[::1]:",
        "[0:0:0:0:0:0:0:1]",
    ] {
        let response = send_request(app.address, format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(response.status, 200, "{host}: {response:?}");
    }
}

/// O7: The host of an absolute-form target takes precedence over the Host field (RFC 9112 §3.2.2), which must still be there
/// once and valid.
#[test]
fn an_absolute_target_takes_precedence_over_the_host_field() {
    let app = app("localhost");
    let status = |target: &str, fields: &str| {
        send_request(app.address, format!("GET {target} HTTP/1.1\r\n{fields}\r\n")).status
    };
    for host in ["localhost", "evil.example", "", "LOCALHOST.:80"] {
        let fields = format!("Host: {host}\r\n");
        assert_eq!(status("http://localhost/version", &fields), 200, "{host}");
        assert_eq!(status("http://LocalHost.:3000/version", &fields), 200, "{host}");
        assert_eq!(status("http://evil.example/version", &fields), 421, "{host}");
    }
    for fields in [
        "",
        "Host: localhost\r\nHost: localhost\r\n",
        "Host: a b\r\n",
        "Host: user@localhost\r\n",
    ] {
        assert_eq!(status("http://localhost/version", fields), 400, "{fields}");
    }
    assert_eq!(
        status("http://user@localhost/version", "Host: localhost\r\n"),
        400
    );
}

/// O2: `OPTIONS *` requests the methods of the server (RFC 9110 §9.3.7).
#[test]
fn options_of_the_server_lists_all_methods() {
    let app = app("localhost");
    let response = send_request(app.address, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(response.status, 204, "{response:?}");
    assert_eq!(response.header("allow"), "DELETE, GET, HEAD, OPTIONS, POST, PUT");
    send_request(app.address, "OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n\r\n").problem(421);
}

/// O7: Health probes are answered whatever host they name, because balancers and orchestrators name an address, or in HTTP/1.0
/// none. Nothing else is, and a malformed or repeated Host stays 400.
#[test]
fn health_probes_may_name_any_host() {
    let app = app("api.example");
    let status = |request: &str| send_request(app.address, format!("{request}\r\n\r\n")).status;
    for path in ["/health/live", "/health/ready", "/health/startup"] {
        let answered = if path == "/health/live" { 200 } else { 503 };
        for request in [
            "HTTP/1.1\r\nHost: 10.1.2.3:3141",
            "HTTP/1.1\r\nHost: [fd00::1]:3141",
            "HTTP/1.0",
            "HTTP/1.0\r\nHost: pod",
        ] {
            assert_eq!(
                status(&format!("GET {path} {request}")),
                answered,
                "{path} {request}"
            );
        }
        for request in [
            "HTTP/1.1",
            "HTTP/1.1\r\nHost: a\r\nHost: a",
            "HTTP/1.1\r\nHost: a b",
        ] {
            assert_eq!(status(&format!("GET {path} {request}")), 400, "{path} {request}");
        }
    }
    assert_eq!(status("OPTIONS /health/live HTTP/1.0"), 204);
    assert_eq!(status("GET /version HTTP/1.0"), 400);
    assert_eq!(status("GET /version HTTP/1.1\r\nHost: 10.1.2.3"), 421);
    assert_eq!(status("GET /health/other HTTP/1.1\r\nHost: 10.1.2.3"), 421);
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
