//! Gate `test`: every unit and integration test.

use harness::test_results::libtest::{CARGO_TEST, Reader};
use harness::test_results::record::Part;

use crate::canaries::canary_crate;
use crate::cargo::workspace;
use crate::definition::{Gate, minutes};
use crate::gates::test_run;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome};
use crate::scheduler::ResourceClass;

pub const GATE: Gate = Gate {
    id: "test",
    title: "Every test passes",
    // Some tests measure time.
    resources: ResourceClass::Exclusive,
    timeout: minutes(60),
    required_from: GateProfile::Local,
    scan,
    prepare: canary_crate::with_our_lints,
    expects: &["tests::this_one_fails", "tests::this_one_panics"],
    ..Gate::DEFAULT
};

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let min = test_run::config(ctx)?.min_tests;
    let part = if ctx.planted {
        planted(ctx)?
    } else {
        test_run::record(ctx)?.tests
    };
    test_run::result(ctx, &part, "cargo-test", "tests", min)
}

/// Runs the tests of the planted crate with the same arguments and the same reader.
fn planted(ctx: &ScanContext<'_>) -> Result<Part, ScanError> {
    let output = ctx.run(&workspace::cargo(ctx).args(CARGO_TEST), "cargo-test")?;
    let mut reader = Reader::default();
    output.stdout.lines().for_each(|line| reader.read(line));
    Ok(reader.tests)
}
