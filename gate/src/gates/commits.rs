//! Gate `commits`: messages since the last tag are Conventional Commits, from which the next version is derived.

use harness::process::command::Command;

use crate::commits::{history, message};
use crate::definition::{Gate, Planted, minutes};
use crate::finding::{Finding, Severity};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "commits",
    title: "Commit messages are Conventional Commits with an imperative subject",
    tools: &[],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(1),
    required_from: GateProfile::Local,
    inputs: |_, _| false,
    data: |shared| {
        // The last tag may be set anew on the same commit, and what a shallow clone lacks may come without a new one.
        let args = ["for-each-ref", "--format=%(objectname) %(refname)", "refs/tags"];
        let tags = Command::new(shared.context, "git")
            .args(args)
            .capture()
            .ok()?
            .stdout;
        let head = Command::new(shared.context, "git")
            .args(["rev-parse", "HEAD", "--is-shallow-repository"])
            .capture()
            .ok()?;
        head.status.success().then(|| head.stdout + &tags)
    },
    scan,
    planted: Some(Planted {
        folder: "commits",
        prepare,
        expects: |_| vec![message::FORM, message::STYLE],
    }),
};

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let repository = match ctx.planted {
        true => &ctx.subject,
        // The copy of the tree has no history.
        false => &ctx.context().settings.root,
    };
    let history = history::since_last_tag(ctx.context(), repository)?;
    if history.is_shallow {
        return Err(ScanError::DataUnavailable(history::SHALLOW.to_owned()));
    }
    let last = ctx.shared.config.commits.style_after.as_deref();
    let history = history.with_style_after(ctx.context(), repository, last)?;
    let findings = history.violations().map(|(commit, violation)| {
        let what = format!("{} line {}: {}", commit.short(), violation.line, violation.what);
        Finding::new("commits", violation.rule, what).rated(Severity::Low)
    });
    let seen = ScanResult {
        findings: findings.collect(),
        ..ScanResult::default()
    };
    Ok(seen.with_work(history.commits.len() as u64, "commits", 1))
}

/// A repository inside a repository would be no part of ours, so its history is made here from the messages in the folder.
/// The tag is of no version and hides nothing.
fn prepare(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    let git = |args: &[&str]| -> Result<(), ScanError> {
        let who = [
            "-c",
            "user.name=planted",
            "-c",
            "user.email=planted@example.org",
            "-c",
            "commit.gpgsign=false",
        ];
        let command = Command::new(ctx.context(), "git")
            .current_dir(&ctx.subject)
            .args(who)
            .args(args);
        let output = ctx.run(&command, "git")?;
        match output.code {
            0 => Ok(()),
            _ => Err(output.failed("git")),
        }
    };
    git(&["init", "--quiet", "--template="])?;
    for file in &ctx.files {
        git(&[
            "commit",
            "--quiet",
            "--allow-empty",
            "--no-verify",
            "--file",
            file,
        ])?;
    }
    git(&["tag", "v0planted", "HEAD^"])
}
