//! The pages of mailed links: whose they are, which are invalid, and other users' browsers.

use crate::support::accounts::{PASSWORD, create_account, create_account_in};
use crate::support::app::App;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::mailed_links::token;
use crate::support::response::Response;
use portcullis::types::role::Role;

const ANN: &str = "ann@example.org";
const NEW_PASSWORD: &str = "an entirely different sentence";

/// A link, and the page that it leads to.
struct Link {
    path: &'static str,
    token: String,
    /// The address that it was mailed to.
    email: &'static str,
    /// The fields of its form.
    fields: &'static [(&'static str, &'static str)],
}

impl Link {
    fn open(&self, browser: &Browser<'_>) -> Response {
        browser.get(&format!("{}?token={}", self.path, self.token))
    }

    fn submit(&self, browser: &Browser<'_>) -> Response {
        submit_link(browser, self.path, &self.token, self.fields)
    }

    fn has_password(&self) -> bool {
        self.fields.iter().any(|(name, _)| *name == "password")
    }
}

/// Submits the form of a link, whose page may be without a form.
pub(super) fn submit_link(
    browser: &Browser<'_>,
    path: &str,
    link: &str,
    fields: &[(&str, &str)],
) -> Response {
    let csrf = browser.token("/forgot");
    browser.post(
        path,
        &[&[("csrf", csrf.as_str()), ("token", link)], fields].concat(),
    )
}

/// A link of every purpose, each of another account.
fn links(database: &Database, app: &App) -> Vec<Link> {
    create_account_in(database, "con@example.org", Role::User, "unconfirmed");
    create_account_in(database, "ivy@example.org", Role::User, "invited");
    for email in ["rita@example.org", "chris@example.org", "una@example.org"] {
        create_account(database, email, Role::User);
    }
    let browser = Browser::new(app);
    for (path, email) in [
        ("/resend", "con@example.org"),
        ("/resend", "ivy@example.org"),
        ("/forgot", "rita@example.org"),
    ] {
        assert_eq!(browser.submit(path, &[("email", email)]).status, 303);
    }
    for (email, new) in [
        ("chris@example.org", "chris@new.example"),
        ("una@example.org", "una@new.example"),
    ] {
        let member = Browser::signed_in(app, email, PASSWORD);
        let fields = [("email", new), ("current", PASSWORD)];
        assert_eq!(member.submit("/my/account/email", &fields).status, 303);
    }
    let link = |path, kind, email, fields| Link {
        path,
        token: token(database, kind, email),
        email,
        fields,
    };
    vec![
        link(
            "/confirm",
            "confirm",
            "con@example.org",
            &[("password", PASSWORD)][..],
        ),
        link(
            "/invitation",
            "invite",
            "ivy@example.org",
            &[("name", "Ivy"), ("password", NEW_PASSWORD)],
        ),
        link(
            "/reset",
            "reset",
            "rita@example.org",
            &[("password", NEW_PASSWORD)],
        ),
        link("/change-email", "change_email", "chris@new.example", &[]),
        link("/undo-email", "email_changing", "una@example.org", &[]),
    ]
}

/// E2, E3, E14: The page of a mailed link names the address that it was mailed to, for password managers too, and opening it
/// uses nothing.
#[test]
fn the_page_of_a_link_names_its_account() {
    let database = Database::fresh();
    let app = App::over(&database);
    for link in links(&database, &app) {
        let browser = Browser::new(&app);
        link.open(&browser);
        let page = link.open(&browser);
        assert_eq!(page.status, 200, "{}", link.path);
        let (text, _) = page.text().split_once("<form class").unwrap();
        assert!(text.contains(link.email), "{}: {text}", link.path);
        assert!(!text.contains("signed in to another account"), "{}", link.path);
        let username = format!("autocomplete=\"username\" value=\"{}\" hidden", link.email);
        assert_eq!(
            page.text().contains(&username),
            link.has_password(),
            "{}",
            link.path
        );
        if link.has_password() {
            let empty = [("password", ""), ("name", "Ivy")];
            let fields = empty
                .iter()
                .filter(|(name, _)| page.text().contains(&format!("name=\"{name}\"")));
            let fields: Vec<_> = fields.copied().collect();
            let rejected = submit_link(&browser, link.path, &link.token, &fields);
            assert_eq!(rejected.status, 400, "{}", link.path);
            assert!(rejected.text().contains(&username), "{}", link.path);
        }
        assert_eq!(link.submit(&browser).status, 303, "{}", link.path);
    }
}

