//! The pages of the user's account.

use crate::support::accounts::{PASSWORD, create_account, log_in};
use crate::support::app::App;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::mailed_links::{list_outbox, token};
use portcullis::types::role::Role;

const ANN: &str = "ann@example.org";
const NEW_PASSWORD: &str = "an entirely different sentence";

fn app() -> (Database, App) {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = App::over(&database);
    (database, app)
}

fn can_sign_in(app: &App, email: &str, password: &str) -> bool {
    let response = Browser::new(app).submit("/sign-in", &[("email", email), ("password", password)]);
    response.status == 303
}

/// E8, E9: The account page shows the account and its sessions, and the name can be changed.
#[test]
fn the_account_is_shown_and_renamed() {
    let (_database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    log_in(&app, ANN);
    let page = ann.get("/my/account");
    for part in [ANN, "(this browser)", "Unknown client", "Changed on"] {
        assert!(page.text().contains(part), "{part}");
    }
    assert!(!page.text().contains("$argon2id$"));
    let form = ann.get("/my/account/name");
    assert!(form.text().contains("value=\"ann\"") && form.text().contains("autocomplete=\"name\""));
    let blank = ann.submit("/my/account/name", &[("name", " ")]);
    assert!(blank.status == 400 && blank.text().contains("#name"));
    let saved = ann.submit("/my/account/name", &[("name", "Þórunn <b>")]);
    assert_eq!((saved.status, saved.header("location")), (303, "/my/account"));
    let page = ann.get("/my/account");
    assert!(page.text().contains("Your changes are saved") && page.text().contains("Þórunn &#60;b&#62;"));
}

/// E9: A new password requires the current one, and ends every other session.
#[test]
fn a_new_password_requires_the_current_one() {
    let (database, app) = app();
    let (ann, elsewhere) = (
        Browser::signed_in(&app, ANN, PASSWORD),
        Browser::signed_in(&app, ANN, PASSWORD),
    );
    let change = |current: &str, password: &str| {
        ann.submit(
            "/my/account/password",
            &[("current", current), ("password", password)],
        )
    };
    let wrong = change("not the password at all", NEW_PASSWORD);
    assert!(wrong.status == 403 && wrong.text().contains("id=\"current-error\""));
    assert!(!wrong.text().contains(NEW_PASSWORD));
    let weak = change(PASSWORD, "password");
    assert!(weak.status == 400 && weak.text().contains("id=\"password-error\""));
    let empty = change("", "");
    assert!(empty.status == 400 && empty.text().contains("#current") && empty.text().contains("#password"));
    assert!(can_sign_in(&app, ANN, PASSWORD));
    let old_cookie = ann.cookie("__Host-session");
    let changed = change(PASSWORD, NEW_PASSWORD);
    assert_eq!((changed.status, changed.header("location")), (303, "/my/account"));
    assert!(ann.get("/my/account").text().contains("Your password is changed"));
    let copy = Browser::new(&app);
    copy.set_cookie("__Host-session", old_cookie.as_deref());
    assert_eq!(copy.get("/my/account").status, 303, "the cookie is replaced");
    assert_eq!(elsewhere.get("/my/wishes").status, 303);
    assert!(!can_sign_in(&app, ANN, PASSWORD) && can_sign_in(&app, ANN, NEW_PASSWORD));
    assert_eq!(list_outbox(&database), ["password_changed ann@example.org"]);
}

/// E9: A new email address takes effect when it is confirmed, and the old address is notified.
#[test]
fn a_new_address_takes_effect_when_confirmed() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    let change = |email: &str, current: &str| {
        ann.submit("/my/account/email", &[("email", email), ("current", current)])
    };
    assert_eq!(change("new@example.org", "not the password at all").status, 403);
    assert_eq!(change("nonsense", PASSWORD).status, 400);
    assert!(list_outbox(&database).is_empty());
    assert_eq!(change("new@example.org", PASSWORD).status, 303);
    let page = ann.get("/my/account");
    assert!(page.text().contains("new@example.org") && page.text().contains("is not confirmed yet"));
    let mails = list_outbox(&database);
    assert_eq!(mails.len(), 2, "{mails:?}");
    assert!(can_sign_in(&app, ANN, PASSWORD));
    let link = token(&database, "change_email", "new@example.org");
    let reader = Browser::new(&app);
    let csrf = reader.token(&format!("/change-email?token={link}"));
    let proven = reader.post("/change-email", &[("csrf", &csrf), ("token", &link)]);
    assert_eq!((proven.status, proven.header("location")), (303, "/sign-in"));
    assert!(
        reader
            .get("/sign-in")
            .text()
            .contains("Your new address is confirmed")
    );
    assert!(!can_sign_in(&app, ANN, PASSWORD) && can_sign_in(&app, "new@example.org", PASSWORD));
}

