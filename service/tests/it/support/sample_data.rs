//! Sample data in the dump format of the legacy system.

use std::fmt::Write;

/// A region: slug and parent.
pub type Region<'a> = (&'a str, Option<&'a str>);

/// A port: code and region.
pub type Port<'a> = (&'a str, &'a str);

/// A price: from, to, day, dollars.
pub type Price<'a> = (&'a str, &'a str, &'a str, i32);

/// A legacy dump of these places and prices.
pub fn dump(regions: &[Region<'_>], ports: &[Port<'_>], prices: &[Price<'_>]) -> String {
    let mut text = "--\n-- PostgreSQL database dump\n--\n\nSET x = 1;\n\n".to_owned();
    text += "COPY public.ports (code, name, parent_slug) FROM stdin;\n";
    for (code, region) in ports {
        writeln!(text, "{code}\tPort {code}\t{region}").unwrap();
    }
    text += "\\.\n\nCOPY public.prices (orig_code, dest_code, day, price) FROM stdin;\n";
    for (from, to, day, price) in prices {
        writeln!(text, "{from}\t{to}\t{day}\t{price}").unwrap();
    }
    text += "\\.\n\nCOPY public.regions (slug, name, parent_slug) FROM stdin;\n";
    for (slug, parent) in regions {
        writeln!(text, "{slug}\tRegion {slug}\t{}", parent.unwrap_or("\\N")).unwrap();
    }
    text + "\\.\n\n--\n-- PostgreSQL database dump complete\n--\n"
}

/// A small world: `world` contains `asia` (`china_main`: CNGGZ, CNSGH) and `europe` (`baltic`: EETLL, FIHEL; NOOSL directly).
/// CNGGZ to EETLL has three prices on 31 January, two on the 30th, one on the 29th, and none earlier.
pub fn small() -> String {
    dump(
        &[
            ("world", None),
            ("asia", Some("world")),
            ("china_main", Some("asia")),
            ("europe", Some("world")),
            ("baltic", Some("europe")),
        ],
        &[
            ("CNGGZ", "china_main"),
            ("CNSGH", "china_main"),
            ("EETLL", "baltic"),
            ("FIHEL", "baltic"),
            ("NOOSL", "europe"),
        ],
        &[
            ("CNGGZ", "EETLL", "2021-01-31", 1000),
            ("CNGGZ", "EETLL", "2021-01-31", 1100),
            ("CNGGZ", "EETLL", "2021-01-31", 1363),
            ("CNGGZ", "EETLL", "2021-01-30", 900),
            ("CNGGZ", "EETLL", "2021-01-30", 950),
            ("CNGGZ", "EETLL", "2021-01-29", 800),
            ("CNSGH", "FIHEL", "2021-01-31", 2000),
            ("CNSGH", "NOOSL", "2021-01-31", 3000),
            ("EETLL", "FIHEL", "2021-01-31", 10),
            ("EETLL", "FIHEL", "2021-01-31", 11),
            ("FIHEL", "EETLL", "2021-01-31", 12),
            ("EETLL", "EETLL", "2021-01-31", 1),
            ("EETLL", "EETLL", "2021-01-31", 2),
            ("EETLL", "EETLL", "2021-01-31", 2),
        ],
    )
}

/// The request for CNGGZ to EETLL in [`small`].
pub const QUERY: &str = "/rates?date_from=2021-01-28&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL";
