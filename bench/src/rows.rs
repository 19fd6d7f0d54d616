//! The table of measurements: each with its figure, goal and function.

use anyhow::Result;

use crate::bench_env::BenchEnv;
use crate::bench_env::Size::{self, Large, Small};
use crate::dataset::Logins;
use crate::figure::Figure;
use crate::{
    competitor, export, hot, import_speed, instructions, latency, places, rotation, scaling, startup_time,
    uncached,
};

/// A row of the behaviour list, or a half of one.
pub struct Row {
    /// `P1`, or `P7-memory` for the second figure of P7.
    pub id: &'static str,
    pub what: &'static str,
    pub goal: Goal,
    /// Datasets that it measures. All are started before the first measurement, and no others.
    pub needs: &'static [Size],
    pub measure: fn(&mut BenchEnv<'_>) -> Result<Figure>,
}

/// The bound of a figure, with its unit.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    AtLeast(f64),
    AtMost(f64, &'static str),
    Below(f64, &'static str),
}

/// In the order in which they run and are shown.
pub const ROWS: &[Row] = &[
    Row {
        id: "P1",
        what: "uncached /rates ÷ pgbench's textbook statement, per second",
        goal: Goal::AtLeast(1.1),
        needs: &[Large],
        measure: |env| uncached::against_textbook(env, Logins::Without),
    },
    Row {
        id: "P1b",
        what: "the same ÷ pgbench on the sums themselves",
        goal: Goal::AtLeast(0.6),
        needs: &[Large],
        measure: uncached::against_sums,
    },
    Row {
        id: "P1b-unbatched",
        what: "the same with batching of lookups off",
        goal: Goal::AtLeast(0.45),
        needs: &[Large],
        measure: uncached::against_sums_unbatched,
    },
    Row {
        id: "P2",
        what: "hot /rates ÷ a bare handler with the same bytes, per second",
        goal: Goal::AtLeast(0.9),
        needs: &[Small],
        measure: hot::against_bare_handler,
    },
    Row {
        id: "P3",
        what: "p99 ÷ p50 at 60 % of P1's rate, open loop",
        goal: Goal::AtMost(4.0, ""),
        needs: &[Large],
        measure: |env| latency::tail(env, Logins::Without),
    },
    Row {
        id: "P3-slowest",
        what: "p99.9 at the same load",
        goal: Goal::AtMost(20.0, "ms"),
        needs: &[Large],
        measure: latency::slowest,
    },
    Row {
        id: "P1-logins",
        what: "as P1, with 200 logins in flight on our side only",
        goal: Goal::AtLeast(1.1),
        needs: &[Large],
        measure: |env| uncached::against_textbook(env, Logins::During),
    },
    Row {
        id: "P3-logins",
        what: "as P3, with 200 logins in flight",
        goal: Goal::AtMost(4.0, ""),
        needs: &[Large],
        measure: |env| latency::tail(env, Logins::During),
    },
    Row {
        id: "E17-rates",
        what: "p99 at P3's load with 200 parallel logins ÷ without",
        goal: Goal::AtMost(1.5, ""),
        needs: &[Large],
        measure: latency::tail_growth,
    },
    Row {
        id: "E17-memory",
        what: "memory at P3's load with 200 parallel logins over memory without",
        goal: Goal::Below(64.0, "MB"),
        needs: &[Large],
        measure: latency::memory_growth,
    },
    Row {
        id: "P4",
        what: "region to region ÷ port to port, requests per second",
        goal: Goal::AtLeast(0.95),
        needs: &[Large],
        measure: places::against_ports,
    },
    Row {
        id: "P4-recursive",
        what: "region to region ÷ pgbench's recursive statement, per second",
        goal: Goal::AtLeast(50.0),
        needs: &[Large],
        measure: places::against_recursion,
    },
    Row {
        id: "P5",
        what: "import ÷ psql's \\copy into the textbook table with its index, prices per second",
        goal: Goal::AtLeast(0.9),
        needs: &[],
        measure: import_speed::against_copy,
    },
    Row {
        id: "P5-memory",
        what: "memory of such an import",
        goal: Goal::Below(64.0, "MB"),
        needs: &[],
        measure: import_speed::peak_memory,
    },
    Row {
        id: "P6",
        what: "p50 at 10,000,000 prices ÷ at 50,000",
        goal: Goal::AtMost(1.2, ""),
        needs: &[Large, Small],
        measure: scaling::large_against_small,
    },
    Row {
        id: "P7",
        what: "start to first 200",
        goal: Goal::Below(100.0, "ms"),
        needs: &[Small],
        measure: startup_time::first_answer,
    },
    Row {
        id: "P7-memory",
        what: "idle memory",
        goal: Goal::Below(30.0, "MB"),
        needs: &[Small],
        measure: startup_time::idle_memory,
    },
    Row {
        id: "P8",
        what: "uncached /rates ÷ FastAPI with asyncpg and uvicorn, requests per second",
        goal: Goal::AtLeast(10.0),
        needs: &[Large],
        measure: competitor::uncached,
    },
    Row {
        id: "P8-hot",
        what: "the same with one request that is repeated",
        goal: Goal::AtLeast(20.0),
        needs: &[Large],
        measure: competitor::hot,
    },
    Row {
        id: "P9",
        what: "instructions per uncached request, by callgrind",
        goal: Goal::AtMost(80_000.0, ""),
        needs: &[Small],
        measure: instructions::per_request,
    },
    Row {
        id: "P9-budget",
        what: "the same ÷ the budget",
        goal: Goal::AtMost(1.03, ""),
        needs: &[Small],
        measure: instructions::against_budget,
    },
    Row {
        id: "P10",
        what: "export rows/s ÷ psql's \\copy (…) TO",
        goal: Goal::AtLeast(0.8),
        needs: &[Large],
        measure: export::against_copy,
    },
    Row {
        id: "P10-memory",
        what: "memory during an export over memory before",
        goal: Goal::Below(64.0, "MB"),
        needs: &[Large],
        measure: export::memory_growth,
    },
    Row {
        id: "V3",
        what: "failed requests while logins are replaced 20 times",
        goal: Goal::AtMost(0.0, ""),
        needs: &[],
        measure: rotation::planned,
    },
    Row {
        id: "V4",
        what: "recovery after all leases in use were revoked",
        goal: Goal::Below(2.0, "s"),
        needs: &[],
        measure: rotation::recovery,
    },
    Row {
        id: "V4-failed",
        what: "requests that fail at such a revocation",
        goal: Goal::AtMost(8.0, ""),
        needs: &[],
        measure: rotation::loss,
    },
    Row {
        id: "V10",
        what: "failed requests of V3 if leases are revoked too early",
        goal: Goal::AtLeast(1.0),
        needs: &[],
        measure: rotation::control,
    },
];

impl Row {
    /// `P7` selects both of its halves.
    pub fn is_named(&self, wanted: &str) -> bool {
        let same = |id: &str| id.eq_ignore_ascii_case(wanted);
        same(self.id) || self.id.split_once('-').is_some_and(|(row, _)| same(row))
    }
}

impl Goal {
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound, _) => value <= bound,
            Self::Below(bound, _) => value < bound,
        }
    }
}

