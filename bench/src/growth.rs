//! P6: how much longer an answer takes with two hundred times as many prices.

use anyhow::Result;

use super::lab::{LARGE, Lab, SMALL};
use super::load::{Force, Load};
use super::medians::{median, span};
use super::outcome::Outcome;
use super::requests::Requests;

const ROUNDS: u64 = 7;

/// Short rounds, so that whatever else the machine does meets both sides, and so that the small stage's requests last.
/// One connection: with more of them than cores a request's time is mostly spent waiting for the others, and says
/// little about the data.
const FORCE: Force = Force {
    connections: 1,
    threads: 1,
    seconds: 1,
};

/// Windows of the same lengths on both sides, none of P1's length, so that nothing is asked twice.
const SHORTEST: u32 = 1;
const LONGEST: u32 = 30;

/// In turn, large and small.
pub fn large_against_small(lab: &mut Lab) -> Result<Outcome> {
    let context = lab.context;
    let Some(wrk) = lab.wrk.clone() else {
        return Ok(Outcome::without_wrk());
    };
    let mut sides = Vec::new();
    for size in [LARGE, SMALL] {
        let prices = lab.prices(size)?;
        let load = Load::new(
            Requests::of(&prices.bulk, SHORTEST, LONGEST),
            &prices.folder.0.join("growth"),
        )?;
        sides.push((load, prices.stage.base_url(), Vec::new()));
    }
    for round in 0..=ROUNDS {
        for (load, base_url, medians) in &mut sides {
            let measured = load.run(context, &wrk, base_url, FORCE)?;
            // The first round warms up.
            if round > 0 {
                medians.push(measured.p50);
            }
        }
    }
    let [large, small] = [0, 1].map(|side| &sides[side].2);
    let value = median(large.iter().zip(small).map(|(large, small)| large / small));
    let note = format!(
        "p50 {} ms against {} ms, one connection, median of {ROUNDS} rounds of {} s",
        span(large.iter().copied(), 3),
        span(small.iter().copied(), 3),
        FORCE.seconds
    );
    Ok(Outcome::Figure { value, note })
}
