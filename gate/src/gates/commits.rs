//! Gate `commits`: the messages since the last tag are Conventional Commits, from which the next version is derived.

use harness::process::command::Command;

use crate::canaries::git::git;
use crate::commits::{history, message};
use crate::definition::{Gate, minutes};
use crate::finding::{Finding, Severity};
use crate::profile::GateProfile;
use crate::run_state::RunState;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "commits",
    title: "Commit messages are Conventional Commits with an imperative subject",
    timeout: minutes(1),
    required_from: GateProfile::Local,
    inputs: |_, _| false,
    data: refs,
    scan,
    prepare,
    expects: &[message::FORM, message::STYLE],
    ..Gate::DEFAULT
};

/// The last tag may move without a new commit, and so may commits that a shallow clone lacks arrive.
fn refs(run_state: &RunState<'_>) -> Option<String> {
    let git = |args: &[&str]| Command::new(run_state.context, "git").args(args).capture().ok();
    let tags = git(&["for-each-ref", "--format=%(objectname) %(refname)", "refs/tags"])?;
    let head = git(&["rev-parse", "HEAD", "--is-shallow-repository"])?;
    head.status.success().then(|| head.stdout + &tags.stdout)
}

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let repository = if ctx.planted {
        &ctx.subject
    } else {
        // The copy of the tree has no history.
        &ctx.context().settings.root
    };
    let history = history::since_last_tag(ctx.context(), repository)?;
    if history.is_shallow {
        return Err(ScanError::DataUnavailable(history::SHALLOW.to_owned()));
    }
    let last = ctx.run_state.config.commits.style_after.as_deref();
    let history = history.with_style_after(ctx.context(), repository, last)?;
    let findings = history.violations().map(|(commit, violation)| {
        let what = format!("{} line {}: {}", commit.short(), violation.line, violation.what);
        Finding::new("commits", violation.rule, what).rated(Severity::Low)
    });
    Ok(ScanResult::of(findings).with_work(history.commits.len() as u64, "commits", 1))
}

/// Creates the history from the messages in the folder, since a repository cannot contain another. The tag is no version, so
/// it must not exclude the commits before it.
fn prepare(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    let git = |args: &[&str]| git(ctx, &ctx.subject, args);
    git(&["init", "--quiet"])?;
    for file in &ctx.files {
        let commit = ["commit", "--quiet", "--allow-empty", "--no-verify"];
        git(&[&commit[..], &["--file", file]].concat())?;
    }
    git(&["tag", "v0planted", "HEAD^"])
}
