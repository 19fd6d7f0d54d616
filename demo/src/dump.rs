//! The demo data as a plain dump, as `pg_dump` writes the tables ports, prices and regions.

use std::io::{self, Write};

use crate::{
    calendar::day_text,
    market::{DAYS, base_price, offered, offers, price, route_seed},
    ports::ports,
    random::mix,
    regions::regions,
};

const HEAD: &str = include_str!("dump/head.sql");
const TAIL: &str = include_str!("dump/tail.sql");

/// Writes the demo data. The file loads with `psql` into an empty database as well as with `portcullis import`.
pub fn write_dump(out: &mut impl Write) -> io::Result<()> {
    write_with(out, write_prices)
}

/// Writes the same dump with ports and regions but without prices.
pub fn write_places_dump(out: &mut impl Write) -> io::Result<()> {
    write_with(out, |_| Ok(()))
}

fn write_with<W: Write>(out: &mut W, prices: impl FnOnce(&mut W) -> io::Result<()>) -> io::Result<()> {
    out.write_all(HEAD.as_bytes())?;
    copy(out, "ports", "code, name, parent_slug", |out| {
        ports()
            .iter()
            .try_for_each(|port| writeln!(out, "{}\t{}\t{}", port.code, port.name, port.region))
    })?;
    copy(out, "prices", "orig_code, dest_code, day, price", prices)?;
    copy(out, "regions", "slug, name, parent_slug", |out| {
        regions().iter().try_for_each(|region| {
            writeln!(
                out,
                "{}\t{}\t{}",
                region.slug,
                region.name,
                region.parent.unwrap_or("\\N")
            )
        })
    })?;
    out.write_all(TAIL.as_bytes())
}

fn copy<W: Write>(
    out: &mut W,
    table: &str,
    columns: &str,
    rows: impl FnOnce(&mut W) -> io::Result<()>,
) -> io::Result<()> {
    write!(
        out,
        "--\n-- Data for Name: {table}; Type: TABLE DATA; Schema: public; Owner: -\n--\n\n"
    )?;
    writeln!(out, "COPY public.{table} ({columns}) FROM stdin;")?;
    rows(out)?;
    out.write_all(b"\\.\n\n\n")
}

fn write_prices<W: Write>(out: &mut W) -> io::Result<()> {
    let days: Vec<String> = (0..DAYS).map(day_text).collect();
    for (orig, dest) in offered() {
        let (seed, base) = (route_seed(orig.code, dest.code), base_price(orig, dest));
        for (index, day) in (0..).zip(&days) {
            // The set of quoting forwarders changes over time, so it does not always start with the first.
            let first = mix(seed ^ u64::from(index / 10)) % 3;
            for offer in first..first + offers(orig.code, dest.code, index) {
                writeln!(
                    out,
                    "{}\t{}\t{day}\t{}",
                    orig.code,
                    dest.code,
                    price(seed, base, index, offer)
                )?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::fnv1a;

    fn dump() -> Vec<u8> {
        let mut out = Vec::new();
        write_dump(&mut out).unwrap();
        out
    }

    #[test]
    fn the_dump_is_the_same_on_every_run_and_machine() {
        let dump = dump();
        assert_eq!(dump.iter().filter(|byte| **byte == b'\n').count(), LINES);
        assert_eq!(
            fnv1a(&dump),
            FINGERPRINT,
            "the demo data changed; if intended, pin the new value"
        );
    }

    const LINES: usize = 86_174;
    const FINGERPRINT: u64 = 7_722_726_039_871_118_353;

    #[test]
    fn each_copy_block_has_the_expected_rows_and_fields() {
        let text = String::from_utf8(dump()).unwrap();
        for (table, rows, fields) in [
            ("ports", 78..79, 3),
            ("prices", 60_000..140_000, 4),
            ("regions", 30..31, 3),
        ] {
            let (_, block) = text.split_once(&format!("COPY public.{table} (")).unwrap();
            let (block, _) = block.split_once("\n\\.\n").unwrap();
            let lines: Vec<&str> = block.lines().skip(1).collect();
            assert!(rows.contains(&lines.len()), "{table}: {}", lines.len());
            assert!(lines.iter().all(|line| line.split('\t').count() == fields));
        }
    }
}
