//! The service behind the machine's nginx, with the configuration of `compose/nginx/`.

/// Replicas that are restarted and killed under load.
mod restarts;

/// Requests that two parsers read differently.
mod smuggling;

use crate::support::accounts::create_account;
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::nginx::{CONFIGURATION, Nginx};
use crate::support::raw_connection::send_request;
use harness::test_results::ignored;
use portcullis::http::edge::security_headers;
use portcullis::types::role::Role;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How long a response may take on a busy machine.
const QUIET: Duration = Duration::from_secs(10);

/// Starts nginx, or reports the test as ignored.
fn nginx(services: [SocketAddr; 2]) -> Option<Nginx> {
    let nginx = Nginx::in_front_of(services);
    if nginx.is_none() {
        ignored::report("nginx is not installed");
    }
    nginx
}

/// L7: nginx speaks TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2, and on this port nothing else.
#[test]
fn nginx_speaks_tls_and_http_2() {
    let app = App::start(&Database::not_created().settings(&[("TRUSTED_PROXIES", "127.0.0.1")]));
    let Some(nginx) = nginx([app.address; 2]) else {
        return;
    };
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for protocol in ["http/1.1", "h2"] {
            let mut client = nginx.connect_with(Ipv4Addr::LOCALHOST, protocol, &[version]);
            assert_eq!(client.protocol().as_deref(), Some(protocol), "{version:?}");
        }
    }
    let mut client = nginx.connect(Ipv4Addr::LOCALHOST, "imap");
    assert_eq!(client.protocol(), None, "no protocol in common");
    let plain = send_request(nginx.tls, "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(plain.status, 400, "{plain:?}");
    let configuration = std::fs::read_to_string(CONFIGURATION).unwrap();
    assert!(configuration.contains("\n    ssl_protocols TLSv1.2 TLSv1.3;\n"));
}

/// L7: A method that nginx itself rejects gets the response of the service, with its headers.
#[test]
fn nginx_leaves_the_response_to_a_rejected_method_to_the_service() {
    let app = App::start(&Database::not_created().settings(&[("TRUSTED_PROXIES", "127.0.0.1")]));
    let Some(nginx) = nginx([app.address; 2]) else {
        return;
    };
    for method in ["TRACE", "PUT"] {
        let mut client = nginx.connect(Ipv4Addr::LOCALHOST, "http/1.1");
        client.send(format!(
            "{method} /rates HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        ));
        let response = client.read_until_quiet(QUIET);
        let response = String::from_utf8_lossy(&response).to_lowercase();
        assert!(response.starts_with("http/1.1 405"), "{response}");
        for header in [
            "allow: get, head, options\r\n",
            "content-type: application/problem+json\r\n",
            "x-content-type-options: nosniff\r\n",
        ] {
            assert!(response.contains(header), "{method}: {response}");
        }
    }
}

/// L7: The responses of nginx itself are problems with the security headers of the service's.
#[test]
fn responses_of_nginx_itself_are_problems_with_the_services_headers() {
    let app = App::start(&Database::not_created().settings(&[("TRUSTED_PROXIES", "127.0.0.1")]));
    let Some(nginx) = nginx([app.address; 2]) else {
        return;
    };
    let response_to = |request: &str| -> (String, BTreeSet<String>, Value) {
        let mut client = nginx.connect(Ipv4Addr::LOCALHOST, "http/1.1");
        client.send(request);
        let response = String::from_utf8(client.read_until_quiet(QUIET)).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            format!("{}: {value}", name.to_lowercase())
        });
        (status, headers.collect(), serde_json::from_str(body).unwrap())
    };
    let (status, headers, _) =
        response_to("GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(status, "404");
    let names = security_headers::names();
    let of_service: BTreeSet<String> = headers
        .into_iter()
        .filter(|header| names.iter().any(|name| header.starts_with(&format!("{name}: "))))
        .collect();
    assert_eq!(of_service.len(), names.len());
    let host = "Host: localhost\r\nConnection: close\r\n";
    let long = "x".repeat(40_000);
    let requests = [
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(), "400"),
        ("GET\r\n\r\n".to_owned(), "400"),
        (format!("GET /?{long} HTTP/1.1\r\n{host}\r\n"), "414"),
        (format!("GET / HTTP/1.1\r\n{host}X: {long}\r\n\r\n"), "400"),
        (
            format!("POST /auth/login HTTP/1.1\r\n{host}Content-Length: 70000\r\n\r\n"),
            "413",
        ),
        (format!("GET /nginx-problem HTTP/1.1\r\n{host}\r\n"), "404"),
    ];
    let check = |request: &str, expected: &str| {
        let (status, headers, problem) = response_to(request);
        assert_eq!(status, expected, "{request:.80}");
        assert!(
            headers.contains("content-type: application/problem+json"),
            "{headers:?}"
        );
        assert!(headers.is_superset(&of_service), "{request:.80}: {headers:#?}");
        assert_eq!(problem["status"].to_string(), expected);
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()));
    };
    for (request, expected) in &requests {
        check(request, expected);
    }
    app.stop();
    check(&format!("GET /rates HTTP/1.1\r\n{host}\r\n"), "502");
}

/// L7, O14: Behind nginx the client is the address that connects to nginx, and no header of the client changes that.
#[test]
fn nginx_names_the_client_and_no_header_changes_that() {
    let database = Database::fresh();
    create_account(&database, "ann@example.org", Role::User);
    let app = App::start(&database.settings(&[
        ("TRUSTED_PROXIES", "127.0.0.1"),
        ("CLIENT_ADDRESS_SOURCE", "x-forwarded-for"),
    ]));
    let Some(nginx) = nginx([app.address; 2]) else {
        return;
    };
    let from = Ipv4Addr::new(127, 0, 0, 77);
    for spoofed in [
        "",
        "X-Forwarded-For: 192.0.2.1\r\n",
        "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n",
        "X-Forwarded-For: 127.0.0.1\r\n",
        "X-Forwarded_For: 192.0.2.1\r\n",
        "X_Forwarded_For: 192.0.2.1\r\n",
        "x-forwarded-for : 192.0.2.1\r\n",
        "X-Forwarded-For:\t192.0.2.1, 127.0.0.1\r\n",
        "Forwarded: for=192.0.2.1\r\n",
        "X-Real-IP: 192.0.2.1\r\n",
        "X-Client-IP: 192.0.2.1\r\nTrue-Client-IP: 192.0.2.1\r\nCF-Connecting-IP: 192.0.2.1\r\n",
        "Connection: X-Forwarded-For\r\nX-Forwarded-For: 192.0.2.1\r\n",
    ] {
        database.execute("DELETE FROM sessions.throttles");
        let body = json!({"email": "ann@example.org", "password": "wrong"}).to_string();
        let length = body.len();
        let mut client = nginx.connect(from, "http/1.1");
        client.send(format!(
            "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n{spoofed}\r\n{body}"
        ));
        let response = client.read_until_quiet(QUIET);
        let response = String::from_utf8_lossy(&response);
        if spoofed.contains(" :") {
            assert!(response.starts_with("HTTP/1.1 400"), "{spoofed}: {response}");
            continue;
        }
        assert!(response.starts_with("HTTP/1.1 401"), "{spoofed}: {response}");
        let last = "SELECT address AS line FROM audit.events ORDER BY id DESC LIMIT 1";
        assert_eq!(database.lines(last), [from.to_string()], "{spoofed}");
    }
}
