//! Start and end of each dump.

use super::{BLOCK, read};

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
