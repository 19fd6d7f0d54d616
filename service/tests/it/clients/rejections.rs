//! Clients that are not authenticated.

use crate::support::accounts::{PASSWORD, create_account, try_log_in};
use crate::support::admin_client::AdminClient;
use crate::support::app::send;
use crate::support::machine_client::{MachineClient, assert_oauth_error, post_token};
use crate::support::raw_connection::send_request;
use crate::support::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis::types::role::Role;
use std::time::{Duration, Instant};

const GRANT: &str = "grant_type=client_credentials";

fn reset_throttles(admin: &AdminClient) {
    admin.execute("DELETE FROM sessions.throttles");
}

/// F8: An unknown client, a wrong secret, an expired or removed one, and a revoked client get the same response, which takes the same
/// time.
#[test]
fn every_reason_gets_the_same_response() {
    let admin = AdminClient::fresh();
    let client = MachineClient::create(&admin, "rates:write");
    let [expired, removed, revoked, other] = [(); 4].map(|()| MachineClient::create(&admin, "rates:write"));
    admin.execute(&format!(
        "UPDATE clients.credentials SET expires_at = now() - interval '1 second' WHERE client_id = '{}'",
        expired.id
    ));
    let remove = format!("{}/secrets/{}", removed.path(), removed.secret_id);
    assert_eq!(send(admin.request("DELETE", &remove)).status, 204);
    assert_eq!(send(admin.request("DELETE", &revoked.path())).status, 204);
    let unknown = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    let mut bodies = Vec::new();
    for (why, id, secret) in [
        ("an unknown client", unknown, client.secret.as_str()),
        ("another client's secret", &client.id, &other.secret),
        ("an expired secret", &expired.id, &expired.secret),
        ("a removed secret", &removed.id, &removed.secret),
        ("a revoked client", &revoked.id, &revoked.secret),
        ("a secret that is too short", &client.id, "x"),
        ("no secret", &client.id, ""),
        ("no client", "", &client.secret),
        ("an id in upper case", &client.id.to_uppercase(), &client.secret),
        ("a long secret", &client.id, &"x".repeat(6000)),
        (
            "a secret with one more character",
            &client.id,
            &format!("{}A", client.secret),
        ),
        ("a NUL character", &client.id, &format!("{}\0", client.secret)),
        ("a person's password", "admin@example.org", PASSWORD),
        ("a percent sign", &client.id, "%"),
    ] {
        reset_throttles(&admin);
        let start = Instant::now();
        let response = post_token(&admin.app, Some((id, secret)), GRANT);
        let elapsed = start.elapsed();
        assert_oauth_error(&response, 401, "invalid_client");
        assert!(elapsed >= Duration::from_millis(250), "{why}: {elapsed:?}");
        bodies.push((why, response.text().to_owned()));
    }
    let first = bodies[0].1.clone();
    assert!(bodies.iter().all(|(_, body)| *body == first), "{bodies:#?}");
    assert_eq!(client.request_token(&admin.app).status, 200);
}

/// F8: Missing, malformed and ambiguous credentials are `invalid_client`, before the rest of the request is examined.
#[test]
fn missing_and_malformed_credentials_are_rejected() {
    let admin = AdminClient::fresh();
    let client = MachineClient::create(&admin, "rates:write");
    let with = |field: &str| -> Response {
        reset_throttles(&admin);
        let request = admin
            .app
            .request("POST", "/oauth/token")
            .header("authorization", field);
        send(
            request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(GRANT),
        )
    };
    for field in [
        "Basic",
        "Basic !!!!",
        "Basic YW5u",
        &format!("Bearer {}", admin.token),
        &format!("Bearer {}", client.token(&admin.app)),
        "Digest username=\"ann\"",
        &format!("Basic {}", STANDARD.encode([0xff, 0xfe, b':', 0xff])),
    ] {
        assert_oauth_error(&with(field), 401, "invalid_client");
    }
    assert_oauth_error(&post_token(&admin.app, None, GRANT), 401, "invalid_client");
    assert_oauth_error(
        &post_token(&admin.app, None, "grant_type=x"),
        401,
        "invalid_client",
    );
    assert_oauth_error(
        &send(admin.app.request("POST", "/oauth/token")),
        401,
        "invalid_client",
    );
    let in_body = format!("{GRANT}&client_id={}&client_secret={}", client.id, client.secret);
    assert_oauth_error(&post_token(&admin.app, None, &in_body), 400, "invalid_request");
    let basic = format!(
        "Basic {}",
        STANDARD.encode(format!("{}:{}", client.id, client.secret))
    );
    let twice = format!(
        "POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nAuthorization: {basic}\r\nAuthorization: {basic}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{GRANT}",
        GRANT.len()
    );
    assert_oauth_error(&send_request(admin.app.address, twice), 401, "invalid_client");
    assert_eq!(with(&basic).status, 200, "a single field is accepted");
    // Encoded as a form value (RFC 6749 §2.3.1), as some libraries encode every character.
    let encoded: String = client.secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let id: String = client.id.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(post_token(&admin.app, Some((&id, &encoded)), GRANT).status, 200);
}