impl std::fmt::Display for Goal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(f, "≥ {bound}"),
            Self::AtMost(bound, "") => write!(f, "≤ {bound}"),
            Self::AtMost(bound, unit) => write!(f, "≤ {bound} {unit}"),
            Self::Below(bound, unit) => write!(f, "< {bound} {unit}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_holds_up_to_its_bound() {
        for (goal, value, holds) in [
            (Goal::AtLeast(0.9), 0.9, true),
            (Goal::AtLeast(0.9), 0.89, false),
            (Goal::AtMost(5.0, ""), 5.0, true),
            (Goal::AtMost(5.0, "ms"), 5.01, false),
            (Goal::Below(300.0, "ms"), 300.0, false),
            (Goal::AtLeast(0.9), f64::NAN, false),
        ] {
            assert_eq!(goal.holds(value), holds, "{value} {goal}");
        }
    }

    #[test]
    fn a_row_is_selected_by_its_id_or_its_behaviour() {
        let named = |wanted: &str| {
            ROWS.iter()
                .filter(|row| row.is_named(wanted))
                .map(|row| row.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(named("p1"), ["P1", "P1-logins"]);
        assert_eq!(named("p1b"), ["P1b", "P1b-unbatched"]);
        assert_eq!(named("P7"), ["P7", "P7-memory"]);
        assert_eq!(named("P7-memory"), ["P7-memory"]);
        assert_eq!(named("P"), [""; 0]);
    }
}
