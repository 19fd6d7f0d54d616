//! The first pass over a file: validates every row and the existence of every place, without storing prices.

use super::identity::Prices;
use super::outcome::{FileError, ImportError, Progress};
use super::row::{Entry, Price, Row, RowError};
use super::rows::Rows;
use crate::db::batches::NewPlace;
use crate::types::day::Day;
use std::collections::{HashMap, HashSet};
use std::io::Read;

/// Maximum number of errors that the command line reports in detail; all of them are counted.
pub const MAX_REPORTED_ERRORS: usize = 20;

/// Rows between two progress reports.
const PROGRESS_INTERVAL: u64 = 50_000;

/// A valid file.
#[derive(Debug)]
pub struct Checked {
    /// What identifies its content.
    pub identity: [u8; 32],
    /// SHA-256 of the file, decompressed.
    pub file_digest: [u8; 32],
    /// Its regions.
    pub regions: Vec<NewPlace>,
    /// Its ports.
    pub ports: Vec<NewPlace>,
    /// Number of its prices without deleted ones.
    pub prices: u64,
    /// Days whose first prices the file deletes, with the number of rows with prices that precede the deletion.
    deleted: HashMap<Day, u64>,
}

impl Checked {
    /// Whether the file deletes a price of this day after its `index`-th row with a price, from 0.
    pub fn deletes(&self, day: Day, index: u64) -> bool {
        !self.deleted.is_empty() && self.deleted.get(&day).is_some_and(|before| index < *before)
    }
}

struct RowErrors {
    reported: Vec<RowError>,
    max: usize,
    count: u64,
}

impl RowErrors {
    /// Reports at most this many.
    fn new(max: usize) -> Self {
        Self {
            reported: Vec::new(),
            max,
            count: 0,
        }
    }

    fn add(&mut self, error: RowError) {
        self.count += 1;
        if self.reported.len() < self.max {
            self.reported.push(error);
        }
    }
}

/// Maximum number of port codes of a file that the database does not know: more than UN/LOCODE has, so that a file with all possible codes,
/// of which there are 31 million, does not fill the memory.
const MAX_UNKNOWN_PORTS: usize = 150_000;

