//! Gate `commits`: the messages since the last tag are Conventional Commits, from which a release's version follows.

use harness::process::command::Call;

use crate::commits::history;
use crate::definition::{Gate, Planted, minutes};
use crate::finding::{Finding, Severity};
use crate::profile::Profile;
use crate::scan_context::Job;
use crate::scan_result::{Look, Seen, Trouble};
use crate::scheduler::Takes;

/// The row.
pub const GATE: Gate = Gate {
    id: "commits",
    title: "Messages of commits are Conventional Commits",
    tools: &[],
    after: &[],
    takes: Takes::Little,
    limit: minutes(1),
    needed: Profile::Local,
    inputs: |_| false,
    data: |shared| {
        // The last tag may be set anew on the same commit, and what a shallow clone lacks may come without a new one.
        let args = ["for-each-ref", "--format=%(objectname) %(refname)", "refs/tags"];
        let tags = Call::new(shared.context, "git").args(args).capture().ok()?.stdout;
        let head = Call::new(shared.context, "git")
            .args(["rev-parse", "HEAD", "--is-shallow-repository"])
            .capture()
            .ok()?;
        head.status.success().then(|| head.stdout + &tags)
    },
    look,
    planted: Some(Planted {
        folder: "commits",
        prepare,
        expects: &["conventional-commit"],
    }),
};

fn look(job: &Job<'_>) -> Look {
    let repository = match job.planted {
        true => &job.subject,
        // The copy of the tree has no history.
        false => &job.context().settings.root,
    };
    let history = history::since_last_tag(job.context(), repository)?;
    if history.is_shallow {
        return Err(Trouble::NoData(history::SHALLOW.to_owned()));
    }
    let findings = history.faults().map(|(commit, fault)| {
        let what = format!("{} line {}: {}", commit.short(), fault.line, fault.what);
        Finding::new("commits", "conventional-commit", what).rated(Severity::Low)
    });
    let seen = Seen {
        findings: findings.collect(),
        ..Seen::default()
    };
    Ok(seen.looked_at(history.commits.len() as u64, "commits", 1))
}

/// A repository inside a repository would be no part of ours, so its history is made here from the messages in the folder.
/// The tag is of no version and hides nothing.
fn prepare(job: &Job<'_>) -> Result<(), Trouble> {
    let git = |args: &[&str]| -> Result<(), Trouble> {
        let who = [
            "-c",
            "user.name=planted",
            "-c",
            "user.email=planted@example.org",
            "-c",
            "commit.gpgsign=false",
        ];
        let call = Call::new(job.context(), "git")
            .within(&job.subject)
            .args(who)
            .args(args);
        let said = job.run(&call, "git")?;
        match said.code {
            0 => Ok(()),
            _ => Err(said.broke("git")),
        }
    };
    git(&["init", "--quiet", "--template="])?;
    for file in &job.files {
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
