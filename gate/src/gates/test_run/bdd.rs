//! Gate `bdd`: every scenario of the features, over HTTP against the real service.

use harness::process::command::Call;
use harness::test_results::counts::Counts;
use harness::test_results::record::Part;
use stack::commands::bdd;

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes, whole_tree};
use crate::gates::test_run;
use crate::profile::Profile;
use crate::scan_context::Job;
use crate::scan_result::{Look, Trouble};
use crate::scheduler::Takes;

/// There were so many in November 2026. Who removes scenarios says it here.
const LEAST: u64 = 480;

/// The row.
pub const GATE: Gate = Gate {
    id: "bdd",
    title: "Every scenario of the features passes",
    tools: &[],
    after: &[],
    takes: Takes::Machine,
    limit: minutes(60),
    needed: Profile::Local,
    inputs: whole_tree,
    data: files_only,
    look,
    planted: Some(Planted {
        folder: "bdd",
        prepare: as_it_is,
        expects: &[
            "Planted: somebody answers where nobody serves",
            "Planted: a step that nobody defined",
        ],
    }),
};

fn look(job: &Job<'_>) -> Look {
    match job.planted {
        false => test_run::seen(&test_run::record(job)?.scenarios, "features", "scenarios", LEAST),
        true => test_run::seen(&planted(job)?, "features", "scenarios", 1),
    }
}

/// The features' own program over scenarios that cannot pass: nobody serves where they ask.
fn planted(job: &Job<'_>) -> Result<Part, Trouble> {
    let report = job.folder.join("scenarios.jsonl");
    let call = Call::cargo(job.context())
        .args(bdd::PROGRAM)
        .args([
            "--base-url",
            "http://127.0.0.1:9",
            "--internal-url",
            "http://127.0.0.1:9",
        ])
        .args(["--report".as_ref(), report.as_os_str()])
        .args(["--input".into(), job.subject.join("*.feature").into_os_string()]);
    let said = job.run(&call, "features")?;
    let mut counts = Counts::default();
    said.stdout.lines().for_each(|line| counts.read(line));
    Ok(Part {
        counts,
        cases: bdd::scenarios_in(&report)?,
        problems: Vec::new(),
    })
}
