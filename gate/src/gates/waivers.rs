//! Gate `waivers`: every entry of the ledger counts, the tools' own lists are what it says, and no file ignores more.

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes, whole_tree};
use crate::profile::Profile;
use crate::scan_context::Job;
use crate::scan_result::{Look, Seen};
use crate::scheduler::Takes;
use crate::waivers::check;
use crate::waivers::violation;

/// The row.
pub const GATE: Gate = Gate {
    id: "waivers",
    title: "What is accepted has an owner, a reason and an end, and nothing else is ignored",
    tools: &[],
    after: &[],
    takes: Takes::Little,
    limit: minutes(1),
    needed: Profile::Local,
    inputs: whole_tree,
    data: files_only,
    look,
    planted: Some(Planted {
        folder: "waivers",
        prepare: as_it_is,
        expects: &[
            violation::EXPIRED,
            violation::MALFORMED,
            violation::PERIOD,
            violation::UNKNOWN,
            violation::LIST,
            violation::UNLEDGERED,
        ],
    }),
};

fn look(job: &Job<'_>) -> Look {
    let files = job.files.iter().map(String::as_str);
    let faults = check::folder(&job.subject, files, job.shared.began.date_naive())?;
    let seen = Seen {
        findings: faults.iter().map(violation::Fault::finding).collect(),
        ..Seen::default()
    };
    Ok(seen.looked_at(job.files.len() as u64, "files", 1))
}
