//! Gate `waivers`: the ledger is valid, the tools' own lists match it, and no file ignores anything else.

use crate::definition::{Gate, minutes};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanOutcome, ScanResult};
use crate::waivers::check;
use crate::waivers::violation::{self, Violation};

pub const GATE: Gate = Gate {
    id: "waivers",
    title: "Every accepted finding has an owner, a reason and an expiry date, and nothing else is ignored",
    timeout: minutes(1),
    required_from: GateProfile::Local,
    scan,
    expects: &[
        violation::EXPIRED,
        violation::MALFORMED,
        violation::PERIOD,
        violation::UNKNOWN,
        violation::LIST,
        violation::UNLEDGERED,
    ],
    ..Gate::DEFAULT
};

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let files = ctx.files.iter().map(String::as_str);
    let violations = check::folder(&ctx.subject, files, ctx.run_state.began.date_naive())?;
    let findings = violations.iter().map(Violation::finding);
    Ok(ScanResult::of(findings).with_work(ctx.files.len() as u64, "files", 1))
}
