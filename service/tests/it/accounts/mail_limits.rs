//! How many mails strangers may cause.
use crate::support::accounts::{create_account, post, with_json};
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::mailed_links::list_outbox;
use crate::support::response::Response;
use portcullis::types::role::Role;
use reqwest::blocking::Client;
use serde_json::json;

fn register(app: &App, email: &str) -> Response {
    let body = json!({ "name": "Ann", "email": email, "password": "a quiet mountain lake" });
    post(app, "/auth/register", &body)
}

fn retry_after(response: &Response) -> u64 {
    let problem = response.problem(429);
    assert_eq!(problem["type"], "urn:portcullis:problem:too-many-mails");
    response.header("retry-after").parse().unwrap()
}

/// E4: an address gets a few mails, then 429 with a wait that grows; one without an account is told just the same.
#[test]
fn asking_again_and_again_has_an_end() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, "known@example.org", Role::User);
    let ask = |email: &str| post(&app, "/auth/resend", &json!({ "email": email }));
    let mut told = Vec::new();
    for email in ["known@example.org", "unknown@example.org"] {
        let statuses: Vec<u16> = (0..6).map(|_| ask(email).status).collect();
        let wait = retry_after(&ask(&email.to_uppercase()));
        assert!((30..=60).contains(&wait), "{wait}");
        told.push(statuses);
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0][..3], [202; 3]);
    assert_eq!(told[0][4..], [429; 2]);
    let mails = list_outbox(&database).len();
    assert!((3..=4).contains(&mails), "{mails}");
    // The wait is over: one more, and the next wait is longer.
    database.execute("UPDATE sessions.throttles SET blocked_until = now()");
    assert_eq!(ask("known@example.org").status, 202);
    let wait = retry_after(&ask("known@example.org"));
    assert!((90..=120).contains(&wait), "{wait}");
    // A quiet hour forgets.
    database.execute(
        "UPDATE sessions.throttles SET blocked_until = NULL, updated_at = now() - interval '61 minutes'",
    );
    assert_eq!(
        (0..3)
            .map(|_| ask("known@example.org").status)
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

/// E1, E14: who registers or forgets again and again is answered as ever; the address gets no more mails for it.
#[test]
fn an_address_is_not_flooded_and_nobody_is_told() {
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
    let mails = list_outbox(&database).len();
    assert!((3..=4).contains(&mails), "{mails}");
}

/// E7: mass registration from one network waits; headers change nothing about whose network it is; others go on.
#[test]
fn mass_registration_from_one_network_waits() {
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

/// E7: tries at the same time are counted one after the other.
#[test]
fn many_at_once_get_no_more_than_many_in_a_row() {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[("MAIL_RATE_PER_NETWORK", "5")]));
    let statuses = crate::support::concurrently::concurrently(16, |n| {
        register(&app, &format!("n{n}@example.org")).status
    });
    let admitted = statuses.iter().filter(|status| **status == 202).count();
    assert!((5..=6).contains(&admitted), "{statuses:?}");
}
