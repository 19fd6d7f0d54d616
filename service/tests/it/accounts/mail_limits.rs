//! Limits on the mails that unauthenticated clients can cause.

use crate::support::accounts::{self, create_account, post, with_json};
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::mailed_links::list_outbox;
use crate::support::response::Response;
use portcullis::types::role::Role;
use reqwest::blocking::Client;
use serde_json::json;

fn register(app: &App, email: &str) -> Response {
    accounts::register(app, "Ann", email, "a quiet mountain lake")
}

fn retry_after(response: &Response) -> u64 {
    let problem = response.problem(429);
    assert_eq!(problem["type"], "urn:portcullis:problem:too-many-mails");
    response.header("retry-after").parse().unwrap()
}

/// E4: After a few resends an address gets 429 with a growing `Retry-After`, whether or not it has an account.
#[test]
fn repeated_resends_are_limited() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, "known@example.org", Role::User);
    let resend = |email: &str| post(&app, "/auth/resend", &json!({ "email": email }));
    let mut statuses_by_email = Vec::new();
    for email in ["known@example.org", "unknown@example.org"] {
        let statuses: Vec<u16> = (0..6).map(|_| resend(email).status).collect();
        let wait = retry_after(&resend(&email.to_uppercase()));
        assert!((30..=60).contains(&wait), "{wait}");
        statuses_by_email.push(statuses);
    }
    assert_eq!(statuses_by_email[0], statuses_by_email[1]);
    assert_eq!(statuses_by_email[0][..3], [202; 3]);
    assert_eq!(statuses_by_email[0][4..], [429; 2]);
    let mails = list_outbox(&database).len();
    assert!((3..=4).contains(&mails), "{mails}");
    // After the wait one more mail is allowed, and the next wait is longer.
    database.execute("UPDATE sessions.throttles SET blocked_until = now()");
    assert_eq!(resend("known@example.org").status, 202);
    let wait = retry_after(&resend("known@example.org"));
    assert!((90..=120).contains(&wait), "{wait}");
    // After an hour without requests the count is reset.
    database.execute(
        "UPDATE sessions.throttles SET blocked_until = NULL, updated_at = now() - interval '61 minutes'",
    );
    assert_eq!(
        (0..3)
            .map(|_| resend("known@example.org").status)
            .collect::<Vec<_>>(),
        [202; 3]
    );
    let keys = database.lines("SELECT key AS line FROM sessions.throttles");
    assert!(
        keys.iter()
            .all(|key| !key.contains('@') && !key.contains("known")),
        "{keys:?}"
    );
}

/// E1, E14: Repeated registrations and reset requests get the usual response, but an address receives a limited number of
/// mails.
#[test]
fn mails_to_one_address_are_limited_silently() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, "known@example.org", Role::User);
    for _ in 0..7 {
        assert_eq!(register(&app, "known@example.org").status, 202);
        assert_eq!(
            post(&app, "/auth/forgot", &json!({ "email": "known@example.org" })).status,
            202
        );
    }
    let mails = list_outbox(&database);
    let count = |kind: &str| mails.iter().filter(|mail| mail.starts_with(kind)).count();
    let (resets, others) = (count("reset "), count("already_registered "));
    assert!(
        (3..=4).contains(&resets) && (1..=4).contains(&others) && resets + others == mails.len(),
        "{mails:?}"
    );
}

/// E14: Other mails to an address or its sub-addresses, which any client can cause, do not keep its owner from a password reset,
/// and neither do resets that others request: the longest wait is shorter than the life of a link.
#[test]
fn other_clients_cannot_block_a_password_reset() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, "known@example.org", Role::User);
    let forgot = |email: &str| post(&app, "/auth/forgot", &json!({ "email": email })).status;
    let resets = || {
        list_outbox(&database)
            .iter()
            .filter(|mail| *mail == "reset known@example.org")
            .count()
    };
    for number in 0..6 {
        assert_eq!(register(&app, "known@example.org").status, 202);
        post(&app, "/auth/resend", &json!({ "email": "known@example.org" }));
        assert_eq!(forgot(&format!("known+{number}@example.org")), 202);
    }
    assert_eq!((forgot("known@example.org"), resets()), (202, 1));
    for number in 2..20 {
        assert_eq!(forgot("known@example.org"), 202);
        let wait = "SELECT coalesce(extract(epoch FROM max(blocked_until) - now()), 0)::int::text AS line \
                    FROM sessions.throttles WHERE key LIKE 'reset:%'";
        let wait: i64 = database.lines(wait)[0].parse().unwrap();
        assert!(wait < 30 * 60 && resets() == number, "{wait} {}", resets());
        database.execute("UPDATE sessions.throttles SET blocked_until = now() WHERE key LIKE 'reset:%'");
    }
}

