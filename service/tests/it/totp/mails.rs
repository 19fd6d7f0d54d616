//! The owner is notified by mail of every change of the second factor.

use crate::support::accounts::{PASSWORD, get_as, log_in, try_log_in_with_code};
use crate::support::authenticator::code;
use crate::support::totp_user::{ANN, TotpUser};
use serde_json::json;

/// E18, I1: Setting up and removing the second factor, new recovery codes and the use of one are notified by mail.
#[test]
fn every_change_of_the_second_factor_is_notified() {
    let user = TotpUser::new();
    let mails = || {
        let mails = "SELECT kind || ' ' || recipient AS line FROM mail.outbox ORDER BY id";
        user.database.lines(mails)
    };
    let (secret, recovery) = user.enable();
    assert_eq!(mails(), ["second_factor_enabled ann@example.org"]);
    user.advance_time();
    assert_eq!(
        try_log_in_with_code(&user.app, ANN, PASSWORD, &recovery[0]).status,
        200
    );
    let body = json!({ "password": PASSWORD, "code": code(&secret, 0) });
    assert_eq!(user.post("recovery-codes", &body).status, 200);
    user.advance_time();
    assert_eq!(user.post("disable", &body).status, 204);
    let kinds: Vec<String> = mails()
        .iter()
        .map(|mail| mail.replace(" ann@example.org", ""))
        .collect();
    assert_eq!(
        kinds,
        [
            "second_factor_enabled",
            "recovery_code_used",
            "recovery_codes_renewed",
            "second_factor_removed"
        ]
    );
}

/// E13, E18: Setting up or removing the second factor ends every other session.
#[test]
fn a_change_of_the_second_factor_ends_other_sessions() {
    let user = TotpUser::new();
    let other = log_in(&user.app, ANN).access;
    let (secret, _) = user.enable();
    assert_eq!(get_as(&user.app, &other, "/auth/me").status, 401);
    user.advance_time();
    let other = try_log_in_with_code(&user.app, ANN, PASSWORD, &code(&secret, 0)).json();
    let other = other["access_token"].as_str().unwrap();
    user.advance_time();
    let body = json!({ "password": PASSWORD, "code": code(&secret, 0) });
    assert_eq!(user.post("disable", &body).status, 204);
    assert_eq!(get_as(&user.app, other, "/auth/me").status, 401);
    assert_eq!(get_as(&user.app, &user.token, "/auth/me").status, 200);
}
