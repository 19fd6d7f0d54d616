//! Compares the import with psql: of every dump it stores what psql loads, or refuses it by name.

use crate::support::database::Database;
use crate::support::postgres_tools::{PostgresTools, empty_database};
use crate::support::temp_file::TempFile;
use diesel::connection::SimpleConnection;
use portcullis::domain::batches::dump::encoding::ClientEncoding;
use portcullis::domain::batches::row::{Entry, Row};
use portcullis::domain::batches::rows::Rows;

/// The tables with rows that triggers cannot change, for files that contain only data.
const TABLES: &str = "CREATE TABLE public.regions (slug text, name text, parent_slug text);
CREATE TABLE public.ports (code text, name text, parent_slug text);
CREATE TABLE public.prices (orig_code text, dest_code text, day date, price integer);
";
const BLOCK: &str = "COPY public.prices (orig_code, dest_code, day, price) FROM stdin;
CNGGZ\tEETLL\t2021-01-01\t5
CNGGZ\tEETLL\t2021-01-02\t6
\\.
";
const START: &str = "--\n-- PostgreSQL database dump\n--\n\n";
const END: &str = "--\n-- PostgreSQL database dump complete\n--\n\n";

/// The rows of a schema's tables, as text in order.
fn stored_rows(database: &Database, schema: &str) -> Vec<String> {
    database.lines(&format!(
        "SELECT line FROM (
           SELECT concat_ws(' ', 'region', slug, '[' || name || ']', parent_slug) AS line FROM {schema}.regions
           UNION ALL SELECT concat_ws(' ', 'port', code, '[' || name || ']', parent_slug) FROM {schema}.ports
           UNION ALL SELECT concat_ws(' ', 'price', orig_code, dest_code, day, price) FROM {schema}.prices
         ) s ORDER BY line COLLATE \"C\""
    ))
}

/// The rows of a file, in the same form; or why it is refused.
fn file_rows(bytes: &[u8]) -> Result<Vec<String>, String> {
    let mut rows = Rows::new(bytes);
    let mut found = Vec::new();
    while let Some(entry) = rows.next_entry().map_err(|error| error.to_string())? {
        match entry.map_err(|error| error.to_string())? {
            Entry::Row(Row::Price(p)) => {
                found.push(format!(
                    "price {} {} {} {}",
                    p.orig_code, p.dest_code, p.day, p.price
                ));
            }
            Entry::Row(Row::Region(_, place)) => {
                let parent = place
                    .parent_slug
                    .map(|slug| format!(" {slug}"))
                    .unwrap_or_default();
                found.push(format!("region {} [{}]{parent}", place.key, place.name));
            }
            Entry::Row(Row::Port(_, place)) => {
                let parent = place.parent_slug.unwrap_or_default();
                found.push(format!("port {} [{}] {parent}", place.key, place.name));
            }
            Entry::Delete(day) => found.retain(|row| !row.contains(&format!(" {day} "))),
        }
    }
    found.sort();
    Ok(found)
}

