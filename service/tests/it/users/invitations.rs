//! Inviting a user.

use crate::support::accounts;
use crate::support::admin_client::AdminClient;
use crate::support::app::send;
use crate::support::mailbox::Mailbox;
use portcullis::types::role::Role;
use serde_json::json;

const PASSWORD: &str = "seven green bottles on the wall";

fn accept(admin: &AdminClient, token: &str) -> u16 {
    let body = json!({"token": token, "name": "Ann B.", "password": PASSWORD});
    accounts::post(&admin.app, "/auth/invitation", &body).status
}

/// D9: An invited user follows the link of the mail, sets a password and can log in.
#[test]
fn an_invited_user_sets_a_password_and_logs_in() {
    let admin = AdminClient::fresh();
    let created = admin.create(&json!({"email": "ann@example.org", "role": "approver"}));
    let id = created.json()["id"].as_i64().unwrap();
    accounts::try_log_in(&admin.app, "ann@example.org", PASSWORD).problem(401);
    accounts::try_log_in(&admin.app, "ann@example.org", "").problem(401);
    let mail = Mailbox::of(&admin.database).wait("ann@example.org", "invited");
    let token = mail.token();
    assert!(mail.source.contains("/invitation?token="), "{}", mail.source);
    assert_eq!(accept(&admin, &token), 200);
    let user = admin.get_user(id).json();
    assert_eq!(
        (&user["state"], &user["name"], &user["role"]),
        (&json!("active"), &json!("Ann B."), &json!("approver"))
    );
    assert!(user["confirmed_at"].is_string());
    let body = json!({"email": "ann@example.org", "password": PASSWORD});
    assert_eq!(accounts::post(&admin.app, "/auth/login", &body).status, 200);
    assert_eq!(accept(&admin, &token), 404, "a link works once");
}

/// D9: An invitation expires after seven days, and its token is not stored.
#[test]
fn an_invitation_expires_after_seven_days() {
    let admin = AdminClient::fresh();
    let id = admin.create_user("ann@example.org");
    let validity = "SELECT (expires_at - created_at)::text || ' ' || purpose AS line FROM accounts.links";
    assert_eq!(admin.database.lines(validity), ["7 days invite"]);
    let token = admin.link_token(id);
    let stored = admin.database.lines(
        "SELECT (row_to_json(l)::text || coalesce((SELECT string_agg(row_to_json(o)::text, '') FROM mail.outbox o), '')) AS line
         FROM accounts.links l",
    );
    assert!(!stored[0].contains(&token), "{stored:?}");
    admin.execute("UPDATE accounts.links SET expires_at = now() - interval '1 second'");
    assert_eq!(accept(&admin, &token), 404);
    assert_eq!(admin.get_user(id).json()["state"], "invited");
}

/// D9: A second invitation revokes the link of the first.
#[test]
fn a_second_invitation_revokes_the_first() {
    let admin = AdminClient::fresh();
    let id = admin.create_user("ann@example.org");
    let first = admin.link_token(id);
    let again = send(admin.request("POST", &format!("/user/invite?id={id}")));
    assert_eq!((again.status, &again.json()["state"]), (200, &json!("invited")));
    let second = admin.link_token(id);
    assert_ne!(first, second);
    assert_eq!(accept(&admin, &first), 404);
    assert_eq!(accept(&admin, &second), 200);
    let rejected = send(admin.request("POST", &format!("/user/invite?id={id}")));
    assert_eq!(
        rejected.problem(409)["type"],
        "urn:portcullis:problem:not-invited"
    );
    send(admin.request("POST", "/user/invite?id=404404")).problem(404);
    assert_eq!(
        admin.mails(),
        ["invite ann@example.org", "invite ann@example.org"]
    );
    assert_eq!(
        admin.events(id),
        [
            "account.invited {\"role\": \"user\"}",
            "account.invited {\"again\": true}"
        ]
    );
}

/// D9, D4: Deleting a user revokes the invitation, and restoring the user sends a new one.
#[test]
fn deleting_a_user_revokes_the_invitation() {
    let admin = AdminClient::fresh();
    let id = admin.create_user("ann@example.org");
    let first = admin.link_token(id);
    assert_eq!(admin.delete(id).status, 200);
    assert_eq!(accept(&admin, &first), 404);
    assert_eq!(admin.restore(id).status, 200);
    assert_eq!(accept(&admin, &first), 404);
    assert_eq!(accept(&admin, &admin.link_token(id)), 200);
}

/// D3, D9: Changing an unconfirmed address revokes the links sent to the old one and sends a new link to the new one.
#[test]
fn changing_an_unconfirmed_address_sends_a_new_link() {
    let admin = AdminClient::fresh();
    let invited = admin.create_user("typo@example.org");
    let first = admin.link_token(invited);
    assert_eq!(
        admin
            .update(invited, "*", &json!({"email": "ann@example.org"}))
            .status,
        200
    );
    assert_eq!(accept(&admin, &first), 404);
    assert_eq!(accept(&admin, &admin.link_token(invited)), 200);

    let unconfirmed =
        accounts::create_account_in(&admin.database, "cay@example.org", Role::User, "unconfirmed");
    assert_eq!(
        admin
            .update(unconfirmed, "*", &json!({"email": "cay@new.example"}))
            .status,
        200
    );
    assert_eq!(
        admin.mails(),
        [
            "invite typo@example.org",
            "invite ann@example.org",
            "confirm cay@new.example"
        ]
    );
    let confirm = json!({"token": admin.link_token(unconfirmed), "password": accounts::PASSWORD});
    assert_eq!(accounts::post(&admin.app, "/auth/confirm", &confirm).status, 200);
    assert_eq!(admin.get_user(unconfirmed).json()["state"], "active");
}

/// D3: An administrator cannot change a confirmed address, which would allow taking over the account by a password reset, and
/// cannot give a role to an account with an unconfirmed address.
#[test]
fn an_administrator_cannot_take_over_an_account() {
    let admin = AdminClient::fresh();
    let active = accounts::create_account(&admin.database, "bob@example.org", Role::User);
    let rejected = admin.update(active, "*", &json!({"email": "evil@example.org"}));
    assert_eq!(
        rejected.problem(409)["type"],
        "urn:portcullis:problem:address-confirmed"
    );
    let respelled = admin.update(active, "*", &json!({"email": "Bob@Example.org", "name": "Bob"}));
    assert_eq!(respelled.status, 200);
    let unconfirmed =
        accounts::create_account_in(&admin.database, "cay@example.org", Role::User, "unconfirmed");
    let rejected = admin.update(
        unconfirmed,
        "*",
        &json!({"email": "cay@example.org", "role": "admin"}),
    );
    assert_eq!(
        rejected.problem(409)["type"],
        "urn:portcullis:problem:address-unconfirmed"
    );
    assert_eq!(admin.mails(), Vec::<String>::new());
    accounts::log_in(&admin.app, "bob@example.org");
}
