//! Legacy dumps in pg_dump's plain format. No SQL is executed: the rows of COPY blocks and simple INSERTs are read, simple
//! DELETEs are applied, statements that change no row are skipped, and all others are refused with their line.

/// `INSERT` and `DELETE`.
mod change;

/// Start and end of each dump.
mod completeness;

/// COPY blocks.
mod copy;

/// `CREATE`, `ALTER` and `DROP`.
mod definition;

/// The declared encoding.
pub mod encoding;

/// Backslash escapes.
mod escapes;

/// Tokens and statements.
mod lexer;

/// Nesting of statements.
mod nesting;

/// What all statements share.
mod parser;

/// Settings that decide what later statements mean.
mod session;

/// Statements that change no row.
mod statement;

/// The three tables.
mod table;

/// Tokens.
mod token;

use super::outcome::{FileError, NO_FORMAT};
use super::row::{Entry, RowError};
use super::scanner::Scanner;
use change::Insert;
use copy::Block;
use parser::Parser;
use std::io::Read;
use token::Token;

/// A dump that is being read.
pub struct Dump<R> {
    parser: Parser<R>,
    state: State,
}

/// What the next bytes are.
#[derive(Debug)]
enum State {
    Statement,
    Block(Block),
    Values(Insert),
    End,
}

impl<R: Read> Dump<R> {
    /// Reads a dump.
    pub fn new(scanner: Scanner<R>) -> Self {
        Self {
            parser: Parser::new(scanner),
            state: State::Statement,
        }
    }

    /// The reader of the file.
    pub fn scanner(&self) -> &Scanner<R> {
        self.parser.lexer.scanner()
    }

    /// The next entry or its validation error; `None` at the end. The outer error ends the file.
    pub fn next_entry(&mut self) -> Result<Option<Result<Entry, RowError>>, FileError> {
        loop {
            match &mut self.state {
                State::Block(block) => {
                    let Some(line) = self.parser.lexer.next_line()? else {
                        return Err(self.truncated());
                    };
                    if let Some(row) = block.row(&line)? {
                        return Ok(Some(row.map(Entry::Row)));
                    }
                    self.state = State::Statement;
                }
                State::Values(insert) => {
                    let insert = insert.clone();
                    let (row, has_more) = self.parser.inserted_row(&insert)?;
                    if !has_more {
                        self.state = State::Statement;
                    }
                    return Ok(Some(row.map(Entry::Row)));
                }
                State::Statement => {
                    if let Some(entry) = self.statement()? {
                        return Ok(Some(Ok(entry)));
                    }
                }
                State::End => return Ok(None),
            }
        }
    }

    /// Reads a statement or a marker.
    fn statement(&mut self) -> Result<Option<Entry>, FileError> {
        match self.parser.lexer.first_token()? {
            Token::End => {}
            Token::Eof => {
                self.check_end()?;
                self.state = State::End;
            }
            Token::Marker(marker) => {
                let line = self.parser.lexer.token_line();
                self.parser
                    .completeness
                    .mark(line, marker)
                    .map_err(FileError::Refused)?;
            }
            Token::Command(command) => self.parser.psql_command(&command)?,
            Token::Word(word) => match word.as_str() {
                "copy" => self.state = self.parser.copy()?.map_or(State::Statement, State::Block),
                "insert" => self.state = State::Values(self.parser.insert()?),
                "delete" => return self.parser.delete().map(|day| Some(Entry::Delete(day))),
                keyword => self.parser.without_rows(keyword)?,
            },
            _ => return Err(self.parser.lexer.refuse("is not a statement")),
        }
        Ok(None)
    }

    /// Whether the file may end here.
    fn check_end(&mut self) -> Result<(), FileError> {
        let has_rows = self.parser.tables.has_rows(None) || self.parser.completeness.has_empty_block();
        if !has_rows && !self.parser.completeness.has_marker() {
            return Err(FileError::refused(1, NO_FORMAT));
        }
        if !self.parser.completeness.is_complete() {
            return Err(self.truncated());
        }
        if let Some(line) = self.parser.session.transaction {
            return Err(FileError::refused(
                line,
                "the transaction that starts here is not committed",
            ));
        }
        if !has_rows {
            return Err(FileError::refused(
                1,
                "the dump has no rows of regions, ports or prices",
            ));
        }
        Ok(())
    }

