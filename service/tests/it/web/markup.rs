//! Markup that assistive technology, keyboards of other scripts and readers in other time zones depend on.

use crate::support::accounts::{PASSWORD, create_account};
use crate::support::app::App;
use crate::support::browser::Browser;
use crate::support::database::Database;
use portcullis::types::role::Role;

const ANN: &str = "ann@example.org";

/// The start tags of elements with this name.
fn tags<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!("<{name} ");
    html.split(start.as_str())
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .collect()
}

/// The content of a page.
fn content(html: &str) -> &str {
    html.split_once("<main").unwrap().1
}

/// G9: Within the content of a page, at most one form has no name, and each other has one of its own.
#[test]
fn forms_beside_others_have_names() {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = App::over(&database);
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    for _ in 0..3 {
        let fields = [("title", "See Oslo"), ("note", "")];
        assert_eq!(ann.submit("/my/wishes/new", &fields).status, 303);
    }
    let ids = database.lines("SELECT id::text AS line FROM wishes.wishes ORDER BY id");
    let wish = format!("/my/wishes/{}", ids[0]);
    for path in ["/my/wishes", &wish, "/my/account", "/my/account/password"] {
        let page = ann.get(path);
        let mut names: Vec<_> = tags(content(page.text()), "form")
            .iter()
            .map(|tag| tag.split_once("aria-label=").map(|(_, label)| label))
            .collect();
        assert!(!names.is_empty(), "{path}");
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "{path}: {names:?}");
    }
    // A button of the list names its own wish.
    let list = ann.get("/my/wishes");
    let button = format!("formaction=\"{wish}/done\" name=\"done\" value=\"yes\"");
    assert!(list.text().contains(&button), "{}", list.text());
    let csrf = ann.token("/my/wishes");
    let fields = [("csrf", csrf.as_str()), ("next", "/my/wishes"), ("done", "yes")];
    assert_eq!(ann.post(&format!("{wish}/done"), &fields).status, 303);
    let done = database.lines("SELECT id::text AS line FROM wishes.wishes WHERE done_at IS NOT NULL");
    assert_eq!(done, [ids[0].as_str()]);
}

/// G8, G9: Fields for free text and users' texts follow the writing direction of the text; codes, addresses and passwords do
/// not.
#[test]
fn free_text_has_its_own_writing_direction() {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = App::over(&database);
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    let visitor = Browser::new(&app);
    for (page, name, is_free) in [
        (visitor.get("/sign-up"), "name", true),
        (visitor.get("/sign-up"), "email", false),
        (visitor.get("/sign-up"), "password", false),
        (ann.get("/my/account/name"), "name", true),
        (ann.get("/my/wishes/new"), "title", true),
        (ann.get("/my/wishes/new"), "note", true),
    ] {
        let html = content(page.text());
        let fields = [tags(html, "input"), tags(html, "textarea")].concat();
        let named = format!("name=\"{name}\"");
        let field = fields.iter().find(|tag| tag.contains(&named)).unwrap();
        assert_eq!(field.contains("dir=\"auto\""), is_free, "{field}");
    }
    assert_eq!(ann.submit("/my/account/name", &[("name", "נועה")]).status, 303);
    let fields = [("title", "לראות את אוסלו!"), ("note", "")];
    assert_eq!(ann.submit("/my/wishes/new", &fields).status, 303);
    let list = ann.get("/my/wishes");
    assert!(list.text().contains("dir=\"auto\">נועה<"));
    let id = database
        .lines("SELECT id::text AS line FROM wishes.wishes")
        .remove(0);
    let page = ann.get(&format!("/my/wishes/{id}/delete"));
    assert!(
        page.text().contains("\u{2068}“לראות את אוסלו!”\u{2069}"),
        "{}",
        page.text()
    );
}

/// G9: Times are marked as such and say that they are in UTC.
#[test]
fn times_are_in_utc_and_say_so() {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = App::over(&database);
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    let fields = [("title", "See Oslo"), ("note", "")];
    assert_eq!(ann.submit("/my/wishes/new", &fields).status, 303);
    database.execute(
        "UPDATE wishes.wishes SET done_at = '2026-11-28 19:47:03.5+00';
         UPDATE accounts.credentials SET password_changed_at = '2026-03-01 00:30:00+13'",
    );
    let list = ann.get("/my/wishes");
    let done = "Done on <time datetime=\"2026-11-28T19:47:03Z\">28 November 2026, 19:47 UTC</time>";
    assert!(list.text().contains(done), "{}", list.text());
    let account = ann.get("/my/account");
    for part in [
        "Changed on <time datetime=\"2026-02-28T11:30:00Z\">28 February 2026, 11:30 UTC</time>",
        "Since <time datetime=\"",
        "last used on <time datetime=\"",
    ] {
        assert!(account.text().contains(part), "{part}: {}", account.text());
    }
}