/// E1, E4, E14: Sub-addresses of one mailbox share its limit, and mails to them name no one before the address is confirmed.
#[test]
fn sub_addresses_share_the_limit_of_their_mailbox() {
    let database = Database::fresh();
    let app = App::over(&database);
    for number in 0..8 {
        let email = format!("Victim+{number}@example.org");
        let message = "call 0800 12345 now";
        assert_eq!(
            accounts::register(&app, message, &email, "a quiet mountain lake").status,
            202
        );
        assert_eq!(post(&app, "/auth/forgot", &json!({ "email": email })).status, 202);
    }
    let mails = list_outbox(&database);
    assert!((3..=4).contains(&mails.len()), "{mails:?}");
    assert_eq!(
        database.lines("SELECT data::text AS line FROM mail.outbox WHERE data ? 'name'"),
        Vec::<String>::new()
    );
    assert_eq!(
        post(&app, "/auth/resend", &json!({ "email": "victim@example.org" })).status,
        429
    );
    assert_eq!(
        post(&app, "/auth/resend", &json!({ "email": "victim2@example.org" })).status,
        202
    );
}

/// E7: Registrations from one network are limited. Forwarding headers do not change the network, and other networks are not
/// affected.
#[test]
fn mass_registration_from_one_network_is_limited() {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[("MAIL_RATE_PER_NETWORK", "5")]));
    let statuses: Vec<u16> = (0..9)
        .map(|n| register(&app, &format!("n{n}@example.org")).status)
        .collect();
    assert_eq!(statuses[..5], [202; 5]);
    assert_eq!(statuses[6..], [429; 3]);
    let wait = retry_after(&register(&app, "more@example.org"));
    assert!((1..=10).contains(&wait), "{wait}");
    for path in ["/auth/resend", "/auth/forgot"] {
        retry_after(&post(&app, path, &json!({ "email": "other@example.org" })));
    }
    let body = json!({ "name": "Ann", "email": "spoof@example.org", "password": "a quiet mountain lake" })
        .to_string();
    for header in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        let request = with_json(app.request("POST", "/auth/register"), &body);
        retry_after(&send(request.header(header, "203.0.113.7")));
    }
    let elsewhere = Client::builder()
        .no_proxy()
        .local_address("127.0.0.2".parse::<std::net::IpAddr>().unwrap());
    let request = elsewhere
        .build()
        .unwrap()
        .post(format!("http://{}/auth/register", app.address));
    assert_eq!(send(with_json(request, &body)).status, 202);
}

/// E7: Mails caused from the addresses of a wider network are limited together, at a larger number.
#[test]
fn mails_caused_from_a_wider_network_are_limited() {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[("MAIL_RATE_PER_NETWORK", "2")]));
    let forgot = |client: u8| {
        let address = std::net::IpAddr::from([127, 0, 3, client]);
        let client = Client::builder()
            .no_proxy()
            .local_address(address)
            .build()
            .unwrap();
        let request = client.post(format!("http://{}/auth/forgot", app.address));
        send(with_json(
            request,
            &json!({ "email": format!("n{address}@example.org") }).to_string(),
        ))
    };
    for client in 1..=32 {
        assert_eq!(forgot(client).status, 202, "{client}");
    }
    retry_after(&forgot(33));
}

/// E7: Concurrent registrations from one network are limited as if they were sequential.
#[test]
fn concurrent_registrations_are_limited_alike() {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[("MAIL_RATE_PER_NETWORK", "5")]));
    let statuses = crate::support::concurrently::concurrently(16, |n| {
        register(&app, &format!("n{n}@example.org")).status
    });
    let admitted = statuses.iter().filter(|status| **status == 202).count();
    assert!((5..=6).contains(&admitted), "{statuses:?}");
}
