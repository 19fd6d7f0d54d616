//! The first pass over a file: is every row good, and does every place exist? Reads the whole file, keeps no price.
use super::outcome::{ImportError, Progress};
use super::row::{Row, RowFault};
use super::rows::Rows;
use crate::db::batches::NewPlace;
use std::collections::{HashMap, HashSet};
use std::io::BufRead;

/// How many faults are told. The rest is counted.
pub const TOLD_FAULTS: usize = 20;

/// How many rows apart progress is told.
const STEP: u64 = 50_000;

/// A file whose every row is good.
#[derive(Debug)]
pub struct Checked {
    /// SHA-256 of its content.
    pub digest: [u8; 32],
    /// Its regions.
    pub regions: Vec<NewPlace>,
    /// Its ports.
    pub ports: Vec<NewPlace>,
    /// Number of its prices.
    pub prices: u64,
}

#[derive(Default)]
struct Faults {
    told: Vec<RowFault>,
    count: u64,
}

impl Faults {
    fn add(&mut self, fault: RowFault) {
        self.count += 1;
        if self.told.len() < TOLD_FAULTS {
            self.told.push(fault);
        }
    }
}

/// Reads everything. `known_ports` and `known_regions` are those that the database has already.
pub fn check<R: BufRead>(
    rows: &mut Rows<R>,
    known_ports: &HashSet<String>,
    known_regions: &HashSet<String>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Checked, ImportError> {
    let mut faults = Faults::default();
    let (mut regions, mut ports) = (Vec::new(), Vec::new());
    // Each code and where it was first used: ports may stand behind the prices in a dump.
    let mut used: HashMap<String, (u64, &'static str)> = HashMap::new();
    let mut prices = 0;
    while let Some(row) = rows.next_row()? {
        match row {
            Err(fault) => faults.add(fault),
            Ok(Row::Region(line, region)) => regions.push((line, region)),
            Ok(Row::Port(line, port)) => ports.push((line, port)),
            Ok(Row::Price(price)) => {
                prices += 1;
                for (code, column) in [(&price.orig_code, "orig_code"), (&price.dest_code, "dest_code")] {
                    if !used.contains_key(code.as_str()) {
                        used.insert(code.as_str().to_owned(), (rows.line(), column));
                    }
                }
                if prices % STEP == 0 {
                    progress(Progress::Checked(prices));
                }
            }
        }
    }
    check_tree(&regions, &ports, known_regions, &mut faults);
    let own: HashSet<&str> = ports.iter().map(|(_, port)| port.key.as_str()).collect();
    let mut missing: Vec<_> = used
        .iter()
        .filter(|(code, _)| !own.contains(code.as_str()) && !known_ports.contains(*code))
        .collect();
    missing.sort_by_key(|(_, (line, _))| *line);
    for (_, (line, column)) in missing {
        faults.add(RowFault::new(
            *line,
            column,
            "is a port that does not exist (first of its uses)",
        ));
    }
    if faults.count > 0 {
        faults.told.sort_by_key(|fault| fault.line);
        return Err(ImportError::BadRows(faults.told, faults.count));
    }
    let places = |list: Vec<(u64, NewPlace)>| list.into_iter().map(|(_, place)| place).collect();
    Ok(Checked {
        digest: rows.digest(),
        regions: places(regions),
        ports: places(ports),
        prices,
    })
}

/// Every key once, and every parent in the file or in the database. A circle is no fault here: queries end all the same.
fn check_tree(
    regions: &[(u64, NewPlace)],
    ports: &[(u64, NewPlace)],
    known: &HashSet<String>,
    faults: &mut Faults,
) {
    let slugs: HashSet<&str> = regions.iter().map(|(_, region)| region.key.as_str()).collect();
    for (list, column) in [(regions, "slug"), (ports, "code")] {
        let mut seen = HashSet::new();
        for (line, place) in list {
            if !seen.insert(place.key.as_str()) {
                faults.add(RowFault::new(*line, column, "stands here a second time"));
            }
            let parent = place.parent_slug.as_deref();
            if parent.is_some_and(|slug| !slugs.contains(slug) && !known.contains(slug)) {
                faults.add(RowFault::new(
                    *line,
                    "parent_slug",
                    "is a region that does not exist",
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "--\nSET x;\nCOPY public.ports (code, name, parent_slug) FROM stdin;\n\
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
            &mut |_| {},
        ) {
            Ok(checked) => Ok(checked),
            Err(ImportError::BadRows(faults, _)) => Err(faults.iter().map(ToString::to_string).collect()),
            Err(other) => Err(vec![other.to_string()]),
        }
    }

    #[test]
    fn a_dump_may_have_its_blocks_in_any_order() {
        let checked = run(DUMP).unwrap();
        assert_eq!(
            (checked.regions.len(), checked.ports.len(), checked.prices),
            (2, 2, 1)
        );
        assert_eq!(run(&DUMP.replace('\n', "\r\n")).unwrap().prices, 1);
    }

    #[test]
    fn half_a_dump_and_bad_rows_are_told_with_line_and_column() {
        let half = &DUMP[..DUMP.find("COPY public.regions").unwrap()];
        assert!(
            run(half)
                .unwrap_err()
                .iter()
                .any(|fault| fault.contains("cut off"))
        );
        let bad = run(&DUMP
            .replace("\t1244", "\tx")
            .replace("Tallinn\tbaltic", "Tallinn\tnowhere"))
        .unwrap_err();
        assert_eq!(
            bad,
            [
                "line 5, parent_slug: is a region that does not exist",
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
    fn csv_takes_columns_in_any_order_and_names_unknown_ports() {
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
        let faults = run("orig_code,dest_code,day,price\nNOOSL,XXXXX,2021-01-01,5\nNOOSL,NOOSL,2021-01-01\n");
        assert_eq!(
            faults.unwrap_err(),
            [
                "line 2, dest_code: is a port that does not exist (first of its uses)",
                "line 3: has 3 fields instead of 4"
            ]
        );
        assert!(run("orig_code,dest_code,day\n").unwrap_err()[0].contains("price"));
    }

    #[test]
    fn only_the_first_faults_are_told_and_all_are_counted() {
        let text = format!(
            "orig_code,dest_code,day,price\n{}",
            "NOOSL,NOOSL,2021-01-01,x\n".repeat(50)
        );
        let result = check(
            &mut Rows::new(text.as_bytes()),
            &HashSet::new(),
            &HashSet::new(),
            &mut |_| {},
        );
        let Err(ImportError::BadRows(told, 50)) = result else {
            panic!("{result:?}")
        };
        assert_eq!(told.len(), TOLD_FAULTS);
    }
}
