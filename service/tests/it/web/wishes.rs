//! The pages of the user's wishes: isolation between users, and escaping of their texts.

use crate::support::accounts::{PASSWORD, create_account};
use crate::support::app::App;
use crate::support::browser::Browser;
use crate::support::database::Database;
use portcullis::types::role::Role;

const ANN: &str = "ann@example.org";

/// Texts that would become markup without escaping.
const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onfocus='alert(1)' autofocus='",
    "</textarea><script>alert(1)</script>",
    "</title></head><body onload=alert(1)>",
    "{{ 7 * 7 }} ${7*7} &lt;b&gt; javascript:alert(1)",
];

fn app() -> (Database, App) {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = App::over(&database);
    (database, app)
}

fn add_wish(browser: &Browser<'_>, title: &str, note: &str) {
    let response = browser.submit("/my/wishes/new", &[("title", title), ("note", note)]);
    assert_eq!(
        (response.status, response.header("location")),
        (303, "/my/wishes"),
        "{response:?}"
    );
}

/// The id of the newest wish.
fn newest_id(database: &Database) -> String {
    database
        .lines("SELECT max(id)::text AS line FROM wishes.wishes")
        .remove(0)
}

/// The titles on a page, in order.
fn titles(html: &str) -> Vec<&str> {
    let links = html.split("<a class=\"title\"").skip(1);
    links
        .filter_map(|rest| rest.split('>').nth(1)?.split('<').next())
        .collect()
}

/// The value of a hidden field.
fn hidden_field(html: &str, name: &str) -> String {
    let (_, rest) = html.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// G4: A wish is added, changed, marked as done, reopened and deleted.
#[test]
fn a_wish_is_added_changed_marked_done_and_deleted() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    assert!(ann.get("/my/wishes").text().contains("Your list is empty"));
    add_wish(&ann, " See Oslo ", "By\ttrain\r\nin\rMay");
    let list = ann.get("/my/wishes");
    assert_eq!(titles(list.text()), ["See Oslo"]);
    assert!(list.text().contains("Your wish is on the list") && list.text().contains("By train\nin May"));
    let path = format!("/my/wishes/{}", newest_id(&database));
    let page = ann.get(&path);
    assert!(
        page.text().contains("value=\"See Oslo\"") && page.text().contains(">\nBy train\nin May</textarea>")
    );
    let version = hidden_field(page.text(), "version");
    let changed = ann.submit(
        &path,
        &[("title", "See Bergen"), ("note", ""), ("version", &version)],
    );
    assert_eq!((changed.status, changed.header("location")), (303, "/my/wishes"));
    let done = format!("{path}/done");
    let token = ann.token("/my/wishes");
    for (done_value, class, notice) in [("yes", "is-done", "fulfilled"), ("no", "\"wish\"", "open again")] {
        let fields = [
            ("csrf", token.as_str()),
            ("done", done_value),
            ("next", "/my/wishes?show=all"),
        ];
        assert_eq!(ann.post(&done, &fields).status, 303);
        let list = ann.get("/my/wishes");
        assert!(
            list.text().contains(class) && list.text().contains(notice),
            "{done_value}"
        );
    }
    assert_eq!(
        ann.post(&done, &[("csrf", &token), ("done", "perhaps")]).status,
        400
    );
    let confirmation = ann.get(&format!("{path}/delete"));
    assert!(confirmation.text().contains("“See Bergen”"));
    assert_eq!(
        titles(ann.get("/my/wishes").text()),
        ["See Bergen"],
        "the confirmation page deletes nothing"
    );
    let version = hidden_field(confirmation.text(), "version");
    assert_eq!(
        ann.submit(&format!("{path}/delete"), &[("version", &version)])
            .status,
        303
    );
    assert!(ann.get("/my/wishes").text().contains("Your list is empty"));
    assert_eq!(ann.get(&path).status, 404);
}

/// G4: A change or deletion based on an outdated version is 409, and the page offers to overwrite.
#[test]
fn a_change_of_an_outdated_version_must_be_confirmed() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    add_wish(&ann, "See Oslo", "");
    let path = format!("/my/wishes/{}", newest_id(&database));
    let (page, confirmation) = (ann.get(&path), ann.get(&format!("{path}/delete")));
    let (old, csrf) = (
        hidden_field(page.text(), "version"),
        hidden_field(page.text(), "csrf"),
    );
    let save = |title: &str, version: &str| {
        ann.post(
            &path,
            &[
                ("csrf", &csrf),
                ("title", title),
                ("note", ""),
                ("version", version),
            ],
        )
    };
    assert_eq!(save("See Bergen", &old).status, 303);
    let stale = save("See Trondheim", &old);
    assert_eq!(stale.status, 409);
    assert!(stale.text().contains("value=\"See Trondheim\"") && stale.text().contains("“See Bergen”"));
    let gone = ann.post(
        &format!("{path}/delete"),
        &[
            ("csrf", &csrf),
            ("version", &hidden_field(confirmation.text(), "version")),
        ],
    );
    assert_eq!(gone.status, 409);
    assert_eq!(titles(ann.get("/my/wishes").text()), ["See Bergen"]);
    assert_eq!(
        save("See Trondheim", &hidden_field(stale.text(), "version")).status,
        303
    );
    assert_eq!(titles(ann.get("/my/wishes").text()), ["See Trondheim"]);
    for bad in ["", "0", "-1", "x", "1.0", "99999999999999999999"] {
        assert_eq!(save("See Narvik", bad).status, 400, "{bad}");
    }
}