/// E13: Signing out everywhere ends every session of the account, including this one.
#[test]
fn signing_out_everywhere_ends_every_session() {
    let (_database, app) = app();
    let (ann, elsewhere) = (
        Browser::signed_in(&app, ANN, PASSWORD),
        Browser::signed_in(&app, ANN, PASSWORD),
    );
    let session = ann.cookie("__Host-session");
    let csrf = ann.token("/my/account");
    let response = ann.post("/my/account/sign-out-everywhere", &[("csrf", &csrf)]);
    assert_eq!((response.status, response.header("location")), (303, "/sign-out"));
    assert!(!response.header("clear-site-data").is_empty());
    ann.set_cookie("__Host-session", session.as_deref());
    for browser in [&ann, &elsewhere] {
        assert_eq!(browser.get("/my/account").status, 303);
    }
}

/// E10, E13: Some time after signing in, signing out everywhere and deleting the account need the password.
#[test]
fn an_unattended_browser_cannot_sign_out_everywhere_or_delete_the_account() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    let elsewhere = Browser::signed_in(&app, ANN, PASSWORD);
    let age = || {
        database.execute(
            "UPDATE sessions.sessions SET created_at = created_at - interval '16 minutes', proven_at = NULL",
        )
    };
    age();
    let csrf = ann.token("/my/account");
    let sign_out = |current: &[(&str, &str)]| {
        let fields = [&[("csrf", csrf.as_str())], current].concat();
        ann.post("/my/account/sign-out-everywhere", &fields)
    };
    for (current, status) in [
        (&[][..], 400),
        (&[("current", "not the password at all")][..], 403),
    ] {
        let refused = sign_out(current);
        assert_eq!(refused.status, status);
        assert!(refused.text().contains("Current password"), "{refused:?}");
        assert_eq!(elsewhere.get("/my/wishes").status, 200);
    }
    assert!(ann.get("/my/account/delete").text().contains("Current password"));
    assert_eq!(ann.submit("/my/account/delete", &[]).status, 400);
    assert!(can_sign_in(&app, ANN, PASSWORD));
    assert_eq!(sign_out(&[("current", PASSWORD)]).status, 303);
    assert_eq!(elsewhere.get("/my/wishes").status, 303);
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    age();
    assert_eq!(
        ann.submit("/my/account/delete", &[("current", PASSWORD)]).status,
        303
    );
    assert!(!can_sign_in(&app, ANN, PASSWORD));
}

/// E10: An account is deleted after confirmation; the last administrator cannot delete theirs.
#[test]
fn an_account_is_deleted_after_confirmation_except_the_last_administrators() {
    let (database, app) = app();
    create_account(&database, "root@example.org", Role::Admin);
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    assert!(
        ann.get("/my/account/delete")
            .text()
            .contains("Delete your account?")
    );
    assert!(
        can_sign_in(&app, ANN, PASSWORD),
        "the confirmation page deletes nothing"
    );
    let deleted = ann.submit("/my/account/delete", &[]);
    assert_eq!((deleted.status, deleted.header("location")), (303, "/"));
    assert_eq!(deleted.header("clear-site-data"), "\"cache\", \"storage\"");
    assert!(ann.get("/").text().contains("Your account is deleted"));
    assert_eq!(ann.cookie("__Host-session"), None);
    assert!(!can_sign_in(&app, ANN, PASSWORD));
    let root = Browser::signed_in(&app, "root@example.org", PASSWORD);
    let rejected = root.submit("/my/account/delete", &[]);
    assert!(rejected.status == 409 && rejected.text().contains("You cannot delete your account yet"));
    assert_eq!(root.get("/my/account").status, 200);
}
