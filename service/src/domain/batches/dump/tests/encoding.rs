//! The declared encoding.

use super::read;

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
