//! `/ports`: search, pagination, a single port.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::sample_data::dump;
use serde_json::json;
use std::fmt::Write;

fn app() -> (Database, App) {
    let database = Database::with_data(&dump(
        &[("r", None)],
        &[("AAAAA", "r"), ("BBBBB", "r"), ("NOOSL", "r")],
        &[],
    ));
    database.execute(
        "UPDATE rates.ports SET name = 'Oslo' WHERE code = 'NOOSL'; UPDATE rates.ports SET name = '100%_\\ Bay' WHERE code = 'BBBBB'",
    );
    let app = App::over(&database);
    (database, app)
}

fn list_codes(app: &App, query: &str) -> Vec<String> {
    let response = app.get(&format!("/ports{query}"));
    assert_eq!(response.status, 200, "{response:?}");
    let response = response.json();
    response["ports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|port| port["code"].as_str().unwrap().to_owned())
        .collect()
}

/// B13: Ports are found by a part of code or name in any case; the wildcards of LIKE are ordinary characters.
#[test]
fn ports_are_found_by_part_of_code_or_name_in_any_case() {
    let (_database, app) = app();
    assert_eq!(list_codes(&app, ""), ["AAAAA", "BBBBB", "NOOSL"]);
    assert_eq!(list_codes(&app, "?q=oSl"), ["NOOSL"]);
    assert_eq!(list_codes(&app, "?q=aaa"), ["AAAAA"]);
    assert_eq!(list_codes(&app, "?q=%25"), ["BBBBB"]);
    assert_eq!(list_codes(&app, "?q=_"), ["BBBBB"]);
    assert_eq!(list_codes(&app, "?q=%5C"), ["BBBBB"]);
    assert_eq!(list_codes(&app, "?q=nothing"), Vec::<String>::new());
    for bad in [
        "q=",
        "q=%00",
        "q=%0a",
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=+1",
        "after=aaaaa",
    ] {
        let name = bad.split('=').next().unwrap();
        assert_eq!(
            app.get(&format!("/ports?{bad}")).fields(400),
            [format!("query:{name}")],
            "{bad}"
        );
    }
    assert_eq!(
        app.get(&format!("/ports?q={}", "a".repeat(65))).fields(400),
        ["query:q"]
    );
}

/// B13: A single port is found by its code.
#[test]
fn one_port_is_found_by_its_code() {
    let (_database, app) = app();
    let expected = json!({"code": "NOOSL", "name": "Oslo", "parent_slug": "r"});
    assert_eq!(app.get("/ports/NOOSL").json(), expected);
    for missing in [
        "/ports/ZZZZZ",
        "/ports/noosl",
        "/ports/",
        "/ports/NOOSL/x",
        "/ports/%00",
    ] {
        app.get(missing).problem(404);
    }
}

/// B13: The pages of a search are linked, without gaps or repetitions.
#[test]
fn linked_pages_have_no_gaps_or_repetitions() {
    let (database, app) = app();
    let mut insert =
        String::from("INSERT INTO rates.ports SELECT 'XX' || lpad(n::text, 3, '0'), 'a & b', 'r' ");
    write!(insert, "FROM generate_series(1, 250) n").unwrap();
    database.execute(&insert);
    let mut path = "/ports?q=a%20%26%20b&limit=100".to_owned();
    let (mut listed, mut sizes) = (Vec::new(), Vec::new());
    loop {
        let page = app.get(&path);
        assert_eq!(page.status, 200, "{path}");
        let ports = page.json()["ports"].as_array().unwrap().clone();
        sizes.push(ports.len());
        listed.extend(ports.iter().map(|port| port["code"].as_str().unwrap().to_owned()));
        let link = page.header("link").to_owned();
        if link.is_empty() {
            break;
        }
        assert!(link.ends_with("; rel=\"next\""), "{link}");
        path = link
            .strip_prefix('<')
            .unwrap()
            .split('>')
            .next()
            .unwrap()
            .to_owned();
    }
    assert_eq!(sizes, [100, 100, 50]);
    let expected: Vec<String> = (1..=250).map(|n| format!("XX{n:03}")).collect();
    assert_eq!(listed, expected);
    assert_eq!(app.get("/ports").json()["ports"].as_array().unwrap().len(), 100);
}
