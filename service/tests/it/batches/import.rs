//! `portcullis import`: CSV and dumps, stored whole or not at all, through the library and the binary.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::program::{run, stderr, stdout};
use crate::support::sample_data::{QUERY, small};
use crate::support::temp_file::TempFile;
use crate::support::wait::wait_until;
use diesel::connection::SimpleConnection;
use portcullis::db::batches::StoreOutcome;
use portcullis::domain::batches::import;
use portcullis::domain::batches::outcome::{ImportError, Progress};
use std::fmt::Write;
use std::process::Output;

const HEADER: &str = "orig_code,dest_code,day,price\n";

/// The number of rows of each table of the schema `rates`.
fn row_counts(database: &Database) -> Vec<String> {
    let tables = [
        "regions",
        "ports",
        "prices",
        "batches",
        "daily_rates",
        "routes",
        "place_ancestors",
    ];
    let parts = tables.map(|table| format!("SELECT '{table} ' || count(*) AS line FROM rates.{table}"));
    database.lines(&parts.join(" UNION ALL "))
}

fn run_import(database: &Database, file: &TempFile) -> Output {
    run(&["import", file.path_str()], &database.pairs())
}

/// C13: The binary imports a legacy dump and a CSV file.
#[test]
fn the_binary_imports_a_dump_and_then_a_csv() {
    let database = Database::fresh();
    let output = run_import(&database, &TempFile::new("sql", small()));
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stdout(&output).starts_with("imported 14 prices, 5 ports, 5 regions in "),
        "{}",
        stdout(&output)
    );
    let csv = TempFile::new(
        "csv",
        format!("\u{feff}{HEADER}CNGGZ,EETLL,2021-01-28,5\r\n\"CNGGZ\",EETLL,2021-01-28,6\n"),
    );
    let output = run_import(&database, &csv);
    assert!(
        stdout(&output).starts_with("imported 2 prices, 0 ports, 0 regions in "),
        "{}",
        stderr(&output)
    );
    let app = App::over(&database);
    let rates = app.get(QUERY).json();
    assert_eq!(
        (&rates["rates"][0]["count"], &rates["rates"][3]["count"]),
        (&3.into(), &2.into())
    );
}

/// C15: The same content is stored once, under any file name.
#[test]
fn the_same_content_is_stored_once() {
    let database = Database::fresh();
    assert!(
        run_import(&database, &TempFile::new("sql", small()))
            .status
            .success()
    );
    let before = row_counts(&database);
    let second = run_import(&database, &TempFile::new("txt", small()));
    assert!(second.status.success());
    assert_eq!(
        stdout(&second),
        "nothing to do: this file was imported before, as batch 1\n"
    );
    assert_eq!(
        database.import(&small()).unwrap().stored,
        StoreOutcome::AlreadyStored
    );
    assert_eq!(row_counts(&database), before);
}

/// C15: Of two concurrent imports of the same content one stores it.
#[test]
fn concurrent_imports_of_the_same_content_store_it_once() {
    let database = Database::fresh();
    std::thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| database.import(&small())));
        let new = both
            .into_iter()
            .filter_map(|one| one.join().unwrap().ok())
            .filter(|done| done.stored == StoreOutcome::Stored);
        assert_eq!(new.count(), 1);
    });
    assert!(row_counts(&database).contains(&"prices 14".to_owned()));
}