/// G4: Wishes are listed twenty a page, newest first, without gaps or repetitions, and can be filtered.
#[test]
fn linked_pages_have_no_gaps_or_repetitions() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    add_wish(&ann, "First", "");
    database.execute(
        "INSERT INTO wishes.wishes (account_id, title, done_at)
         SELECT account_id, 'Wish ' || n, CASE WHEN n % 2 = 0 THEN now() END FROM wishes.wishes, generate_series(1, 49) n",
    );
    let (mut path, mut listed) = ("/my/wishes".to_owned(), Vec::new());
    loop {
        let page = ann.get(&path);
        assert_eq!(page.status, 200);
        assert_eq!(page.text().contains("First page"), !listed.is_empty());
        listed.extend(titles(page.text()).into_iter().map(str::to_owned));
        let Some((before, _)) = page.text().split_once("\" rel=\"next\"") else {
            break;
        };
        path = before.rsplit('"').next().unwrap().replace("&#38;", "&");
    }
    let mut expected: Vec<String> = (1..50).rev().map(|n| format!("Wish {n}")).collect();
    expected.push("First".into());
    assert_eq!(listed, expected);
    let open = ann.get("/my/wishes?show=open");
    assert!(open.text().contains("Wish 49") && !open.text().contains("Wish 48"));
    assert!(
        open.text().contains("/my/wishes?show=open&#38;after="),
        "the link keeps the filter"
    );
    let done = ann.get("/my/wishes?show=done");
    assert!(done.text().contains("Wish 48") && !done.text().contains("Wish 49"));
    assert!(ann.get("/my/wishes?after=1").text().contains("No more wishes"));
}

/// G6: Every page and form answers 404 for another account's wish, indistinguishable from a missing one.
#[test]
fn another_accounts_wish_is_not_found() {
    let (database, app) = app();
    create_account(&database, "bob@example.org", Role::Admin);
    let (ann, bob) = (
        Browser::signed_in(&app, ANN, PASSWORD),
        Browser::signed_in(&app, "bob@example.org", PASSWORD),
    );
    add_wish(&ann, "A secret", "");
    let path = format!("/my/wishes/{}", newest_id(&database));
    let csrf = bob.token("/my/wishes");
    let missing = bob.get("/my/wishes/999999");
    assert_eq!(missing.status, 404);
    for opened in [path.clone(), format!("{path}/delete")] {
        let response = bob.get(&opened);
        assert_eq!(response.status, 404, "{opened}");
        let body = |response: &crate::support::response::Response| {
            response.text().replace(response.header("x-request-id"), "")
        };
        assert_eq!(body(&response), body(&missing));
    }
    let csrf = ("csrf", csrf.as_str());
    for (target, fields) in [
        (
            path.clone(),
            vec![csrf, ("title", "x"), ("note", ""), ("version", "1")],
        ),
        (format!("{path}/done"), vec![csrf, ("done", "yes")]),
        (format!("{path}/delete"), vec![csrf, ("version", "1")]),
    ] {
        assert_eq!(bob.post(&target, &fields).status, 404, "{target}");
    }
    assert_eq!(titles(ann.get("/my/wishes").text()), ["A secret"]);
    for malformed in [
        "/my/wishes/0",
        "/my/wishes/x",
        "/my/wishes/01",
        "/my/wishes/%31",
        "/my/wishes/-1",
    ] {
        assert_eq!(bob.get(malformed).status, 404, "{malformed}");
    }
}

/// G8: Texts from users are escaped on every page that shows them.
#[test]
fn user_texts_are_escaped_on_every_page() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    for hostile in HOSTILE {
        database.execute(&format!("UPDATE accounts.accounts SET name = $q${hostile}$q$"));
        add_wish(&ann, hostile, hostile);
        let path = format!("/my/wishes/{}", newest_id(&database));
        let refused = ann.submit(
            &path,
            &[
                ("title", &format!("{hostile}\u{7}")),
                ("note", hostile),
                ("version", "1"),
            ],
        );
        assert_eq!(refused.status, 400, "{hostile}");
        let sign_in = Browser::new(&app).submit("/sign-in", &[("email", hostile), ("password", hostile)]);
        let forgot = Browser::new(&app).submit("/forgot", &[("email", hostile)]);
        let pages = [
            ann.get("/my/wishes"),
            ann.get(&path),
            ann.get(&format!("{path}/delete")),
            ann.get("/"),
            refused,
            sign_in,
            forgot,
        ];
        for page in pages {
            let html = page.text();
            for bad in [hostile, "<script", "<img", "<body onload", "&lt;b&gt;"] {
                assert!(!html.contains(bad), "{bad} in {html}");
            }
            assert!(
                page.header("content-security-policy")
                    .starts_with("default-src 'none'")
            );
        }
        assert_eq!(
            titles(ann.get("/my/wishes").text()).len(),
            HOSTILE.iter().position(|h| *h == hostile).unwrap() + 1
        );
    }
}

/// G4: Adding to a full list is 409, and the form keeps the input.
#[test]
fn adding_to_a_full_list_is_rejected() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    add_wish(&ann, "First", "");
    database.execute(
        "INSERT INTO wishes.wishes (account_id, title) SELECT account_id, 'Wish ' || n FROM wishes.wishes, generate_series(1, 999) n",
    );
    let full = ann.submit("/my/wishes/new", &[("title", "One more"), ("note", "")]);
    assert_eq!(full.status, 409);
    assert!(full.text().contains("Your list is full") && full.text().contains("value=\"One more\""));
}
