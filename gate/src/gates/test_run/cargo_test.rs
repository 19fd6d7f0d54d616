//! Gate `test`: every unit and integration test, with a real PostgreSQL.

use harness::test_results::counts::Counts;
use harness::test_results::libtest::Reader;
use harness::test_results::record::Part;
use stack::commands::test::ARGUMENTS;

use crate::canaries::canary_crate;
use crate::definition::{Gate, Planted, files_only, minutes, whole_tree};
use crate::gates::test_run;
use crate::gates::workspace;
use crate::profile::Profile;
use crate::scan_context::Job;
use crate::scan_result::{Look, Trouble};
use crate::scheduler::Takes;

/// There were so many in November 2026. Who removes tests says it here.
const LEAST: u64 = 780;

/// The row.
pub const GATE: Gate = Gate {
    id: "test",
    title: "Every test passes",
    tools: &[],
    after: &[],
    // Tests measure time.
    takes: Takes::Machine,
    limit: minutes(60),
    needed: Profile::Local,
    inputs: whole_tree,
    data: files_only,
    look,
    planted: Some(Planted {
        folder: "test",
        prepare: canary_crate::with_our_lints,
        expects: &["tests::this_one_fails", "tests::this_one_panics"],
    }),
};

fn look(job: &Job<'_>) -> Look {
    match job.planted {
        false => test_run::seen(&test_run::record(job)?.tests, "cargo-test", "tests", LEAST),
        true => test_run::seen(&planted(job)?, "cargo-test", "tests", 1),
    }
}

/// Cargo's very arguments over a crate of which one test fails, and the same reader.
fn planted(job: &Job<'_>) -> Result<Part, Trouble> {
    let said = job.run(&workspace::cargo(job).args(ARGUMENTS), "cargo-test")?;
    let (mut counts, mut reader) = (Counts::default(), Reader::default());
    for line in said.stdout.lines() {
        counts.read(line);
        reader.read(line);
    }
    Ok(Part {
        counts,
        cases: reader.cases,
        problems: Vec::new(),
    })
}
