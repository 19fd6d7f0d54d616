//! Statements of legacy dumps: carried out on the rows of the file, skipped, or refused.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::program::{run, stderr, stdout};
use crate::support::sample_data::{QUERY, small};
use crate::support::temp_file::TempFile;

/// C16: Simple INSERT and DELETE statements after the blocks are carried out in the order of the file.
#[test]
fn simple_inserts_and_deletes_are_carried_out() {
    let tail = "\nDELETE FROM prices WHERE day = date'2021-01-30';\n\
                DELETE FROM prices WHERE day = date'2021-01-31';\n\
                INSERT INTO prices VALUES ('CNGGZ', 'EETLL', date'2021-01-31', 100500);\n";
    let file = TempFile::new("sql", small() + tail);
    let output = run(&["import", "--check", file.path_str()], &[]);
    assert_eq!(
        stdout(&output),
        "2 prices, 5 ports, 5 regions: valid\n",
        "{}",
        stderr(&output)
    );
    let database = Database::fresh();
    let output = run(&["import", file.path_str()], &database.pairs());
    assert!(
        stdout(&output).starts_with("imported 2 prices, "),
        "{}",
        stderr(&output)
    );
    let stored =
        "SELECT concat_ws(' ', orig_code, dest_code, day, price) AS line FROM rates.prices ORDER BY day";
    assert_eq!(
        database.lines(stored),
        ["CNGGZ EETLL 2021-01-29 800", "CNGGZ EETLL 2021-01-31 100500"]
    );
    let batch = "SELECT price_count::text AS line FROM rates.batches";
    assert_eq!(database.lines(batch), ["2"]);
    let rates = App::over(&database).get(QUERY).json();
    assert_eq!(rates["rates"][0]["count"], 1, "{rates}");
    assert!(rates["rates"][1]["count"].is_null(), "{rates}");
}

/// C16: The tail of a large dump deletes whole days and adds prices; what is stored is what the statements leave.
#[test]
fn the_tail_of_the_demo_dump_is_carried_out() {
    let mut dump = Vec::new();
    demo::write_dump(&mut dump).unwrap();
    let prices = |day: &str| {
        let text = String::from_utf8_lossy(&dump);
        text.lines()
            .filter(|line| line.contains(&format!("\t{day}\t")))
            .count()
    };
    let all = String::from_utf8_lossy(&dump)
        .lines()
        .filter(|line| line.matches('\t').count() == 3)
        .count();
    let (third, fourth) = (prices("2021-01-03"), prices("2021-01-04"));
    assert!(third > 1_000 && fourth > 1_000);
    dump.extend_from_slice(
        b"DELETE FROM prices WHERE day = date'2021-01-03';\nDELETE FROM prices WHERE day = date'2021-01-04';\n\
          INSERT INTO prices VALUES ('CNSGH','EETLL',date'2021-01-04',100500);\n",
    );
    let output = run(
        &["import", "--check", TempFile::new("sql", &dump).path_str()],
        &[],
    );
    let expected = format!("{} prices, ", all - third - fourth + 1);
    assert!(
        stdout(&output).starts_with(&expected),
        "{expected}{}{}",
        stdout(&output),
        stderr(&output)
    );
}

/// C16: A statement that could change rows is refused with its line, in one line of output, and nothing is stored.
#[test]
fn other_statements_are_refused_with_their_line() {
    let database = Database::fresh();
    for (statement, reason) in [
        ("UPDATE prices SET price = 1;", "is an UPDATE"),
        ("TRUNCATE prices;", "is a TRUNCATE"),
        ("DELETE FROM prices;", "is a DELETE of another form"),
        (
            "INSERT INTO prices SELECT * FROM other;",
            "is an INSERT without a list of VALUES",
        ),
        (
            "MERGE INTO prices USING x ON true WHEN MATCHED THEN DELETE;",
            "is a MERGE",
        ),
        ("DO $$ BEGIN END $$;", "executes code"),
        ("SELECT purge();", "is a SELECT"),
        ("\\i other.sql", "is a psql command"),
        ("COPY public.prices FROM PROGRAM 'id';", "must read FROM stdin"),
        (
            "INSERT INTO users VALUES (1);",
            "is an INSERT into an unknown table",
        ),
    ] {
        let text = small() + statement + "\n";
        let line = text.lines().count();
        let file = TempFile::new("sql", &text);
        let output = run(&["import", file.path_str()], &database.pairs());
        let expected = format!("{}: line {line}: {reason}", file.path_str());
        assert_eq!(output.status.code(), Some(1), "{statement}");
        assert!(
            stderr(&output).contains(&expected),
            "{expected} is missing in {}",
            stderr(&output)
        );
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
        let check = run(&["import", "--check", file.path_str()], &[]);
        assert_eq!(check.status.code(), Some(1), "{statement}");
    }
    assert_eq!(
        database.lines("SELECT count(*)::text AS line FROM rates.batches"),
        ["0"]
    );
}

/// C16: A dump that is joined to another and cut is refused.
#[test]
fn each_of_two_joined_dumps_needs_its_closing_line() {
    let (places, prices) = (small(), small());
    let cut = prices.find("COPY public.regions").unwrap();
    let joined = places + "--\n-- PostgreSQL database dump\n--\n" + &prices[..cut];
    let error = Database::fresh().import(&joined).unwrap_err().to_string();
    assert!(error.contains("truncated"), "{error}");
}
