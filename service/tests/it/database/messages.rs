//! Errors are classified whatever the language of the server's messages.

use crate::support::app::App;
use crate::support::database::{Database, PASSWORDS, lines};
use crate::support::sample_data::{QUERY, small};
use crate::support::wait::wait_until;
use diesel::connection::SimpleConnection;

/// A database prepared as an operator does it: a copied one lacks the settings of its template.
fn prepared_database() -> Database {
    let database = Database::not_created();
    database.server.create_database(&database.name);
    database
}

/// K3: `migrate prepare` makes the messages to every login English, whatever the server's language.
#[test]
fn messages_to_every_login_are_english() {
    let database = prepared_database();
    for (login, _) in PASSWORDS {
        let setting = lines(
            &mut database.login(&login.to_lowercase()),
            "SELECT setting || ' from ' || source AS line FROM pg_settings WHERE name = 'lc_messages'",
        );
        assert_eq!(setting.unwrap(), ["C from database"], "{login}");
    }
}

/// A5: Where the administrator could not do that, a time-out with a text in another language is still 503.
#[test]
fn a_time_out_in_another_language_is_503() {
    let database = Database::with_data(&small());
    database.execute(
        "ALTER TABLE rates.daily_rates RENAME TO stored_rates;
         CREATE FUNCTION rates.time_out() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
           PERFORM pg_sleep(2.1);
           RAISE 'storniere Anfrage wegen Zeitüberschreitung beim Warten auf eine Sperre' USING ERRCODE = '55P03';
         END $$;
         CREATE VIEW rates.daily_rates AS SELECT * FROM rates.stored_rates WHERE rates.time_out();
         GRANT SELECT ON rates.daily_rates TO portcullis_rates_reader;
         GRANT EXECUTE ON FUNCTION rates.time_out() TO portcullis_rates_reader",
    );
    let app = App::start(&database.settings(&[("DATABASE_STATEMENT_TIMEOUT", "5000")]));
    let response = app.get(QUERY);
    response.problem(503);
    assert!(response.header("retry-after").parse::<u32>().unwrap() >= 1);
}

/// A5: A statement that an operator cancels is answered 503 with `Retry-After`, in a prepared database of any server.
#[test]
fn a_cancelled_statement_is_503() {
    let database = prepared_database();
    database.import(&small()).unwrap();
    let app =
        App::start(&database.settings(&[("DATABASE_STATEMENT_TIMEOUT", "5000"), ("RATES_CACHE_SIZE", "0")]));
    assert_eq!(app.get(QUERY).status, 200);
    let mut holder = database.admin();
    holder
        .batch_execute("BEGIN; LOCK TABLE rates.daily_rates IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    let response = std::thread::scope(|scope| {
        let request = scope.spawn(|| app.get(QUERY));
        let cancel = "SELECT pg_cancel_backend(pid)::text AS line FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        wait_until("the statement is cancelled", || {
            !database.lines(cancel).is_empty()
        });
        request.join().unwrap()
    });
    response.problem(503);
    assert!(response.header("retry-after").parse::<u32>().unwrap() >= 1);
}