/// F8: Failures are throttled, recorded only within the limits, and lock neither the client nor people of the same network out.
#[test]
fn failures_are_throttled_and_lock_no_one_out() {
    let admin = AdminClient::fresh();
    create_account(&admin.database, "ann@example.org", Role::User);
    let client = MachineClient::create(&admin, "rates:write");
    for id in [client.id.as_str(), "67e55044-10b1-426f-9247-bb680e5fe0c8"] {
        reset_throttles(&admin);
        let guess = || post_token(&admin.app, Some((id, &"x".repeat(43))), GRANT);
        for _ in 0..6 {
            assert_oauth_error(&guess(), 401, "invalid_client");
        }
        // On a busy machine the first wait may already be over.
        admin.execute("UPDATE sessions.throttles SET blocked_until = now() + interval '1 minute' WHERE blocked_until IS NOT NULL");
        let refused = || {
            admin.database.lines(
                "SELECT coalesce(nullif(subject, ''), '-') || ' ' || (detail ->> 'why') AS line FROM audit.events
                 WHERE action = 'client.refused' ORDER BY id DESC LIMIT 6",
            )
        };
        let count = || {
            admin
                .database
                .lines("SELECT count(*)::text AS line FROM audit.events")
        };
        let expected = if id == client.id {
            format!("client:{id} wrong secret")
        } else {
            "- unknown client".to_owned()
        };
        assert_eq!(refused(), vec![expected; 6]);
        let before = count();
        for _ in 0..3 {
            let response = guess();
            assert_eq!(
                response.problem(429)["type"],
                "urn:portcullis:problem:too-many-attempts"
            );
            assert!(response.header("retry-after").parse::<u32>().unwrap() > 0);
        }
        assert_eq!(count(), before, "a throttled attempt is not recorded");
        assert_eq!(
            client.request_token(&admin.app).status,
            200,
            "a right secret is accepted"
        );
        assert_eq!(try_log_in(&admin.app, "ann@example.org", PASSWORD).status, 200);
    }
}

/// F8: No secret is in the database or in the audit log; a hash of it is, and no login can read it directly.
#[test]
fn only_a_hash_of_a_secret_is_stored() {
    let admin = AdminClient::fresh();
    let client = MachineClient::create(&admin, "rates:write");
    client.token(&admin.app);
    let hash = admin.database.lines(&format!(
        "SELECT (secret_hash = sha256(convert_to('{}', 'UTF8')))::text AS line FROM clients.credentials",
        client.secret
    ));
    assert_eq!(hash, ["true"]);
    let rows = admin.database.lines(
        "SELECT (c.*)::text || (k.*)::text AS line FROM clients.clients c, clients.credentials k
         UNION ALL SELECT (e.*)::text FROM audit.events e",
    );
    assert!(
        rows.len() > 3 && rows.iter().all(|row| !row.contains(&client.secret)),
        "{rows:#?}"
    );
    let mut login = admin.database.login("accounts");
    let read = |conn: &mut _, statement: &str| crate::support::database::lines(conn, statement);
    for denied in [
        "SELECT secret_hash::text AS line FROM clients.credentials",
        "UPDATE clients.credentials SET secret_hash = NULL RETURNING '' AS line",
        "UPDATE clients.credentials SET expires_at = now() RETURNING '' AS line",
        "DELETE FROM clients.clients RETURNING '' AS line",
        "UPDATE clients.used_assertions SET expires_at = now() RETURNING '' AS line",
    ] {
        assert!(read(&mut login, denied).is_err(), "{denied}");
    }
    assert_eq!(
        read(&mut login, "SELECT name AS line FROM clients.clients")
            .unwrap()
            .len(),
        1
    );
}