/// C16: Of a database that is hard to dump, each of pg_dump's plain formats stores what psql loads.
#[test]
fn dumps_are_stored_as_psql_loads_them() {
    let Some(tools) = PostgresTools::find() else {
        return;
    };
    let source = empty_database();
    source.admin().batch_execute(include_str!("source.sql")).unwrap();
    let expected = stored_rows(&source, "public");
    assert_eq!(expected.len(), 6 + 41 * 9);
    let all: [&[&str]; 19] = [
        &[],
        &["--quote-all-identifiers"],
        &["--inserts"],
        &["--column-inserts"],
        &["--rows-per-insert=7"],
        &["--inserts", "--quote-all-identifiers"],
        &["--clean"],
        &["--clean", "--if-exists"],
        &["--create"],
        &["--data-only"],
        &["--data-only", "--disable-triggers"],
        &["--no-owner", "--no-privileges", "--no-comments"],
        &["--use-set-session-authorization"],
        &["--table=regions", "--table=ports", "--table=prices"],
        &["--encoding=LATIN1"],
        &["--encoding=WIN1252", "--inserts"],
        &["--encoding=LATIN9", "--quote-all-identifiers"],
        &["--schema=public"],
        &["--exclude-table-data=archive.*", "--load-via-partition-root"],
    ];
    for options in all {
        let file = TempFile::new("sql", tools.dump(&source, options));
        let database = Database::fresh();
        database
            .import_file(file.path())
            .unwrap_or_else(|error| panic!("{options:?}: {error}"));
        assert_eq!(stored_rows(&database, "rates"), expected, "{options:?}");
        if !options.contains(&"--create") && !options.contains(&"--data-only") {
            let loaded = empty_database();
            tools.load(&loaded, file.path_str());
            assert_eq!(stored_rows(&loaded, "public"), expected, "psql: {options:?}");
        }
    }
    for (options, reason) in [
        (&["--schema-only"][..], "has no rows"),
        // It lists no columns: psql would load it into the table that it finds.
        (&["--data-only", "--inserts"], "more values"),
        (&["--inserts", "--on-conflict-do-nothing"], "another clause"),
        (&["--format=custom"], "custom format"),
        (&["--format=tar"], "tar"),
        (&["--encoding=EUC_JIS_2004", "--table=ports"], "--encoding=UTF8"),
    ] {
        if options.contains(&"--encoding=EUC_JIS_2004") {
            source
                .admin()
                .batch_execute("UPDATE ports SET name = 'Ahus'")
                .unwrap();
        }
        let error = file_rows(&tools.dump(&source, options)).unwrap_err();
        assert!(error.contains(reason), "{options:?}: {error}");
    }
}

/// C16: Joined dumps of parts of a database are one batch; each part needs its closing line.
#[test]
fn joined_dumps_are_stored_as_psql_loads_them() {
    let Some(tools) = PostgresTools::find() else {
        return;
    };
    let source = empty_database();
    source.admin().batch_execute(include_str!("source.sql")).unwrap();
    let expected = stored_rows(&source, "public");
    let places = tools.dump(&source, &["--table=regions", "--table=ports"]);
    for options in [
        &["--table=prices"][..],
        &["--table=prices", "--inserts"],
        &["--table=prices", "--clean"],
    ] {
        let prices = tools.dump(&source, options);
        let joined = [places.clone(), prices.clone()].concat();
        assert_eq!(file_rows(&joined), Ok(expected.clone()), "{options:?}");
        let loaded = empty_database();
        tools.load(&loaded, TempFile::new("sql", &joined).path_str());
        assert_eq!(stored_rows(&loaded, "public"), expected, "psql: {options:?}");
        // Cut at every statement of the second dump.
        let text = String::from_utf8(prices).unwrap();
        let mut cuts = 0;
        for (cut, _) in text
            .match_indices(";\n")
            .filter(|(cut, _)| text[*cut..].contains("dump complete"))
        {
            let error = file_rows(&[&places, &text.as_bytes()[..cut + 2]].concat()).unwrap_err();
            assert!(error.contains("truncated"), "{options:?} at {cut}: {error}");
            cuts += 1;
        }
        assert!(cuts > 10);
    }
}