/// E2, E14: The page of a used, expired or forged link says that it does not work, without asking for anything, and how to
/// go on.
#[test]
fn an_invalid_link_is_reported_when_it_is_opened() {
    let database = Database::fresh();
    let app = App::over(&database);
    let browser = Browser::new(&app);
    let assert_invalid = |response: &Response, path: &str| {
        assert_eq!(response.status, 404, "{path}");
        let page = response.text();
        assert!(
            page.contains("This link does not work") && page.contains("href=\"/sign-in\""),
            "{path}"
        );
        assert!(!page.contains("<input") && !page.contains("<script"), "{path}");
    };
    let mut links = links(&database, &app);
    let expired = links.pop().unwrap();
    database.execute("UPDATE accounts.links SET expires_at = now() WHERE purpose = 'undo_email'");
    assert_invalid(&expired.open(&browser), expired.path);
    assert_invalid(&expired.submit(&browser), expired.path);
    for link in &links {
        assert_eq!(link.submit(&browser).status, 303, "{}", link.path);
        assert_invalid(&link.open(&browser), link.path);
    }
    for link in links.iter().chain([&expired]) {
        for forged in [
            "q3T1x0m8Yc5yW9rJ4uH2vN7sK6pL0zEfGdB1aQiOtXk",
            "x",
            "%22%3E%3Cscript%3E",
            "%00",
            &"a".repeat(5000),
        ] {
            let page = browser.get(&format!("{}?token={forged}", link.path));
            assert_invalid(&page, link.path);
        }
        let forged = "q3T1x0m8Yc5yW9rJ4uH2vN7sK6pL0zEfGdB1aQiOtXk";
        let response = submit_link(&browser, link.path, forged, link.fields);
        assert_invalid(&response, link.path);
    }
}

/// E2, E14: A link is invalid for another purpose, and once its account is deleted.
#[test]
fn a_link_is_for_its_purpose_and_account() {
    let database = Database::fresh();
    let app = App::over(&database);
    let (browser, links) = (Browser::new(&app), links(&database, &app));
    for link in &links {
        for other in links.iter().filter(|other| other.path != link.path) {
            let page = browser.get(&format!("{}?token={}", other.path, link.token));
            assert_eq!(page.status, 404, "{} at {}", link.path, other.path);
        }
        assert_eq!(link.open(&browser).status, 200, "{}", link.path);
    }
    database.execute("UPDATE accounts.accounts SET deleted_at = now()");
    for link in &links {
        assert_eq!(link.open(&browser).status, 404, "{}", link.path);
    }
}

/// E14, G2: In a browser that is signed in as another user, the page of a link says so; using the link leaves that session,
/// and leads to the page that ends it.
#[test]
fn a_link_in_another_users_browser_says_so() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, ANN, Role::User);
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    for link in links(&database, &app) {
        let page = link.open(&ann);
        let notice = format!("you are signed in to another account, {ANN}");
        assert!(
            page.text().contains(&notice) && page.text().contains(link.email),
            "{}",
            link.path
        );
        let used = link.submit(&ann);
        assert_eq!(
            (used.status, used.header("location")),
            (303, "/sign-out"),
            "{}",
            link.path
        );
        let page = ann.get("/sign-out");
        assert!(page.text().contains("role=\"status\""), "{}", link.path);
        assert!(
            page.text().contains(&format!("You are signed in as {ANN}")),
            "{}",
            link.path
        );
        assert_eq!(ann.get("/my/wishes").status, 200, "{}", link.path);
    }
}

/// E9, E14, G2: In its owner's browser, a reset leads to the sign-in page, because it ends every session, and a confirmed
/// address to the wishes.
#[test]
fn a_link_in_its_owners_browser_leads_on() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, ANN, Role::User);
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    let fields = [("email", "ann@new.example"), ("current", PASSWORD)];
    assert_eq!(ann.submit("/my/account/email", &fields).status, 303);
    let link = token(&database, "change_email", "ann@new.example");
    let used = submit_link(&ann, "/change-email", &link, &[]);
    assert_eq!((used.status, used.header("location")), (303, "/my/wishes"));
    assert!(
        ann.get("/my/wishes")
            .text()
            .contains("Your new address is confirmed")
    );
    ann.submit("/forgot", &[("email", "ann@new.example")]);
    let link = token(&database, "reset", "ann@new.example");
    let used = submit_link(&ann, "/reset", &link, &[("password", NEW_PASSWORD)]);
    assert_eq!((used.status, used.header("location")), (303, "/sign-in"));
    let page = ann.get("/sign-in");
    assert!(page.status == 200 && page.text().contains("Your password is set"));
}