/// Port codes in use that the database does not know, each with its first use: a dump may list ports after prices.
type UnknownPorts = HashMap<String, (u64, &'static str)>;

/// Validates all rows. `known_ports` and `known_regions` are those in the database. Errors beyond `max_errors` are only counted.
pub fn check<R: Read>(
    rows: &mut Rows<R>,
    known_ports: &HashSet<String>,
    known_regions: &HashSet<String>,
    max_errors: usize,
    progress: &mut dyn FnMut(Progress),
) -> Result<Checked, ImportError> {
    let mut errors = RowErrors::new(max_errors);
    let (mut regions, mut ports) = (Vec::new(), Vec::new());
    let mut unknown = UnknownPorts::new();
    let (mut prices, mut read, mut deleted) = (Prices::default(), 0, HashMap::new());
    loop {
        match rows.next_entry() {
            Ok(None) => break,
            Ok(Some(Err(error))) => errors.add(error),
            Ok(Some(Ok(Entry::Row(Row::Region(line, region))))) => regions.push((line, region)),
            Ok(Some(Ok(Entry::Row(Row::Port(line, port))))) => ports.push((line, port)),
            Ok(Some(Ok(Entry::Row(Row::Price(price))))) => {
                prices.add(&price);
                add_unknown(&mut unknown, &price, known_ports, rows.last_line());
                if unknown.len() > MAX_UNKNOWN_PORTS {
                    let text = format!("has more than {MAX_UNKNOWN_PORTS} ports that are not known");
                    return Err(FileError::refused(rows.last_line(), text).into());
                }
                read += 1;
                if read % PROGRESS_INTERVAL == 0 {
                    progress(Progress::Checked(read));
                }
            }
            Ok(Some(Ok(Entry::Delete(day)))) => {
                prices.delete(day);
                deleted.insert(day, read);
            }
            // The other checks need the whole file, so they would report errors that it may not have.
            Err(FileError::Refused(error)) if errors.count > 0 => {
                errors.count += 1;
                errors.reported.push(error);
                return Err(ImportError::BadRows(errors.reported, errors.count));
            }
            Err(error) => return Err(error.into()),
        }
    }
    check_tree(&regions, &ports, known_regions, &mut errors);
    check_unknown(&unknown, &ports, &mut errors);
    if errors.count > 0 {
        errors.reported.sort_by_key(|error| error.line);
        return Err(ImportError::BadRows(errors.reported, errors.count));
    }
    let places =
        |list: Vec<(u64, NewPlace)>| -> Vec<NewPlace> { list.into_iter().map(|(_, place)| place).collect() };
    let (regions, ports) = (places(regions), places(ports));
    Ok(Checked {
        identity: prices.identity(&regions, &ports),
        file_digest: rows.file_digest(),
        prices: prices.count(),
        regions,
        ports,
        deleted,
    })
}

fn add_unknown(unknown: &mut UnknownPorts, price: &Price, known: &HashSet<String>, line: u64) {
    for (code, column) in [(&price.orig_code, "orig_code"), (&price.dest_code, "dest_code")] {
        let code = code.as_str();
        if !known.contains(code) && !unknown.contains_key(code) {
            unknown.insert(code.to_owned(), (line, column));
        }
    }
}

/// Validates that every port of a price that the database does not know is in the file.
fn check_unknown(unknown: &UnknownPorts, ports: &[(u64, NewPlace)], errors: &mut RowErrors) {
    let own: HashSet<&str> = ports.iter().map(|(_, port)| port.key.as_str()).collect();
    let missing = unknown.iter().filter(|(code, _)| !own.contains(code.as_str()));
    let mut missing: Vec<_> = missing.map(|(_, first)| first).collect();
    missing.sort();
    for (line, column) in missing {
        errors.add(RowError::new(*line, column, "is an unknown port (first use)"));
    }
}

/// Validates that keys are unique and parents exist, in the file or in the database. Cycles are allowed: queries handle
/// them.
fn check_tree(
    regions: &[(u64, NewPlace)],
    ports: &[(u64, NewPlace)],
    known: &HashSet<String>,
    errors: &mut RowErrors,
) {
    let slugs: HashSet<&str> = regions.iter().map(|(_, region)| region.key.as_str()).collect();
    for (list, column) in [(regions, "slug"), (ports, "code")] {
        let mut keys = HashSet::new();
        for (line, place) in list {
            if !keys.insert(place.key.as_str()) {
                errors.add(RowError::new(*line, column, "is a duplicate"));
            }
            let parent = place.parent_slug.as_deref();
            if parent.is_some_and(|slug| !slugs.contains(slug) && !known.contains(slug)) {
                errors.add(RowError::new(*line, "parent_slug", "is an unknown region"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "--\nSET x = 1;\nCOPY public.ports (code, name, parent_slug) FROM stdin;\n\
        CNGGZ\tGuangzhou\tchina\nEETLL\tTallinn\tbaltic\n\\.\n\
        COPY public.prices (orig_code, dest_code, day, price) FROM stdin;\nCNGGZ\tEETLL\t2021-01-01\t1244\n\\.\n\
        COPY public.regions (slug, name, parent_slug) FROM stdin;\nchina\tChina\t\\N\nbaltic\tBaltic\t\\N\n\\.\n\
        --\n-- PostgreSQL database dump complete\n--\n";

    fn run(text: &str) -> Result<Checked, Vec<String>> {
        let ports = HashSet::from(["NOOSL".to_owned()]);
        match check(
            &mut Rows::new(text.as_bytes()),
            &ports,
            &HashSet::new(),
            MAX_REPORTED_ERRORS,
            &mut |_| {},
        ) {
            Ok(checked) => Ok(checked),
            Err(ImportError::BadRows(errors, _)) => Err(errors.iter().map(ToString::to_string).collect()),
            Err(other) => Err(vec![other.to_string()]),
        }
    }

    #[test]
    fn a_dump_may_list_its_blocks_in_any_order() {
        let checked = run(DUMP).unwrap();
        assert_eq!(
            (checked.regions.len(), checked.ports.len(), checked.prices),
            (2, 2, 1)
        );
        assert_eq!(run(&DUMP.replace('\n', "\r\n")).unwrap().prices, 1);
    }

    #[test]
    fn a_truncated_dump_and_bad_rows_are_reported_with_line_and_column() {
        let half = &DUMP[..DUMP.find("COPY public.regions").unwrap()];
        assert!(
            run(half)
                .unwrap_err()
                .iter()
                .any(|error| error.contains("truncated"))
        );
        let bad = run(&DUMP
            .replace("\t1244", "\tx")
            .replace("Tallinn\tbaltic", "Tallinn\tnowhere"))
        .unwrap_err();
        assert_eq!(
            bad,
            [
                "line 5, parent_slug: is an unknown region",
                "line 8, price: is not a whole number from 0 to 2147483647"
            ]
        );
        assert!(
            run(&DUMP.replace("Tallinn\tbaltic", "Tallinn")).unwrap_err()[0].contains("line 5: has 2 fields")
        );
        assert!(
            run(&DUMP.replace("COPY public.ports", "COPY public.users")).unwrap_err()[0].contains("line 3")
        );
        assert!(run("hello\n").unwrap_err()[0].contains("neither CSV"));
        assert!(run("").unwrap_err()[0].contains("empty"));
    }

    #[test]
    fn a_csv_may_order_its_columns_freely_and_unknown_ports_are_reported() {
        assert_eq!(
            run("orig_code,dest_code,day,price\nNOOSL,NOOSL,2021-01-01,5\n")
                .unwrap()
                .prices,
            1
        );
        assert_eq!(
            run("\u{feff}price,day,dest_code,orig_code\r\n5,2021-01-01,NOOSL,\"NOOSL\"\r\n")
                .unwrap()
                .prices,
            1
        );
        let errors = run("orig_code,dest_code,day,price\nNOOSL,XXXXX,2021-01-01,5\nNOOSL,NOOSL,2021-01-01\n");
        assert_eq!(
            errors.unwrap_err(),
            [
                "line 2, dest_code: is an unknown port (first use)",
                "line 3: has 3 fields instead of 4"
            ]
        );
        assert!(run("orig_code,dest_code,day\n").unwrap_err()[0].contains("price"));
    }

    #[test]
    fn only_the_first_errors_are_reported_and_all_are_counted() {
        let text = format!(
            "orig_code,dest_code,day,price\n{}",
            "NOOSL,NOOSL,2021-01-01,x\n".repeat(50)
        );
        let result = check(
            &mut Rows::new(text.as_bytes()),
            &HashSet::new(),
            &HashSet::new(),
            MAX_REPORTED_ERRORS,
            &mut |_| {},
        );
        let Err(ImportError::BadRows(reported, 50)) = result else {
            panic!("{result:?}")
        };
        assert_eq!(reported.len(), MAX_REPORTED_ERRORS);
    }
}
