//! Statements that are skipped, and those that are refused.

use super::{BLOCK, PRICE, statements};

#[test]
fn statements_that_change_no_row_are_skipped() {
    let text = "\\restrict abc\nSET statement_timeout = 0;\n\
        SET default_transaction_read_only = off;\nSET a.b = 'c';\nSET SESSION AUTHORIZATION 'x';\nRESET_ROWS;"
        .replace("RESET_ROWS;", "")
        + "SET search_path = public, pg_catalog;\nSELECT pg_catalog.set_config('search_path', '', false);\n\
        DROP TABLE IF EXISTS public.prices CASCADE;\nCREATE DATABASE x WITH ENCODING = 'UTF8';\n\\connect x\n\
        ALTER TABLE IF EXISTS ONLY public.prices DROP CONSTRAINT IF EXISTS c;\nCREATE EXTENSION x;\n\
        CREATE UNLOGGED TABLE public.prices (orig_code text, b int GENERATED ALWAYS AS (1) STORED);\n\
        ALTER TABLE public.prices OWNER TO rename;\nALTER TABLE ONLY prices ALTER COLUMN price SET DEFAULT 1;\n\
        ALTER TABLE public.x ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (START WITH 1);\n\
        CREATE VIEW v AS SELECT 1;\nCREATE MATERIALIZED VIEW m AS SELECT 1 WITH NO DATA;\nREFRESH MATERIALIZED VIEW m;\n\
        SELECT pg_catalog.setval('public.s', 1, true);\nGRANT ALL ON TABLE prices TO PUBLIC;\n\
        SELECT * FROM pg_catalog.pg_restore_relation_stats('version', '180000'::integer);\n;;\n"
        + BLOCK
        + "CREATE TRIGGER t BEFORE UPDATE ON public.prices EXECUTE FUNCTION f();\n\
        CREATE TABLE other (a int);\nCOPY public.other (a) FROM stdin;\n\\.\nDROP TABLE other;\n\\unrestrict abc\n";
    assert_eq!(statements(&text), Ok(vec![PRICE.to_owned()]));
}

#[test]
fn what_could_change_rows_is_refused_with_its_line() {
    for (text, error) in [
        ("UPDATE prices SET price = 1;", "is an UPDATE"),
        ("TRUNCATE public.prices;", "is a TRUNCATE"),
        (
            "MERGE INTO prices USING x ON true WHEN MATCHED THEN DELETE;",
            "is a MERGE",
        ),
        ("DO $$ BEGIN DELETE FROM prices; END $$;", "executes code"),
        ("CALL purge();", "executes code"),
        (
            "WITH x AS (DELETE FROM prices RETURNING 1) SELECT 1;",
            "executes code",
        ),
        ("SELECT purge();", "is a SELECT"),
        (
            "SELECT pg_catalog.set_config('a', purge(), false);",
            "is a SELECT",
        ),
        ("SELECT pg_catalog.setval('s', 1), purge();", "is a SELECT"),
        ("SELECT pg_catalog.purge();", "is a SELECT"),
        ("EXPLAIN ANALYZE DELETE FROM prices;", "pg_dump does not write"),
        ("CREATE TABLE x AS SELECT 1;", "from a query"),
        (
            "CREATE TABLE prices (a int) WITH (fillfactor=50) AS TABLE x;",
            "from a query",
        ),
        ("CREATE TEMP TABLE prices (a int);", "temporary"),
        ("CREATE VIEW prices AS SELECT 1;", "in place of a table"),
        (
            "CREATE SCHEMA s CREATE TABLE prices (a int);",
            "one statement with their schema",
        ),
        ("ALTER TABLE x RENAME TO prices;", "renames"),
        ("ALTER TABLE prices SET SCHEMA old;", "renames"),
        (
            "ALTER TABLE ONLY prices ALTER COLUMN price TYPE int USING 1;",
            "changes a table",
        ),
        (
            "ALTER TABLE prices OWNER TO a, DROP COLUMN price;",
            "changes a table",
        ),
        ("ALTER TABLE prices ADD price2 int;", "changes a table"),
        ("ALTER TABLE prices DETACH PARTITION x;", "changes a table"),
        ("ALTER VIEW x RENAME TO y;", "renames"),
        ("ROLLBACK;", "may be undone"),
        ("SAVEPOINT a;", "may be undone"),
        ("BEGIN READ ONLY;", "with options"),
        ("BEGIN;", "is not committed"),
        ("SET LOCAL search_path = a;", "for one transaction"),
        ("SET default_transaction_read_only = on;", "read-only"),
        ("SET transaction_read_only TO maybe;", "read-only"),
        (
            "SET client_encoding = 'EUC_TW';",
            "not supported: dump with --encoding=UTF8",
        ),
        ("\\i other.sql", "psql command"),
        ("\\! rm -rf /", "psql command"),
        ("\\set x 1", "psql command"),
        ("\\.", "psql command"),
        ("\\restrict a \\i b", "more than one psql command"),
        ("\\copy prices from x", "psql command"),
        ("COMMENT ON TABLE x IS E'a'\n'b';", "continues a string"),
        ("42;", "is not a statement"),
        ("(SELECT 1);", "is not a statement"),
        ("-- a\rDELETE FROM ports;", "is a DELETE"),
        ("SELECT pg_catalog.lo_create('1');", "is a SELECT of a function"),
    ] {
        let found = statements(&format!("{text}\n")).unwrap_err();
        assert!(
            found.contains("line 5") && found.contains(error),
            "{text}: {found}"
        );
    }
    // What follows must not be taken for the rest of a statement, nor waited for.
    for start in [
        "ALTER TABLE",
        "ALTER TABLE IF",
        "COPY prices",
        "COPY prices FROM",
        "CREATE",
        "CREATE MATERIALIZED VIEW IF",
        "CREATE RULE r",
        "CREATE TABLE IF",
        "CREATE TABLE IF NOT",
        "CREATE TRIGGER t",
        "CREATE TRIGGER t ON",
        "CREATE VIEW IF",
        "CREATE VIEW IF NOT",
        "DELETE FROM",
        "INSERT INTO prices OVERRIDING",
        "SELECT *",
        "SET client_encoding",
    ] {
        for rest in [
            "",
            "\nDELETE FROM prices WHERE day = date '2021-01-01'; GRANT a ON x TO b;",
        ] {
            let text = format!("{BLOCK}{start};{rest}\n");
            let found = statements(&text).expect_err(&text);
            assert!(found.contains("line 8"), "{text}: {found}");
        }
    }
    let nul = format!("/*{}*/ COMMENT ON TABLE x IS 'a\0';", " ".repeat(512));
    assert_eq!(statements(&nul).unwrap_err(), "line 5: contains a NUL byte");
    for after in [
        "DROP TABLE prices;",
        "DROP TABLE IF EXISTS x, public.prices;",
        "DROP SCHEMA public CASCADE;",
        "\\connect other",
        "COPY archive.prices FROM stdin;",
        "INSERT INTO archive.prices VALUES ('CNGGZ','EETLL','2021-01-01',5);",
        "CREATE TRIGGER t AFTER INSERT ON public.prices EXECUTE FUNCTION f();\nDELETE FROM prices WHERE day = '2021-01-01';",
        "CREATE RULE r AS ON DELETE TO prices DO INSTEAD NOTHING;\nDELETE FROM prices WHERE day = '2021-01-01';",
    ] {
        assert!(statements(&format!("{BLOCK}{after}\n")).is_err(), "{after}");
    }
}
