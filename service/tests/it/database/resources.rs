//! A server without disk space, memory or another resource.

use crate::support::accounts::{PASSWORD, call_as, try_log_in, try_log_in_with_code};
use crate::support::app::App;
use crate::support::authenticator::code;
use crate::support::database::Database;
use crate::support::mailed_links::list_outbox;
use crate::support::response::Response;
use crate::support::totp_user::{ANN, TotpUser};
use serde_json::json;

/// Makes the server refuse new rows of a table as it does when its disk is full.
fn fill_disk(database: &Database, table: &str) {
    database.execute(&format!(
        "CREATE FUNCTION public.fill_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           RAISE 'could not extend file \"base/16384/16593\": No space left on device'
             USING ERRCODE = 'disk_full', HINT = 'Check free disk space.';
         END $$;
         GRANT USAGE ON SCHEMA public TO PUBLIC;
         CREATE TRIGGER disk_is_full BEFORE INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION public.fill_disk()"
    ));
}

fn free_disk(database: &Database) {
    database.execute("DROP FUNCTION public.fill_disk() CASCADE");
}

fn assert_unavailable(response: &Response) {
    let problem = response.problem(503);
    assert_eq!(problem["type"], "urn:portcullis:problem:unavailable");
    assert!(response.header("retry-after").parse::<u32>().unwrap() >= 1);
}

/// B16: While the server's disk is full, changes are answered 503 and reads go on.
#[test]
fn changes_are_503_while_the_disk_is_full() {
    let user = TotpUser::new();
    let create = || {
        call_as(
            &user.app,
            &user.token,
            "POST",
            "/wishes",
            &json!({ "title": "Bicycle" }),
        )
    };
    fill_disk(&user.database, "wishes.wishes");
    for _ in 0..3 {
        assert_unavailable(&create());
    }
    assert_eq!(user.app.get("/health/ready").status, 200);
    free_disk(&user.database);
    assert_eq!(create().status, 201);
}

/// E5, B16: A login with the right password that the service could not store is no wrong attempt, however often it is repeated.
#[test]
fn logins_that_could_not_be_stored_are_not_counted() {
    let user = TotpUser::new();
    fill_disk(&user.database, "sessions.sessions");
    for _ in 0..8 {
        assert_unavailable(&try_log_in(&user.app, ANN, PASSWORD));
    }
    assert_eq!(
        try_log_in(&user.app, ANN, "wrong").status,
        401,
        "which is counted"
    );
    free_disk(&user.database);
    assert_eq!(try_log_in(&user.app, ANN, PASSWORD).status, 200);
}

/// E18, B16: A right code of a login that the database could not store is not counted as a wrong one.
#[test]
fn codes_of_logins_that_could_not_be_stored_are_not_counted() {
    let user = TotpUser::new();
    let (secret, _) = user.enable();
    user.advance_time();
    let log_in = |app: &App| try_log_in_with_code(app, ANN, PASSWORD, &code(&secret, 0));
    fill_disk(&user.database, "sessions.sessions");
    for _ in 0..12 {
        assert_unavailable(&log_in(&user.app));
    }
    free_disk(&user.database);
    assert_eq!(log_in(&user.app).status, 200);
}

/// E5: A change with the right password that is refused because of too many mails is no wrong attempt.
#[test]
fn changes_that_are_refused_after_the_password_are_not_counted() {
    let user = TotpUser::new();
    let change = || {
        let body = json!({ "email": "ann@new.example", "current_password": PASSWORD });
        call_as(&user.app, &user.token, "PUT", "/auth/me", &body)
    };
    let statuses: Vec<u16> = (0..4).map(|_| change().status).collect();
    assert_eq!(statuses[..3], [200; 3]);
    let mails = list_outbox(&user.database).len();
    for _ in 0..7 {
        assert_eq!(
            change().problem(429)["type"],
            "urn:portcullis:problem:too-many-mails"
        );
    }
    assert_eq!(list_outbox(&user.database).len(), mails);
    assert_eq!(try_log_in(&user.app, ANN, PASSWORD).status, 200);
}
