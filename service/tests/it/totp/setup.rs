//! Enabling and disabling the second factor, and new recovery codes.

use crate::support::accounts::{PASSWORD, call_as, log_in, try_log_in, try_log_in_with_code};
use crate::support::authenticator::{code, recovery_codes};
use crate::support::totp_user::{ANN, TotpUser};
use serde_json::json;

/// E18: The secret is shown once, and the second factor is required from its first confirmed code on.
#[test]
fn the_second_factor_is_required_once_confirmed() {
    let user = TotpUser::new();
    assert_eq!(user.state(), (false, 0));
    let started = user.post("start", &json!({ "password": PASSWORD })).json();
    let secret = started["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 32);
    assert_eq!(
        started["uri"],
        format!(
            "otpauth://totp/Portcullis:ann%40example%2Eorg?secret={secret}&issuer=Portcullis&algorithm=SHA1&digits=6&period=30"
        )
    );
    assert_eq!(user.state(), (false, 0));
    assert_eq!(try_log_in(&user.app, ANN, PASSWORD).status, 200);
    let wrong = user.post("confirm", &json!({ "code": code(secret, 5) }));
    assert_eq!(wrong.problem(403)["type"], "urn:portcullis:problem:wrong-code");
    assert_eq!(user.state(), (false, 0));
    let confirmed = user.post("confirm", &json!({ "code": code(secret, 0) }));
    let mut recovery = recovery_codes(&confirmed.json());
    recovery.sort_unstable();
    recovery.dedup();
    assert_eq!(recovery.len(), 10);
    assert_eq!(user.state(), (true, 10));
    try_log_in(&user.app, ANN, PASSWORD).problem(401);
    assert_eq!(user.events(), ["totp.enabled"]);
}

/// E18: Starting again replaces an unconfirmed secret.
#[test]
fn starting_again_replaces_an_unconfirmed_secret() {
    let user = TotpUser::new();
    let (first, second) = (user.start(), user.start());
    assert_ne!(first, second);
    user.post("confirm", &json!({ "code": code(&first, 0) }))
        .problem(403);
    assert_eq!(
        user.post("confirm", &json!({ "code": code(&second, 0) })).status,
        200
    );
}

/// E18: A set-up can be confirmed only in the session that started it, and for 15 minutes.
#[test]
fn a_setup_expires_and_belongs_to_its_session() {
    let user = TotpUser::new();
    let other = log_in(&user.app, ANN).access;
    let secret = user.start();
    let body = json!({ "code": code(&secret, 0) });
    let confirmed = call_as(&user.app, &other, "POST", "/auth/totp/confirm", &body);
    assert_eq!(
        confirmed.problem(409)["type"],
        "urn:portcullis:problem:second-factor-not-started"
    );
    let age = |minutes: u32| {
        user.database.execute(&format!(
            "UPDATE accounts.credentials SET totp_started_at = now() - interval '{minutes} minutes'"
        ));
    };
    age(15);
    user.post("confirm", &body).problem(409);
    age(14);
    assert_eq!(
        user.post("confirm", &json!({ "code": code(&secret, 0) })).status,
        200
    );
}

/// E18: Each change of the second factor requires the password, and a code once it is enabled.
#[test]
fn each_change_requires_password_and_code() {
    let user = TotpUser::new();
    let rejected = user.post("start", &json!({ "password": "wrong" })).problem(403);
    assert_eq!(rejected["type"], "urn:portcullis:problem:wrong-password");
    let (secret, recovery) = user.enable();
    user.advance_time();
    let valid = code(&secret, 0);
    for action in ["disable", "recovery-codes"] {
        for (password, code) in [
            ("wrong", valid.as_str()),
            (PASSWORD, "000000"),
            ("wrong", "000000"),
        ] {
            let body = json!({ "password": password, "code": code });
            let rejected = user.post(action, &body).problem(403);
            assert_eq!(rejected["type"], "urn:portcullis:problem:wrong-password");
            user.database.execute("DELETE FROM sessions.throttles");
        }
        assert_eq!(
            user.post(action, &json!({})).fields(400),
            ["body:password", "body:code"]
        );
    }
    assert_eq!(user.state(), (true, 10));
    let body = json!({ "password": PASSWORD, "code": recovery[0] });
    assert_eq!(user.post("disable", &body).status, 204);
    assert_eq!(user.state(), (false, 0));
    assert_eq!(try_log_in(&user.app, ANN, PASSWORD).status, 200);
    user.post("disable", &body).problem(409);
    assert_eq!(user.events(), ["totp.enabled", "totp.disabled"]);
}

/// E18, E7: Wrong passwords in an open session are throttled.
#[test]
fn wrong_passwords_are_throttled() {
    let user = TotpUser::new();
    for _ in 0..6 {
        user.post("start", &json!({ "password": "wrong" })).problem(403);
    }
    user.database
        .execute("UPDATE sessions.throttles SET blocked_until = blocked_until + interval '1 minute'");
    user.post("start", &json!({ "password": PASSWORD })).problem(429);
}

/// E18, E7: Wrong codes are throttled while the second factor is being confirmed.
#[test]
fn wrong_confirming_codes_are_throttled() {
    let user = TotpUser::new();
    let secret = user.start();
    assert_eq!(
        user.post("confirm", &json!({ "code": "x" })).fields(400),
        ["body:code"]
    );
    assert_eq!(
        user.post("confirm", &json!({ "code": " " })).fields(400),
        ["body:code"]
    );
    for _ in 0..6 {
        user.post("confirm", &json!({ "code": code(&secret, 5) }))
            .problem(403);
    }
    user.database
        .execute("UPDATE sessions.throttles SET blocked_until = blocked_until + interval '1 minute'");
    user.post("confirm", &json!({ "code": code(&secret, 0) }))
        .problem(429);
    user.database
        .execute("UPDATE sessions.throttles SET blocked_until = now()");
    assert_eq!(
        user.post("confirm", &json!({ "code": code(&secret, 0) })).status,
        200
    );
}

/// E18: New recovery codes replace the old ones, and a code used for one operation cannot be used for another.
#[test]
fn new_recovery_codes_replace_the_old() {
    let user = TotpUser::new();
    let (secret, old) = user.enable();
    user.advance_time();
    let code = code(&secret, 0);
    let body = json!({ "password": PASSWORD, "code": code });
    let new = recovery_codes(&user.post("recovery-codes", &body).json());
    assert!(new.iter().all(|code| !old.contains(code)));
    let used = user.post("recovery-codes", &body).problem(403);
    assert_eq!(used["type"], "urn:portcullis:problem:code-used");
    try_log_in_with_code(&user.app, ANN, PASSWORD, &code).problem(401);
    try_log_in_with_code(&user.app, ANN, PASSWORD, &old[0]).problem(401);
    assert_eq!(
        try_log_in_with_code(&user.app, ANN, PASSWORD, &new[0]).status,
        200
    );
    assert_eq!(user.events(), ["totp.enabled", "totp.codes_renewed"]);
}

/// E18: Confirming or disabling a second factor that does not exist, or enabling it twice, returns 409.
#[test]
fn a_change_in_the_wrong_state_is_409() {
    let user = TotpUser::new();
    let proof = json!({ "password": PASSWORD, "code": "123456" });
    for (action, body) in [
        ("confirm", json!({ "code": "123456" })),
        ("disable", proof.clone()),
        ("recovery-codes", proof),
    ] {
        user.post(action, &body).problem(409);
    }
    user.enable();
    user.post("start", &json!({ "password": PASSWORD })).problem(409);
    user.post("confirm", &json!({ "code": "123456" })).problem(409);
    assert_eq!(user.state(), (true, 10));
}
