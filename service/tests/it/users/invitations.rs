//! Invitations: a mail, a password, an account that may sign in.
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

/// D9: the mail that really left, followed to the end.
#[test]
fn an_invited_user_sets_a_password_and_is_active() {
    let admin = AdminClient::fresh();
    let made = admin.create(&json!({"email": "ann@example.org", "role": "approver"}));
    let id = made.json()["id"].as_i64().unwrap();
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
    assert_ne!(accept(&admin, &token), 200, "a link works once");
}

/// D9: seven days, and only its hash is kept.
#[test]
fn an_invitation_ends_after_seven_days() {
    let admin = AdminClient::fresh();
    let id = admin.create_user("ann@example.org");
    let days = "SELECT (expires_at - created_at)::text || ' ' || purpose AS line FROM accounts.links";
    assert_eq!(admin.database.lines(days), ["7 days invite"]);
    let token = admin.link_token(id);
    let kept = admin.database.lines(
        "SELECT (row_to_json(l)::text || coalesce((SELECT string_agg(row_to_json(o)::text, '') FROM mail.outbox o), '')) AS line
         FROM accounts.links l",
    );
    assert!(!kept[0].contains(&token), "{kept:?}");
    admin.execute("UPDATE accounts.links SET expires_at = now() - interval '1 second'");
    assert_ne!(accept(&admin, &token), 200);
    assert_eq!(admin.get_user(id).json()["state"], "invited");
}

/// D9: invited again, the first link is void.
#[test]
fn a_second_invitation_voids_the_first() {
    let admin = AdminClient::fresh();
    let id = admin.create_user("ann@example.org");
    let first = admin.link_token(id);
    let again = send(admin.request("POST", &format!("/user/invite?id={id}")));
    assert_eq!((again.status, &again.json()["state"]), (200, &json!("invited")));
    let second = admin.link_token(id);
    assert_ne!(first, second);
    assert_ne!(accept(&admin, &first), 200);
    assert_eq!(accept(&admin, &second), 200);
    let refused = send(admin.request("POST", &format!("/user/invite?id={id}")));
    assert_eq!(refused.problem(409)["type"], "urn:portcullis:problem:not-invited");
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

/// D9, D4: a deleted user's invitation is void; a restored one gets another.
#[test]
fn who_is_deleted_is_not_invited_any_more() {
    let admin = AdminClient::fresh();
    let id = admin.create_user("ann@example.org");
    let first = admin.link_token(id);
    assert_eq!(admin.delete(id).status, 200);
    assert_ne!(accept(&admin, &first), 200);
    assert_eq!(admin.restore(id).status, 200);
    assert_ne!(accept(&admin, &first), 200);
    assert_eq!(accept(&admin, &admin.link_token(id)), 200);
}

/// D3, D9: what was mailed to the old address is void, and what is still to be proven is asked for at the new one.
#[test]
fn another_address_takes_the_links_along() {
    let admin = AdminClient::fresh();
    let invited = admin.create_user("typo@example.org");
    let first = admin.link_token(invited);
    assert_eq!(
        admin
            .update(invited, "*", &json!({"email": "ann@example.org"}))
            .status,
        200
    );
    assert_ne!(accept(&admin, &first), 200);
    assert_eq!(accept(&admin, &admin.link_token(invited)), 200);

    let unproven = accounts::create_account_in(&admin.database, "cay@example.org", Role::User, "unconfirmed");
    assert_eq!(
        admin
            .update(unproven, "*", &json!({"email": "cay@new.example"}))
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
    let confirm = json!({"token": admin.link_token(unproven)});
    assert_eq!(accounts::post(&admin.app, "/auth/confirm", &confirm).status, 200);
    assert_eq!(admin.get_user(unproven).json()["state"], "active");
}

/// D10, D3: whoever could move a proven address would get its owner's mails, and with a reset the account: an administrator
/// cannot, not even their own. Nor does a role go to whoever registered an address that nobody has proven.
#[test]
fn no_administrator_becomes_somebody_else() {
    let admin = AdminClient::fresh();
    let active = accounts::create_account(&admin.database, "bob@example.org", Role::User);
    let refused = admin.update(active, "*", &json!({"email": "evil@example.org"}));
    assert_eq!(
        refused.problem(409)["type"],
        "urn:portcullis:problem:address-proven"
    );
    let spelled = admin.update(active, "*", &json!({"email": "Bob@Example.org", "name": "Bob"}));
    assert_eq!(spelled.status, 200);
    let unproven = accounts::create_account_in(&admin.database, "cay@example.org", Role::User, "unconfirmed");
    let refused = admin.update(
        unproven,
        "*",
        &json!({"email": "cay@example.org", "role": "admin"}),
    );
    assert_eq!(
        refused.problem(409)["type"],
        "urn:portcullis:problem:address-unproven"
    );
    assert_eq!(admin.mails(), Vec::<String>::new());
    accounts::log_in(&admin.app, "bob@example.org");
}
