//! Random histories of imports, withdrawals, and moves of ports and regions.

use super::withdrawal::{WRONG_SUMS, content, withdraw_in};
use crate::support::database::Database;
use crate::support::sample_data::{Port, Region, dump, small};
use portcullis::db::batches::StoreOutcome;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

const PORTS: [&str; 7] = ["CNGGZ", "CNSGH", "EETLL", "FIHEL", "NOOSL", "SEGOT", "USNYC"];
const REGIONS: [&str; 7] = [
    "world",
    "asia",
    "china_main",
    "europe",
    "baltic",
    "north",
    "america",
];

/// An event of a history.
enum Event {
    /// An import, with the statements that create its places, and its number if it is not withdrawn.
    Import(String, String, Option<i64>),
    /// A move.
    Move(String),
}

/// Some places to be created or moved, and statements that do the same. Cycles are permitted.
fn places(random: &mut StdRng) -> (String, Vec<Region<'static>>, Vec<Port<'static>>) {
    let mut sql = String::new();
    let (mut regions, mut ports) = (Vec::new(), Vec::new());
    if random.random_bool(0.5) {
        let (slug, parent) = (
            *REGIONS.choose(random).unwrap(),
            *REGIONS[..5].choose(random).unwrap(),
        );
        regions.push((slug, Some(parent)));
        sql += &format!(
            "INSERT INTO rates.regions VALUES ('{slug}', 'Region {slug}', '{parent}')
             ON CONFLICT (slug) DO UPDATE SET parent_slug = excluded.parent_slug;"
        );
    }
    if random.random_bool(0.5) {
        let (code, parent) = (
            *PORTS.choose(random).unwrap(),
            *REGIONS[..5].choose(random).unwrap(),
        );
        ports.push((code, parent));
        sql += &format!(
            "INSERT INTO rates.ports VALUES ('{code}', 'Port {code}', '{parent}')
             ON CONFLICT (code) DO UPDATE SET parent_slug = excluded.parent_slug;"
        );
    }
    (sql, regions, ports)
}

fn import(random: &mut StdRng) -> (String, String) {
    let (sql, regions, ports) = places(random);
    let days = ["2021-01-29", "2021-01-30", "2021-01-31", "2021-02-01"];
    let prices: Vec<_> = (0..random.random_range(0..25))
        .map(|_| {
            let [orig, dest] = [(); 2].map(|()| *PORTS[..5].choose(random).unwrap());
            (
                orig,
                dest,
                *days.choose(random).unwrap(),
                random.random_range(0..3),
            )
        })
        .collect();
    (dump(&regions, &ports, &prices), sql)
}

fn run(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let database = Database::with_data(&small());
    let mut history = vec![Event::Import(small(), String::new(), Some(1))];
    for step in 0..14 {
        match random.random_range(0..10) {
            0..5 => {
                // Sometimes what was imported before, withdrawn or not.
                let former: Vec<(&String, &String)> = history
                    .iter()
                    .skip(1)
                    .filter_map(|event| match event {
                        Event::Import(text, sql, _) => Some((text, sql)),
                        Event::Move(_) => None,
                    })
                    .collect();
                let repeats = random.random_bool(0.3);
                let repeated = former.choose(&mut random).filter(|_| repeats);
                let (text, sql) = match repeated {
                    Some((text, sql)) => ((*text).clone(), (*sql).clone()),
                    None => import(&mut random),
                };
                let done = database.import(&text).unwrap();
                if done.stored == StoreOutcome::Stored {
                    history.push(Event::Import(text, sql, Some(done.batch)));
                }
            }
            5..8 => {
                let stored: Vec<usize> = (1..history.len())
                    .filter(|index| matches!(history[*index], Event::Import(_, _, Some(_))))
                    .collect();
                if let Some(Event::Import(_, _, id)) =
                    stored.choose(&mut random).map(|index| &mut history[*index])
                {
                    withdraw_in(&database, id.take().unwrap()).unwrap();
                }
            }
            _ => {
                let parent = REGIONS[..5].choose(&mut random).unwrap();
                let sql = if random.random_bool(0.5) {
                    let code = PORTS.choose(&mut random).unwrap();
                    format!("UPDATE rates.ports SET parent_slug = '{parent}' WHERE code = '{code}'")
                } else {
                    let slug = REGIONS.choose(&mut random).unwrap();
                    format!("UPDATE rates.regions SET parent_slug = '{parent}' WHERE slug = '{slug}'")
                };
                database.execute(&sql);
                history.push(Event::Move(sql));
            }
        }
        assert_eq!(
            database.lines(WRONG_SUMS),
            Vec::<String>::new(),
            "seed {seed}, step {step}"
        );
    }
    // The same without the withdrawn batches, except for their places.
    let never = Database::fresh();
    for event in &history {
        match event {
            Event::Import(text, _, Some(_)) => drop(never.import(text).unwrap()),
            Event::Import(_, sql, None) | Event::Move(sql) if sql.is_empty() => {}
            Event::Import(_, sql, None) | Event::Move(sql) => never.execute(sql),
        }
    }
    assert_eq!(content(&database), content(&never), "seed {seed}");
}

/// C14: After each step of random histories of imports, withdrawals and moves the sums are those of the prices, and at the end
/// everything is as in a database that never had the withdrawn batches.
#[test]
fn withdrawn_batches_leave_no_trace_in_random_histories() {
    for seed in 0..6 {
        run(seed);
    }
}