/// C16: Files that are written by hand are stored as psql loads them, or refused: never differently.
#[test]
fn other_files_are_stored_as_psql_loads_them_or_refused() {
    let Some(tools) = PostgresTools::find() else {
        return;
    };
    // What precedes the rows, the rows, and whether the file is stored.
    let row = "CNGGZ\tEETLL\t2021-01-03\t7";
    let block = |columns: &str, row: &str| format!("COPY public.prices {columns} FROM stdin;\n{row}\n\\.\n");
    let insert = "INSERT INTO public.prices VALUES ('CNGGZ', 'EETLL', '2021-01-03', 7)";
    let cases: Vec<(String, bool)> = vec![
        (BLOCK.to_lowercase().replace("cnggz\teetll", "CNGGZ\tEETLL"), true),
        (block("", row), true),
        (block("(price, day, dest_code, orig_code)", "7\t2021-01-03\tEETLL\tCNGGZ"), true),
        (block("(orig_code, dest_code, day, price)", "\\x43N\\107GZ\tEETLL\t2021-01-03\t\\67"), true),
        (block("", row).replace('\n', "\r\n"), true),
        (block("", &format!("{row}\r")), false),
        (block("", &format!("{row}\r\n{row}")), false),
        (block("", &format!("{row}\\.")), false),
        (block("", &format!("{row}\\\n{row}")), false),
        (block("", "CNGGZ\tEETLL\t2021-01-03\t\\N"), false),
        (block("", "CNGGZ\tEETLL\t2021-01-03\t 7 "), false),
        (block("", "CNGGZ\tEETLL\tJan 3 2021\t7"), false),
        (block("(orig_code, dest_code, day)", "CNGGZ\tEETLL\t2021-01-03"), false),
        (block("", row).replace("stdin;", "stdin WITH (FORMAT csv, DELIMITER E'\\t');"), false),
        (block("", row).replace("stdin;", "stdin (HEADER);"), false),
        (block("", row).replace("stdin;", "stdin WHERE price > 7;"), false),
        (block("", row).replace("stdin;", "stdin; DELETE FROM public.prices;"), false),
        (block("", row).replace("FROM stdin;", "FROM\n/* ; */ stdin -- ;\n;"), true),
        (format!("{insert};"), true),
        (format!("{insert}, ('EETLL', 'CNGGZ', date '2021-01-04', '8');"), true),
        (format!("{insert}, ('EETLL', 'CNGGZ', '2021-01-04'::date, 4 + 4);"), false),
        ("INSERT INTO public.prices (price, day, orig_code, dest_code) VALUES (7, '2021-01-03', E'\\x43NGGZ', 'EETLL');".to_owned(), true),
        (format!("{insert} RETURNING *;"), false),
        (format!("{insert} \\g\n"), false),
        (format!("SET search_path = public;\n{};", insert.replace("public.", "")), true),
        ("DELETE FROM public.prices WHERE day = date'2021-01-01';".to_owned(), true),
        ("DELETE FROM ONLY public.prices WHERE \"day\" = '2021-01-01'::date;".to_owned(), true),
        (format!("DELETE FROM public.prices WHERE day = '2021-01-03'; {insert};"), true),
        (format!("{insert}; DELETE FROM public.prices WHERE day = '2021-01-03';"), true),
        ("DELETE FROM public.prices;".to_owned(), false),
        ("DELETE FROM public.prices WHERE day <> '2021-01-01';".to_owned(), false),
        ("TRUNCATE public.prices;".to_owned(), false),
        ("UPDATE public.prices SET price = price + 1;".to_owned(), false),
        ("WITH gone AS (DELETE FROM public.prices RETURNING *) SELECT count(*) FROM gone;".to_owned(), false),
        ("DO 'BEGIN DELETE FROM public.prices; END';".to_owned(), false),
        ("EXPLAIN ANALYZE DELETE FROM public.prices;".to_owned(), false),
        ("PREPARE p AS DELETE FROM public.prices; EXECUTE p;".to_owned(), false),
        (format!("BEGIN; {insert}; COMMIT;"), true),
        (format!("BEGIN; {insert}; ROLLBACK;"), false),
        (format!("BEGIN; {insert};"), false),
        (format!("BEGIN; SAVEPOINT a; {insert}; ROLLBACK TO a; COMMIT;"), false),
        ("\\set q 'DELETE FROM public.prices;'\n:q\n".to_owned(), false),
        ("\\if false\n".to_owned() + insert + ";\n\\endif\n", false),
        ("\\connect - - - - \\\\ DELETE FROM public.prices;\n".to_owned(), false),
        ("\\copy public.prices FROM '/dev/null'\n".to_owned(), false),
        ("-- a\rDELETE FROM public.prices WHERE day = '2021-01-01';".to_owned(), true),
        ("/* a /* b */ DELETE FROM public.prices; */ SELECT pg_catalog.set_config('search_path', '', false);".to_owned(), true),
        ("COMMENT ON TABLE public.prices IS 'a\\'; DELETE FROM public.prices; --';\n".to_owned(), false),
        ("SET escape_string_warning = off;\nSET standard_conforming_strings = off;\nCOMMENT ON TABLE public.prices IS 'a\\'; DELETE FROM public.prices; --';\n".to_owned(), true),
        ("SET escape_string_warning = off;\nSET standard_conforming_strings = off;\nCOMMENT ON TABLE public.prices IS 'a\\\\'; DELETE FROM public.prices WHERE day = '2021-01-01'; --';\n".to_owned(), true),
        ("COMMENT ON TABLE public.prices IS E'a'\n'\\'; DELETE FROM public.prices; --';\n".to_owned(), false),
        ("COMMENT ON TABLE public.prices IS 'a' -- b\n '\\'; DELETE FROM public.prices WHERE day = '2021-01-01'; --';\n".to_owned(), true),
        ("COMMENT ON TABLE public.prices IS U&'a\\\\'; DELETE FROM public.prices WHERE day = '2021-01-01'; --';\n".to_owned(), true),
        ("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $a$ SELECT $$; DELETE FROM public.prices; $a $$ $a$;".to_owned(), true),
        ("CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM public.prices; END;".to_owned(), true),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; DELETE FROM public.prices RETURNING 1; END;".to_owned(), true),
        ("CREATE TABLE a$$ (b int); DELETE FROM public.prices WHERE day = '2021-01-01'; -- $$\n".to_owned(), true),
        ("CREATE TABLE b AS SELECT * FROM public.prices;".to_owned(), false),
        ("SELECT * INTO b FROM public.prices;".to_owned(), false),
        (format!("CREATE RULE r AS ON INSERT TO public.prices DO INSTEAD NOTHING;\n{insert};"), false),
        (format!("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';\nCREATE TRIGGER t BEFORE INSERT ON public.prices FOR EACH ROW EXECUTE FUNCTION f();\n{insert};"), false),
        (format!("ALTER TABLE public.prices RENAME TO old;\n{}\n{insert};", TABLES.lines().last().unwrap()), false),
        ("ALTER TABLE public.prices ALTER COLUMN price TYPE integer USING price + 1;".to_owned(), false),
        ("ALTER TABLE public.prices RENAME orig_code TO x;".to_owned(), false),
        ("DROP TABLE public.prices;\nCREATE TABLE public.prices (orig_code text, dest_code text, day date, price integer);".to_owned(), false),
        ("CREATE TABLE old (LIKE public.prices); DROP TABLE old;".to_owned(), true),
        (format!("CREATE TEMP TABLE prices (LIKE public.prices);\n{};", insert.replace("public.", "")), false),
        (format!("CREATE SCHEMA a; CREATE TABLE a.prices (LIKE public.prices); {};", insert.replace("public", "a")), false),
        (format!("CREATE SCHEMA a; CREATE TABLE a.prices (LIKE public.prices); SET search_path = a, public; {};", insert.replace("public.", "")), false),
        ("SELECT setval('x', 1);".to_owned(), false),
        ("SELECT pg_catalog.set_config('search_path', '', false), 1;".to_owned(), false),
        ("CREATE TABLE parts (day date) PARTITION BY RANGE (day);".to_owned(), true),
        ("LOCK TABLE public.prices;".to_owned(), false),
        ("DELETE FROM public.prices WHERE day = '2021-01-01'".to_owned(), false),
    ];
    // SQL bodies of functions exist since version 14.
    let version = "SELECT current_setting('server_version_num') AS line";
    let has_sql_bodies = empty_database().lines(version)[0].as_str() >= "14";
    for (statements, is_stored) in cases {
        if statements.contains("ATOMIC") && !has_sql_bodies {
            continue;
        }
        let text = format!("{START}{TABLES}{BLOCK}{statements}\n{END}");
        let loaded = empty_database();
        let errors = tools.load(&loaded, TempFile::new("sql", &text).path_str());
        match (file_rows(text.as_bytes()), is_stored) {
            (Ok(rows), true) => {
                assert_eq!(rows, stored_rows(&loaded, "public"), "{statements}: {errors}");
                assert_eq!(errors, "", "{statements}");
            }
            (Err(error), false) => assert!(error.contains("line "), "{statements}: {error}"),
            (result, _) => panic!("{statements}: {result:?}"),
        }
    }
}

