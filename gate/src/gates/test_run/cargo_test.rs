//! Gate `test`: every unit and integration test, with a real PostgreSQL.

use harness::test_results::counts::Counts;
use harness::test_results::libtest::{CARGO_TEST, Reader};
use harness::test_results::record::Part;

use crate::canaries::canary_crate;
use crate::definition::{Gate, Planted, files_only, minutes, whole_tree};
use crate::gates::test_run;
use crate::gates::workspace;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "test",
    title: "Every test passes",
    tools: &[],
    after: &[],
    // Tests measure time.
    resources: ResourceClass::Exclusive,
    timeout: minutes(60),
    required_from: GateProfile::Local,
    inputs: whole_tree,
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "test",
        prepare: canary_crate::with_our_lints,
        expects: |_| vec!["tests::this_one_fails", "tests::this_one_panics"],
    }),
};

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    match ctx.planted {
        false => test_run::seen(
            &test_run::record(ctx)?.tests,
            "cargo-test",
            "tests",
            test_run::tests(ctx)?.min_tests,
        ),
        true => test_run::seen(&planted(ctx)?, "cargo-test", "tests", 1),
    }
}

/// Cargo's very arguments over a crate of which one test fails, and the same reader.
fn planted(ctx: &ScanContext<'_>) -> Result<Part, ScanError> {
    let output = ctx.run(&workspace::cargo(ctx).args(CARGO_TEST), "cargo-test")?;
    let (mut counts, mut reader) = (Counts::default(), Reader::default());
    for line in output.stdout.lines() {
        counts.read(line);
        reader.read(line);
    }
    Ok(Part {
        counts,
        cases: reader.cases,
        problems: Vec::new(),
    })
}
