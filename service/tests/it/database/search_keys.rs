//! Searches ignore case and the form of characters in every script, whatever the locale of the database.

use crate::support::accounts::{call_as, create_and_log_in, get_as};
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::sample_data::dump;
use diesel::connection::SimpleConnection;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use portcullis::db::migrations;
use portcullis::types::role::Role;
use serde_json::{Value, json};

const NAMES: [&str; 7] = [
    "Ärla Å",
    "Ирина",
    "JOSÉ",
    "Jose\u{301} Two",
    "ΣΊΣΥΦΟΣ",
    "Straße",
    "ＦＵＬＬ Width",
];

/// Search texts, and the numbers of the names that they find.
const SEARCHES: [(&str, &[usize]); 16] = [
    ("ärla", &[0]),
    ("ÄRLA å", &[0]),
    ("a\u{30a}", &[0]),
    ("ирина", &[1]),
    ("ИРИНА", &[1]),
    ("josé", &[2, 3]),
    ("JOSE\u{301}", &[2, 3]),
    ("jose", &[]),
    ("σίσυφος", &[4]),
    ("ΣΊΣΥΦΟΣ", &[4]),
    ("ΊΣΥΦΟσ", &[4]),
    ("STRASSE", &[5]),
    ("straße", &[5]),
    ("full width", &[6]),
    ("  full\u{a0}WIDTH ", &[6]),
    ("\u{ad}", &[]),
];

/// A migrated database of this character classification.
fn database(ctype: &str) -> Database {
    let database = Database::not_created();
    database
        .server
        .admin("postgres")
        .batch_execute(&format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE '{ctype}'",
            database.name
        ))
        .unwrap();
    database.server.create_database(&database.name);
    database
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn names(list: &Value) -> Vec<String> {
    let rows = list.as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

/// Checks all searches in users and in ports.
fn assert_found(app: &App, token: &str) {
    for (text, found) in SEARCHES {
        let expected: Vec<&str> = found.iter().map(|index| NAMES[*index]).collect();
        let q = encoded(text);
        let users = get_as(app, token, &format!("/users?q={q}")).json();
        assert_eq!(names(&users["users"]), expected, "users: {text}");
        let ports = app.get(&format!("/ports?q={q}")).json();
        assert_eq!(names(&ports["ports"]), expected, "ports: {text}");
    }
}

/// B13, D5: Users and ports are found by texts in another case or form, in databases of two locales alike.
#[test]
fn searches_ignore_case_and_form_in_every_locale() {
    for ctype in ["C", "C.UTF-8"] {
        let database = database(ctype);
        let codes = ["XXAA0", "XXAA1", "XXAA2", "XXAA3", "XXAA4", "XXAA5", "XXAA6"];
        let mut data = dump(&[("r", None)], &codes.map(|code| (code, "r")), &[]);
        for (code, name) in codes.iter().zip(NAMES) {
            data = data.replace(&format!("Port {code}"), name);
        }
        database.import(&data).unwrap();
        let app = App::over(&database);
        let token = create_and_log_in(&app, &database, "root@a.example", Role::Admin);
        for (index, name) in NAMES.iter().enumerate() {
            let body = json!({"email": format!("user{index}+x@a.example"), "name": name});
            assert_eq!(call_as(&app, &token, "POST", "/user", &body).status, 201);
        }
        assert_found(&app, &token);
        let by_address = get_as(&app, &token, "/users?q=%20USER1%2Bx@A.").json();
        assert_eq!(names(&by_address["users"]), [NAMES[1]]);
        assert_eq!(
            app.get("/ports?q=xxaa6").json()["ports"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        for blank in ["%20", "%C2%A0"] {
            assert_eq!(app.get(&format!("/ports?q={blank}")).fields(400), ["query:q"]);
        }
        // Rows that were written without a key, and keys of a former version.
        database.execute(
            "SET session_replication_role = replica;
             UPDATE accounts.accounts SET search_key = ''; UPDATE rates.ports SET search_key = 'x'",
        );
        migrations::up(&database.settings(&[]).database, None).unwrap();
        assert_found(&app, &token);
    }
}

/// B13, D5: A changed name or address is found, and the former one is not.
#[test]
fn a_changed_name_replaces_the_former_one() {
    let database = Database::with_data(&dump(&[("r", None)], &[("XXAA0", "r")], &[]));
    let app = App::over(&database);
    let token = create_and_log_in(&app, &database, "root@a.example", Role::Admin);
    let found = |q: &str| {
        let users = get_as(&app, &token, &format!("/users?q={}", encoded(q))).json();
        users["users"].as_array().unwrap().len()
    };
    let body = json!({"name": "Ørsted"});
    assert_eq!(call_as(&app, &token, "PUT", "/auth/me", &body).status, 200);
    assert_eq!((found("ØRSTED"), found("root")), (1, 1));
    database
        .import(&dump(&[("r", None)], &[("XXAA0", "r")], &[]).replace("Port XXAA0", "Ωmega"))
        .unwrap();
    assert_eq!(
        app.get(&format!("/ports?q={}", encoded("ωMEGA"))).json()["ports"][0]["code"],
        "XXAA0"
    );
    assert_eq!(app.get("/ports?q=port").json()["ports"], json!([]));
}