/// C13: An import waits for another one before it locks a row, so that two of them never wait for each other.
#[test]
fn an_import_waits_for_another_one_before_it_locks_a_row() {
    let database = Database::with_data(&small());
    let mut other = database.admin();
    other
        .batch_execute("BEGIN; LOCK TABLE rates.daily_rates IN SHARE ROW EXCLUSIVE MODE")
        .unwrap();
    let renamed = small()
        .replace("Port NOOSL", "Oslo")
        .replace("\t1363\n", "\t1364\n");
    std::thread::scope(|scope| {
        let import = scope.spawn(|| database.import(&renamed));
        let waiting = "SELECT pid::text AS line FROM pg_stat_activity
            WHERE application_name = 'portcullis-ingest' AND datname = current_database() AND wait_event_type = 'Lock'";
        wait_until("the import waits", || !database.lines(waiting).is_empty());
        let pid = database.lines(waiting).remove(0);
        let locked = format!(
            "SELECT relation::regclass::text AS line FROM pg_locks WHERE pid = {pid} AND mode = 'RowExclusiveLock' AND granted"
        );
        assert_eq!(database.lines(&locked), Vec::<String>::new());
        other.batch_execute("COMMIT").unwrap();
        assert_eq!(import.join().unwrap().unwrap().stored, StoreOutcome::Stored);
    });
}

/// C13: Invalid rows of a CSV file are reported with line and column, and nothing is stored.
#[test]
fn invalid_rows_are_reported_with_line_and_column_and_nothing_is_stored() {
    let database = Database::with_data(&small());
    let before = row_counts(&database);
    let rows = [
        ("CNGGZ,EETLL,2021-01-31,10", ""),
        ("cnggz,EETLL,2021-01-31,10", "line 3, orig_code: "),
        ("CNGGZ,EETL,2021-01-31,10", "line 4, dest_code: "),
        ("CNGGZ,EETLL,2021-02-29,10", "line 5, day: "),
        ("CNGGZ,EETLL,2021-01-31,-1", "line 6, price: "),
        ("CNGGZ,EETLL,2021-01-31,1.5", "line 7, price: "),
        ("CNGGZ,EETLL,2021-01-31,2147483648", "line 8, price: "),
        ("CNGGZ,EETLL,2021-01-31", "line 9: has 3 fields"),
        ("CNGGZ,EETLL,2021-01-31,1,1", "line 10: has 5 fields"),
        (
            "CNGGZ,ZZZZZ,2021-01-31,1",
            "line 11, dest_code: is an unknown port",
        ),
        (",,,", "line 12, orig_code: "),
    ];
    let text = rows
        .iter()
        .fold(HEADER.to_owned(), |text, (row, _)| text + row + "\n");
    let file = TempFile::new("csv", text);
    let output = run_import(&database, &file);
    assert_eq!(output.status.code(), Some(1));
    for (_, message) in rows.iter().filter(|(_, message)| !message.is_empty()) {
        let line = format!("{}: {message}", file.path_str());
        assert!(
            stderr(&output).contains(&line),
            "{message:?} is missing in {}",
            stderr(&output)
        );
    }
    assert!(
        stderr(&output).contains("10 invalid rows; nothing was stored"),
        "{}",
        stderr(&output)
    );
    assert_eq!(stdout(&output), "");
    assert_eq!(row_counts(&database), before);
}

/// C13: Invalid rows of a dump are reported; valid regions and ports before them are not stored.
#[test]
fn invalid_rows_of_a_dump_are_reported_and_nothing_is_stored() {
    let database = Database::fresh();
    let before = row_counts(&database);
    let cases = [
        (small().replace("\t1363\n", "\tx\n"), "line 18, price: "),
        (
            small().replace("EETLL\tPort EETLL\tbaltic", "EETLL\tPort EETLL\tnowhere"),
            "line 10, parent_slug: ",
        ),
        (small().replace("CNSGH\tPort CNSGH", "CNSGH\t"), "line 9, name: "),
        (
            small().replace("CNSGH\tPort", "CNGGZ\tPort"),
            "line 9, code: is a duplicate",
        ),
        (
            small().replace("baltic\tRegion", "Baltic\tRegion"),
            "line 37, slug: ",
        ),
        (
            small().replace("NOOSL\tPort NOOSL\teurope\n", ""),
            ", dest_code: is an unknown port",
        ),
        (
            small().replace("public.regions", "public.users"),
            "line 32: is a COPY of an unknown table",
        ),
        (
            small().replace("(code, name, parent_slug)", "(code, name)"),
            "parent_slug: is missing from the columns",
        ),
    ];
    for (text, message) in cases {
        let output = run_import(&database, &TempFile::new("sql", &text));
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).contains(message),
            "{message:?} is missing in {}",
            stderr(&output)
        );
    }
    assert_eq!(row_counts(&database), before);
}

