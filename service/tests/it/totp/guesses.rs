//! Limits on guesses at codes, which hold wherever the guesses come from.

use crate::support::accounts::{PASSWORD, post, try_log_in_with_code};
use crate::support::authenticator::code;
use crate::support::mailed_links::token;
use crate::support::response::Response;
use crate::support::totp_user::{ANN, TotpUser};
use serde_json::json;

const BLOCKED: &str = "urn:portcullis:problem:too-many-codes";

fn guess(user: &TotpUser, code: &str) -> Response {
    // As from a new network each time: only the limit on codes remains.
    user.database.execute("DELETE FROM sessions.throttles");
    try_log_in_with_code(&user.app, ANN, PASSWORD, code)
}

fn block(user: &TotpUser) {
    for number in 1..=10 {
        assert_eq!(guess(user, "000000").status, 401, "guess {number}");
    }
}

fn mails(user: &TotpUser) -> Vec<String> {
    let kinds = "SELECT kind || ' ' || recipient AS line FROM mail.outbox WHERE kind = 'wrong_codes'";
    user.database.lines(kinds)
}

/// E7, E18: After ten wrong codes, wherever they come from, no code of the app is verified for an hour, and the owner gets a
/// mail. Only a client that knows the password learns that.
#[test]
fn ten_wrong_codes_block_further_ones() {
    let user = TotpUser::new();
    let (secret, _) = user.enable();
    user.advance_time();
    block(&user);
    let right = guess(&user, &code(&secret, 0));
    assert_eq!(right.problem(429)["type"], BLOCKED);
    let wait: u64 = right.header("retry-after").parse().unwrap();
    assert!((3000..=3600).contains(&wait), "{wait}");
    assert_eq!(mails(&user), ["wrong_codes ann@example.org"]);
    user.database.execute("DELETE FROM sessions.throttles");
    let stranger = try_log_in_with_code(&user.app, ANN, "wrong", &code(&secret, 0));
    assert_eq!(
        stranger.problem(401)["type"],
        "urn:portcullis:problem:invalid-credentials"
    );
    // A session asks for a code too, and is no way around.
    let body = json!({ "password": PASSWORD, "code": code(&secret, 0) });
    assert_eq!(user.post("disable", &body).problem(429)["type"], BLOCKED);
    user.database
        .execute("UPDATE accounts.credentials SET codes_blocked_until = now() - interval '1 second'");
    assert_eq!(guess(&user, "000000").status, 401);
    let again = guess(&user, &code(&secret, 0));
    assert_eq!(again.problem(429)["type"], BLOCKED);
    assert!(
        again.header("retry-after").parse::<u64>().unwrap() > 3600,
        "the delay doubles"
    );
    assert_eq!(mails(&user).len(), 2);
}

/// E7, E18: A right code resets the count.
#[test]
fn a_right_code_resets_the_count() {
    let user = TotpUser::new();
    let (secret, _) = user.enable();
    for _ in 0..3 {
        user.advance_time();
        for _ in 0..9 {
            assert_eq!(guess(&user, "000000").status, 401);
        }
        assert_eq!(guess(&user, &code(&secret, 0)).status, 200);
    }
    assert_eq!(mails(&user), [""; 0]);
}

/// E7, E18: The owner is not locked out: a recovery code is accepted, and a password reset by mail ends the delay.
#[test]
fn the_owner_is_not_locked_out() {
    let user = TotpUser::new();
    let (secret, recovery) = user.enable();
    user.advance_time();
    block(&user);
    assert_eq!(guess(&user, &recovery[0]).status, 200);
    block(&user);
    let new = "an entirely different sentence";
    assert_eq!(
        post(&user.app, "/auth/forgot", &json!({ "email": ANN })).status,
        202
    );
    let link = token(&user.database, "reset", ANN);
    let reset = post(
        &user.app,
        "/auth/reset",
        &json!({ "token": link, "password": new }),
    );
    assert_eq!(reset.status, 200);
    let code = code(&secret, 0);
    assert_eq!(try_log_in_with_code(&user.app, ANN, new, &code).status, 200);
}

/// E7, E18: Parallel guesses gain nothing.
#[test]
fn parallel_guesses_are_counted() {
    let user = TotpUser::new();
    user.enable();
    for _ in 0..4 {
        // The limits per network would refuse most of them.
        user.database.execute("DELETE FROM sessions.throttles");
        std::thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| try_log_in_with_code(&user.app, ANN, PASSWORD, "000000"));
            }
        });
    }
    let counted = "SELECT wrong_codes::text AS line FROM accounts.credentials";
    assert_eq!(user.database.lines(counted), ["10"]);
    assert_eq!(mails(&user).len(), 1);
}
