//! Gate `waivers`: every entry of the ledger counts, the tools' own lists are what it says, and no file ignores more.

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes, whole_tree};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;
use crate::waivers::check;
use crate::waivers::violation;

/// The row.
pub const GATE: Gate = Gate {
    id: "waivers",
    title: "What is accepted has an owner, a reason and an end, and nothing else is ignored",
    tools: &[],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(1),
    required_from: GateProfile::Local,
    inputs: whole_tree,
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "waivers",
        prepare: as_it_is,
        expects: |_| {
            vec![
                violation::EXPIRED,
                violation::MALFORMED,
                violation::PERIOD,
                violation::UNKNOWN,
                violation::LIST,
                violation::UNLEDGERED,
            ]
        },
    }),
};

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let files = ctx.files.iter().map(String::as_str);
    let violations = check::folder(&ctx.subject, files, ctx.shared.began.date_naive())?;
    let seen = ScanResult {
        findings: violations.iter().map(violation::Violation::finding).collect(),
        ..ScanResult::default()
    };
    Ok(seen.with_work(ctx.files.len() as u64, "files", 1))
}
