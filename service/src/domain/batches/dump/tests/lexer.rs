//! Text that is no statement: strings, comments, functions, long lines.

use super::{BLOCK, PRICE, statements};

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
fn long_lines_between_blocks_and_long_inserts_are_read() {
    let comment = format!("COMMENT ON TABLE x IS '{}';\n{BLOCK}", "x".repeat(300_000));
    assert_eq!(statements(&comment), Ok(vec![PRICE.to_owned()]));
    let row = "('CNGGZ','EETLL','2021-01-01',5)";
    let insert = format!("INSERT INTO prices VALUES {};", vec![row; 10_000].join(","));
    assert_eq!(statements(&insert).map(|rows| rows.len()), Ok(10_000));
}