/// C13: A truncated dump and files of other formats are rejected.
#[test]
fn a_truncated_dump_and_other_files_are_rejected() {
    let database = Database::fresh();
    let before = row_counts(&database);
    let whole = small();
    for end in [
        whole.find("COPY public.regions").unwrap(),
        whole.len() - 50,
        whole.find("NOOSL").unwrap(),
    ] {
        let output = run_import(&database, &TempFile::new("sql", &whole[..end]));
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("truncated"), "{}", stderr(&output));
    }
    for (content, reason) in [
        (&b""[..], "the file is empty"),
        (b"hello\n", "is neither CSV"),
        (b"orig_code,dest_code,day\n", "price: is missing from the header"),
        (b"\xff\xfe\x00\x01", "is not UTF-8"),
    ] {
        let output = run_import(&database, &TempFile::new("csv", content));
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).contains(reason),
            "{reason:?} is missing in {}",
            stderr(&output)
        );
    }
    let long = TempFile::new("csv", format!("{HEADER}{}\n", "x".repeat(100_000)));
    assert!(stderr(&run_import(&database, &long)).contains("line 2 is longer than"));
    let missing = run(&["import", "/nowhere/at/all.sql"], &database.pairs());
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        stderr(&missing).contains("cannot read the file"),
        "{}",
        stderr(&missing)
    );
    assert_eq!(row_counts(&database), before);
}

/// C13: An import reports its progress, by callback and on stderr.
#[test]
fn an_import_reports_its_progress() {
    let database = Database::with_data(&small());
    let mut text = HEADER.to_owned();
    for number in 0..120_000 {
        writeln!(text, "CNGGZ,EETLL,2021-03-{:02},{number}", number % 31 + 1).unwrap();
    }
    let file = TempFile::new("csv", text);
    let mut reports = Vec::new();
    import(&database.settings(&[]).database, file.path(), &mut |progress| {
        reports.push(progress)
    })
    .unwrap();
    assert!(reports.contains(&Progress::Checked(50_000)) && reports.contains(&Progress::Checked(100_000)));
    let sent: Vec<u64> = reports
        .iter()
        .filter_map(|one| match one {
            Progress::Stored(sent, 120_000) => Some(*sent),
            _ => None,
        })
        .collect();
    assert!(sent.len() > 3 && sent.is_sorted(), "{sent:?}");
    assert_eq!(reports.last(), Some(&Progress::Committing));
    let app = App::over(&database);
    let march = "/rates?date_from=2021-03-01&date_to=2021-03-31&orig_code=asia&dest_code=europe";
    let total: i64 = app.get(march).json()["rates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| day["count"].as_i64().unwrap())
        .sum();
    assert_eq!(total, 120_000);
    let other = Database::with_data(&small());
    let output = run_import(&other, &file);
    assert!(
        stderr(&output).contains("aggregating and committing"),
        "{}",
        stderr(&output)
    );
}

/// C13: An import without a database fails with the reason.
#[test]
fn an_import_without_a_database_fails_with_the_reason() {
    let absent = Database::not_created();
    let file = TempFile::new("sql", small());
    let output = run_import(&absent, &file);
    assert_eq!(output.status.code(), Some(1));
    let error = stderr(&output);
    // The login exists if another test has created it.
    assert!(
        error.contains(": cannot connect: ") && error.ends_with("; nothing was stored\n"),
        "{error}"
    );
    let error = absent.import(&small()).unwrap_err();
    assert!(matches!(error, ImportError::Connect(_)), "{error}");
}
