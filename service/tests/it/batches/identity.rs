//! A batch is identified by what it states, not by its bytes.

use crate::support::database::Database;
use crate::support::postgres_tools::{PostgresTools, empty_database};
use crate::support::sample_data::small;
use crate::support::temp_file::TempFile;
use diesel::connection::SimpleConnection;
use flate2::Compression;
use flate2::write::GzEncoder;
use portcullis::db::batches::StoreOutcome;
use sha2::{Digest, Sha256};
use std::io::Write;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn import(database: &Database, bytes: impl AsRef<[u8]>) -> StoreOutcome {
    database
        .import_file(TempFile::new("sql", bytes).path())
        .unwrap()
        .stored
}

/// The lines of a block in reverse order.
fn reversed_prices(dump: &str) -> String {
    let (head, rest) = dump.split_once("price) FROM stdin;\n").unwrap();
    let (block, tail) = rest.split_once("\\.\n").unwrap();
    let lines: Vec<&str> = block.lines().rev().collect();
    format!("{head}price) FROM stdin;\n{}\n\\.\n{tail}", lines.join("\n"))
}

/// C15: The same rows are stored once, whatever the line ends, comments, quotes, order, compression or statements.
#[test]
fn the_same_rows_are_stored_once_in_any_form() {
    let dump = small();
    let database = Database::with_data(&dump);
    let prices = dump
        .split_once("price) FROM stdin;\n")
        .unwrap()
        .1
        .split_once("\\.\n")
        .unwrap()
        .0;
    let inserts = prices
        .lines()
        .map(|row| format!("('{}')", row.replace('\t', "','")))
        .collect::<Vec<_>>()
        .join(", ");
    let as_inserts = dump.replace(
        &format!("COPY public.prices (orig_code, dest_code, day, price) FROM stdin;\n{prices}\\.\n"),
        &format!("INSERT INTO public.prices VALUES {inserts};\n"),
    );
    assert!(as_inserts.contains("INSERT"));
    let forms: Vec<(&str, Vec<u8>)> = vec![
        ("CR LF", dump.replace('\n', "\r\n").into_bytes()),
        ("restrict", dump.replace("SET x", "\\restrict aBc123\n\nSET x").into_bytes()),
        ("comments", dump.replace("SET x", "-- a\n/* b */ SET x").into_bytes()),
        ("quotes", dump.replace("public.prices (orig_code", "\"public\".\"prices\" (\"orig_code\"").into_bytes()),
        ("order", reversed_prices(&dump).into_bytes()),
        ("escapes", dump.replace("\tRegion asia", "\tRegion\\x20asi\\141").into_bytes()),
        ("INSERT", as_inserts.into_bytes()),
        ("DELETE", format!(
            "{dump}INSERT INTO prices VALUES ('CNGGZ','EETLL','2020-01-01',1);\nDELETE FROM prices WHERE day='2020-01-01';\n"
        ).into_bytes()),
        ("gzip", gzip(dump.as_bytes())),
        ("two gzip members", [gzip(&dump.as_bytes()[..100]), gzip(&dump.as_bytes()[100..])].concat()),
    ];
    for (form, bytes) in forms {
        assert_eq!(import(&database, bytes), StoreOutcome::AlreadyStored, "{form}");
    }
    let count = "SELECT count(*)::text AS line FROM rates.prices";
    assert_eq!(database.lines(count), ["14"]);
}

/// C15: Columns in another order, quotes and compression do not make a CSV file another batch; another row does.
#[test]
fn a_csv_file_is_identified_by_its_prices() {
    let database = Database::with_data(&small());
    let csv = "orig_code,dest_code,day,price\nCNGGZ,EETLL,2021-02-01,5\nCNGGZ,EETLL,2021-02-02,6\n";
    assert_eq!(import(&database, csv), StoreOutcome::Stored);
    let other = "\u{feff}\"price\",\"day\",\"dest_code\",\"orig_code\"\r\n6,2021-02-02,EETLL,CNGGZ\r\n\
                 \"5\",\"2021-02-01\",EETLL,CNGGZ\r\n\r\n";
    assert_eq!(import(&database, other), StoreOutcome::AlreadyStored);
    assert_eq!(
        import(&database, gzip(csv.as_bytes())),
        StoreOutcome::AlreadyStored
    );
    let more = csv.to_owned() + "CNGGZ,EETLL,2021-02-02,6\n";
    assert_eq!(import(&database, more), StoreOutcome::Stored);
}

/// C15: A file that an earlier version stored, identified by its bytes, is not stored again.
#[test]
fn a_file_stored_by_an_earlier_version_is_not_stored_again() {
    let database = Database::with_data(&small());
    let csv = "orig_code,dest_code,day,price\nCNGGZ,EETLL,2021-02-01,5\n";
    let digest: String = Sha256::digest(csv)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    database.execute(&format!(
        "INSERT INTO rates.batches (digest, price_count) VALUES ('\\x{digest}', 1)"
    ));
    assert_eq!(import(&database, csv), StoreOutcome::AlreadyStored);
    assert_eq!(
        import(&database, gzip(csv.as_bytes())),
        StoreOutcome::AlreadyStored
    );
}

/// C15: Two dumps of unchanged data are one batch, although pg_dump writes a random key into each.
#[test]
fn two_dumps_of_unchanged_data_are_stored_once() {
    let Some(tools) = PostgresTools::find() else {
        return;
    };
    let source = empty_database();
    source.admin().batch_execute(include_str!("source.sql")).unwrap();
    let database = Database::fresh();
    let mut outcomes = Vec::new();
    for options in [
        &[][..],
        &[],
        &["--quote-all-identifiers"],
        &["--column-inserts"],
        &["--clean", "--no-owner"],
    ] {
        outcomes.push(import(&database, tools.dump(&source, options)));
    }
    assert_eq!(outcomes[0], StoreOutcome::Stored);
    assert!(
        outcomes[1..]
            .iter()
            .all(|outcome| *outcome == StoreOutcome::AlreadyStored),
        "{outcomes:?}"
    );
}