/// C16: A table whose columns are in another order is read by its definition.
#[test]
fn rows_without_columns_follow_the_table_definition() {
    let Some(tools) = PostgresTools::find() else {
        return;
    };
    for table in [
        "CREATE TABLE public.prices (price integer, day date, dest_code text, orig_code text);",
        "CREATE UNLOGGED TABLE IF NOT EXISTS public.\"prices\" (\"price\" integer DEFAULT (1 + 2) CHECK (price IN (7, 8)), \
         day date, dest_code character varying(5), UNIQUE (day, price), \"orig_code\" text) WITH (fillfactor = 50);",
    ] {
        let rows = "COPY public.prices FROM stdin;\n7\t2021-01-03\tEETLL\tCNGGZ\n\\.\n\
                    INSERT INTO public.prices VALUES (8, '2021-01-03', 'CNGGZ', 'EETLL');\n";
        let places = TABLES.lines().take(2).collect::<Vec<_>>().join("\n");
        let text = format!("{START}{places}\n{table}\n{rows}{END}");
        let loaded = empty_database();
        assert_eq!(tools.load(&loaded, TempFile::new("sql", &text).path_str()), "");
        let expected = ["price CNGGZ EETLL 2021-01-03 7", "price EETLL CNGGZ 2021-01-03 8"];
        assert_eq!(stored_rows(&loaded, "public"), expected);
        assert_eq!(file_rows(text.as_bytes()).unwrap(), expected);
    }
}

