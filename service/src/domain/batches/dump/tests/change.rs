//! `INSERT` and `DELETE`.

use super::{PRICE, statements};

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
