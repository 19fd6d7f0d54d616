//! COPY blocks.

use super::{PRICE, statements};

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