/// C16: Each byte of each supported encoding means the character that it means to PostgreSQL.
#[test]
fn encodings_agree_with_postgresql() {
    let database = empty_database();
    database.execute(
        "CREATE FUNCTION decoded(bytes bytea, encoding text) RETURNS text LANGUAGE plpgsql AS $$
         BEGIN RETURN convert_from(bytes, encoding); EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$",
    );
    let names =
        database.lines("SELECT DISTINCT pg_encoding_to_char(n) AS line FROM generate_series(0, 41) n");
    let (mut compared, mut different) = (0, Vec::new());
    for name in names
        .iter()
        .filter(|name| !matches!(name.as_str(), "" | "UTF8" | "SQL_ASCII"))
    {
        let Some(encoding) = ClientEncoding::find(name) else {
            continue;
        };
        compared += 1;
        let expected = database.lines(&format!(
            "SELECT coalesce(decoded(set_byte('\\x00', 0, n), '{name}'), '') AS line FROM generate_series(128, 255) n"
        ));
        for (byte, expected) in (0x80..=0xff_u8).zip(&expected) {
            let decoded = encoding.decode(&[byte]).unwrap_or_default().into_owned();
            // Names with control characters are refused.
            let is_refused = decoded.is_empty() || decoded.chars().any(char::is_control);
            if !is_refused && decoded != *expected {
                different.push(format!("{name} {byte:#x}: {decoded:?}, {expected:?}"));
            }
        }
    }
    assert!(different.is_empty(), "{different:#?}");
    assert!(compared > 20, "{names:?}");
}