    fn truncated(&self) -> FileError {
        let line = self.parser.lexer.scanner().last_line();
        FileError::refused(line, "the dump ends without its closing line: it is truncated")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::batches::row::Row;
    use crate::domain::batches::rows::Rows;

    /// Reads a file; each entry as a line of text, or the first error.
    fn read(text: impl AsRef<[u8]>) -> Result<Vec<String>, String> {
        let mut rows = Rows::new(text.as_ref());
        let mut entries = Vec::new();
        loop {
            match rows.next_entry().map_err(|error| error.to_string())? {
                None => return Ok(entries),
                Some(entry) => entries.push(match entry.map_err(|error| error.to_string())? {
                    Entry::Row(Row::Price(p)) => {
                        format!("{}>{} {} {}", p.orig_code, p.dest_code, p.day, p.price)
                    }
                    Entry::Row(Row::Port(_, place) | Row::Region(_, place)) => {
                        format!(
                            "{} {} {}",
                            place.key,
                            place.name,
                            place.parent_slug.unwrap_or_default()
                        )
                    }
                    Entry::Delete(day) => format!("delete {day}"),
                }),
            }
        }
    }

    /// Reads statements in a complete dump.
    fn statements(text: &str) -> Result<Vec<String>, String> {
        read(format!(
            "--\n-- PostgreSQL database dump\n--\n\n{text}\n--\n-- PostgreSQL database dump complete\n--\n\n"
        ))
    }

    const BLOCK: &str = "COPY public.prices (orig_code, dest_code, day, price) FROM stdin;\nCNGGZ\tEETLL\t2021-01-01\t5\n\\.\n";
    const PRICE: &str = "CNGGZ>EETLL 2021-01-01 5";

    #[test]
    fn text_in_strings_comments_and_functions_is_no_statement() {
        let copy = format!("\n{BLOCK}");
        for text in [
            format!("COMMENT ON TABLE prices IS 'Loaded with:{copy}';"),
            format!("COMMENT ON TABLE prices IS E'\\'{copy}\\\\';"),
            format!("SET standard_conforming_strings = off;COMMENT ON TABLE prices IS '\\'{copy}';"),
            format!("COMMENT ON TABLE prices IS 'a'\n'{copy}';"),
            format!("/* a /* b */ {copy} */"),
            format!("COMMENT ON TABLE \"\n{copy}\"\"\" IS NULL;"),
            format!("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $_$ $$;{copy}$ $_ $_$;"),
            format!("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $${copy}; DELETE FROM prices;$$;"),
            "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM prices; \
             SELECT CASE WHEN true THEN 1 END; UPDATE prices SET price = 1; END;"
                .to_owned(),
            "CREATE RULE r AS ON INSERT TO other DO ALSO (DELETE FROM prices; DELETE FROM ports);".to_owned(),
            "CREATE FUNCTION a$$(x int) RETURNS int LANGUAGE sql RETURN 1;".to_owned(),
        ] {
            assert_eq!(
                statements(&(text.clone() + "\n" + BLOCK)),
                Ok(vec![PRICE.to_owned()]),
                "{text}"
            );
        }
    }

    #[test]
    fn a_copy_block_is_read_as_psql_reads_it() {
        let block = |head: &str, row: &str| statements(&format!("{head}\n{row}\n\\.\n"));
        let expected = Ok(vec![PRICE.to_owned()]);
        for (head, row) in [
            (
                "copy prices(orig_code,dest_code,day,price)from stdin;",
                "CNGGZ\tEETLL\t2021-01-01\t5",
            ),
            (
                "COPY \"public\".\"prices\" (\"price\", \"day\", \"orig_code\", \"dest_code\") FROM stdin ;",
                "5\t2021-01-01\tCNGGZ\tEETLL",
            ),
            (
                "COPY\n  db.public.prices /* ( */ (orig_code, -- )\n dest_code, day, price)\nFROM STDIN;",
                "\\x43NG\\107Z\tEETLL\t2021-01-01\t\\65",
            ),
            ("COPY prices FROM stdin;", "CNGGZ\tEETLL\t2021-01-01\t5"),
            (
                "CREATE TABLE prices (price int CHECK (price > 0), day date, orig_code text, dest_code text, CONSTRAINT x CHECK ((price, 1) IS NOT NULL)); COPY prices FROM stdin;",
                "5\t2021-01-01\tCNGGZ\tEETLL",
            ),
        ] {
            assert_eq!(block(head, row), expected, "{head}");
        }
        for (head, row, error) in [
            (
                "COPY public.PRICES FROM '/etc/passwd';",
                "",
                "line 5: must read FROM stdin",
            ),
            ("COPY prices FROM PROGRAM 'id';", "", "must read FROM stdin"),
            ("COPY prices TO STDOUT;", "", "must read FROM stdin"),
            ("COPY (SELECT 1) TO STDOUT;", "", "is not a COPY"),
            (
                "COPY prices FROM stdin WITH (FORMAT csv);",
                "",
                "is a COPY with options",
            ),
            ("COPY prices FROM stdin CSV HEADER;", "", "is a COPY with options"),
            ("COPY BINARY prices FROM stdin;", "", "must read FROM stdin"),
            ("COPY \"Prices\" FROM stdin;", "CNGGZ", "unknown table"),
            ("COPY users FROM stdin;", "CNGGZ", "unknown table"),
            (
                "COPY prices (orig_code, dest_code, day) FROM stdin;",
                "",
                "line 5, price: is missing from the columns",
            ),
            (
                "COPY prices (orig_code, dest_code, day, price, note) FROM stdin;",
                "",
                "has unknown columns",
            ),
            (
                "CREATE TABLE prices (LIKE x); COPY prices FROM stdin;",
                "",
                "order of the table's columns is not known",
            ),
            (
                "COPY prices FROM stdin; DELETE FROM prices;",
                "",
                "the data must start in the line after",
            ),
            (
                "COPY prices FROM stdin;",
                "CNGGZ\tEETLL\t2021-01-01\t5\nCNGGZ\tEETLL\t2021-01-01\t5\r",
                "has another line end",
            ),
            (
                "COPY prices FROM stdin;",
                "CNGGZ\tEETLL\t2021-01-01\t\\.",
                "price: has an invalid escape",
            ),
            (
                "COPY prices FROM stdin;",
                "CNGGZ\tEETLL\t2021-01-01\t\\N",
                "price: is missing",
            ),
            (
                "COPY prices FROM stdin;",
                "CNGGZ\tEETLL\t2021-01-01\t5\\",
                "price: has an invalid escape",
            ),
            (
                "COPY prices FROM stdin;",
                "CNGGZ\tEETLL\t2021-01-01\t5\\\n",
                "price: has an invalid escape",
            ),
        ] {
            let found = block(head, row).expect_err(head);
            assert!(found.contains(error), "{head} {row:?}: {found}");
        }
    }

    #[test]
    fn inserts_and_deletes_of_constants_are_understood() {
        for (text, expected) in [
            (
                "INSERT INTO prices VALUES ('CNGGZ','EETLL',date'2021-01-01',5);",
                vec![PRICE],
            ),
            (
                "insert into public.prices (price, day, dest_code, orig_code) values ('5', '2021-01-01'::date, E'\\x45ETLL', 'CNGGZ'), (6, DATE '2021-01-02', 'CNGGZ', 'EETLL');",
                vec![PRICE, "EETLL>CNGGZ 2021-01-02 6"],
            ),
            (
                "CREATE TABLE prices (id int, price int, day date, dest_code text, orig_code text);\nINSERT INTO prices OVERRIDING SYSTEM VALUE VALUES (DEFAULT, 5, '2021-01-01', 'EETLL', 'CNGGZ');",
                vec![PRICE],
            ),
            (
                "INSERT INTO regions VALUES ('asia', 'A''s \\ é', NULL);",
                vec!["asia A's \\ é "],
            ),
            (
                "DELETE FROM ONLY public.prices WHERE \"day\" = '2021-01-01';",
                vec!["delete 2021-01-01"],
            ),
            (
                "BEGIN; DELETE FROM prices WHERE day = date'2021-01-01'; COMMIT;",
                vec!["delete 2021-01-01"],
            ),
        ] {
            assert_eq!(
                statements(text),
                Ok(expected.into_iter().map(str::to_owned).collect()),
                "{text}"
            );
        }
        for (text, error) in [
            ("INSERT INTO users VALUES (1);", "unknown table"),
            (
                "INSERT INTO prices SELECT * FROM old;",
                "without a list of VALUES",
            ),
            ("INSERT INTO prices DEFAULT VALUES;", "without a list of VALUES"),
            (
                "INSERT INTO prices VALUES ('CNGGZ','EETLL',now(),5);",
                "not a constant",
            ),
            (
                "INSERT INTO prices VALUES ('CNGGZ','EETLL','2021-01-01',2+3);",
                "not a constant",
            ),
            (
                "INSERT INTO prices VALUES ('CNGGZ','EETLL','2021-01-01','5'::char(1));",
                "not a constant",
            ),
            (
                "INSERT INTO prices VALUES ('CNGGZ','EETLL','2021-01-01',:v);",
                "not a constant",
            ),
            (
                "INSERT INTO prices VALUES ('CNGGZ','EETLL',$$2021-01-01$$,5);",
                "not a constant",
            ),
            (
                "INSERT INTO prices VALUES ('CNGGZ','EETLL','2021-01-01',DEFAULT);",
                "price: is DEFAULT",
            ),
            (
                "INSERT INTO prices VALUES ('CNGGZ','EETLL','today',5);",
                "day: is not a day",
            ),
            (
                "INSERT INTO prices VALUES ('CNGGZ','EETLL','2021-01-01',5.4);",
                "price: is not a whole number",
            ),
            (
                "INSERT INTO prices VALUES ('CNGGZ','EETLL','2021-01-01',-5);",
                "price: is not a whole number",
            ),
            (
                "INSERT INTO prices VALUES ('CNGGZ','EETLL','2021-01-01');",
                "has fewer values",
            ),
            (
                "INSERT INTO prices VALUES ('CNGGZ','EETLL','2021-01-01',5,6,7,8);",
                "has more values",
            ),
            (
                "INSERT INTO prices VALUES ('CNGGZ','EETLL','2021-01-01',5) ON CONFLICT DO NOTHING;",
                "another clause",
            ),
            (
                "INSERT INTO prices VALUES ('CNGGZ','EETLL','2021-01-01',5) \\g",
                "backslash",
            ),
            ("DELETE FROM prices;", "is a DELETE of another form"),
            (
                "DELETE FROM prices WHERE day = '2021-01-01' AND price = 5;",
                "is a DELETE of another form",
            ),
            (
                "DELETE FROM prices WHERE price = 5;",
                "is a DELETE of another form",
            ),
            (
                "DELETE FROM prices WHERE day > '2021-01-01';",
                "is a DELETE of another form",
            ),
            ("DELETE FROM prices WHERE day = 'infinity';", "not a day"),
            (
                "DELETE FROM ports WHERE day = '2021-01-01';",
                "is a DELETE of another form",
            ),
        ] {
            let found = statements(text).unwrap_err();
            assert!(
                found.contains("line 5") && found.contains(error),
                "{text}: {found}"
            );
        }
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
    fn every_dump_needs_its_closing_line() {
        let start = "--\n-- PostgreSQL database dump\n--\n";
        let end = "-- PostgreSQL database dump complete\n";
        let whole = format!("{start}{BLOCK}{end}");
        assert_eq!(read(whole.clone() + &whole).map(|rows| rows.len()), Ok(2));
        let tail = "DELETE FROM prices WHERE day = '2021-01-01';\n";
        assert_eq!(read(whole.clone() + tail).map(|rows| rows.len()), Ok(2));
        for cut in [
            format!("{start}{BLOCK}"),
            format!("{whole}{start}{BLOCK}"),
            format!("{whole}{BLOCK}"),
            format!("{start}{BLOCK}{whole}"),
            format!("-- PostgreSQL database cluster dump\n{whole}"),
            format!("{start}{}", BLOCK.replace("\\.\n", "")),
            format!("{whole}INSERT INTO prices VALUES ('CNGGZ'"),
            format!("{whole}COMMENT ON TABLE x IS 'abc"),
            format!("{whole}COMMENT ON TABLE x IS 'abc'"),
            format!("{whole}/* /* */"),
            format!("{whole}CREATE FUNCTION f() AS $a$ $$ "),
            format!("{start}{BLOCK}COMMENT ON TABLE x IS '\n{end}';"),
            format!("{start}{BLOCK}  {end}").replace("  --", "; --"),
        ] {
            let found = read(&cut).unwrap_err();
            assert!(found.contains("truncated"), "{cut}: {found}");
        }
        assert!(read(format!("{start}{end}")).unwrap_err().contains("has no rows"));
        assert!(read("-- hello\n").unwrap_err().contains("neither CSV"));
    }

    #[test]
    fn text_is_decoded_from_the_declared_encoding() {
        let row = |encoding: &str, name: &[u8]| {
            let head = format!(
                "-- PostgreSQL database dump\nSET client_encoding = '{encoding}';\nCOPY regions FROM stdin;\nasia\t"
            );
            read(
                [
                    head.as_bytes(),
                    name,
                    b"\t\\N\n\\.\n-- PostgreSQL database dump complete\n",
                ]
                .concat(),
            )
        };
        assert_eq!(row("UTF8", "Å".as_bytes()), Ok(vec!["asia Å ".to_owned()]));
        assert_eq!(
            row("LATIN1", b"\xc3\x85"),
            Err("line 4, name: must have 1 to 200 characters and no control character".to_owned())
        );
        assert_eq!(row("ISO-8859-1", b"\xc5"), Ok(vec!["asia Å ".to_owned()]));
        assert_eq!(row("win1252", b"\x80"), Ok(vec!["asia € ".to_owned()]));
        assert_eq!(row("LATIN1", b"\\303\\205"), Ok(vec!["asia Å ".to_owned()]));
        assert_eq!(row("SQL_ASCII", b"\xc5"), Err("line 4: is not UTF-8".to_owned()));
    }

    #[test]
    fn long_lines_between_blocks_and_long_inserts_are_read() {
        let comment = format!("COMMENT ON TABLE x IS '{}';\n{BLOCK}", "x".repeat(300_000));
        assert_eq!(statements(&comment), Ok(vec![PRICE.to_owned()]));
        let row = "('CNGGZ','EETLL','2021-01-01',5)";
        let insert = format!("INSERT INTO prices VALUES {};", vec![row; 10_000].join(","));
        assert_eq!(statements(&insert).map(|rows| rows.len()), Ok(10_000));
    }
}
