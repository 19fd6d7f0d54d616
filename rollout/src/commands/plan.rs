//! `deploy plan`: verifies the image, makes the plan, which the policies judge, and records what is to be approved.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use harness::context::Context;
use harness::output::print;
use harness::{checksum, clock};

use crate::commands::options::{EnvironmentArgs, Terraform};
use crate::commands::outputs::target;
use crate::config::Config;
use crate::evidence::{self, Sources};
use crate::invocation::{Program, Variables};
use crate::journal::{Folder, Journal, SCHEMA};
use crate::machine::{Deploy, State};
use crate::plan_json::Change;
use crate::planning;
use crate::runner::Processes;

/// Options of `deploy plan`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    environment: EnvironmentArgs,
    /// The image as REGISTRY/NAME@sha256:DIGEST
    #[arg(long, value_name = "IMAGE")]
    image: String,
    /// The image's manifest, byte for byte as the registry has it
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// The gate's report of the image's commit [default: target/report]
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// What `cargo xtask image` found [default: target/image/image.json]
    #[arg(long, value_name = "FILE")]
    figures: Option<PathBuf>,
    /// The suffix of the new revision, never used before [default: commit and time]
    #[arg(long, value_name = "SUFFIX")]
    revision_suffix: Option<String>,
    /// Accept changes of the app as a whole: ingress, registry, identities and secrets of every revision. No rollback undoes them
    #[arg(long)]
    accept_app_changes: bool,
    #[command(flatten)]
    terraform: Terraform,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<()> {
    let config = options.environment.read(context)?;
    let folder = Folder::locked(&context.settings.target, &config.name)?;
    if let Some(journal) = Journal::find_deployed(&folder)? {
        ensure!(
            !journal.deploy.is_in_progress(),
            "a deploy is in state {}: `apply` resumes it, `rollback` ends it, if need be with --to REVISION",
            journal.deploy.state.name()
        );
    }
    folder.discard_planned()?;
    require_lock_file(&config)?;
    let in_target = |given: &Option<PathBuf>, default: &str| {
        given
            .clone()
            .unwrap_or_else(|| context.settings.target.join(default))
    };
    let sources = Sources {
        report: in_target(&options.report, "report"),
        figures: in_target(&options.figures, "image/image.json"),
        manifest: options.manifest.clone(),
    };
    evidence::collect(&sources, &folder.evidence())?;
    let commit = evidence::verify(&options.image, &folder.evidence())?;
    let suffix = options.revision_suffix.clone().unwrap_or_else(|| suffix(&commit));
    let _of_an_earlier_deploy = fs::remove_file(folder.commands());
    let runner = Processes::find(context, &[Program::Terraform], Some(&folder))?;
    let files = options.terraform.files()?;
    let module = files.module(&config);
    let variables = Variables {
        app_image: options.image.clone(),
        job_image: options.image.clone(),
        suffix: suffix.clone(),
    };
    let plan = planning::plan(
        &runner,
        &module,
        &variables,
        &folder.plan(),
        &config.policies,
        options.accept_app_changes,
    )?;
    let mut journal = Journal {
        schema: SCHEMA.to_owned(),
        environment: config.name.clone(),
        image: options.image.clone(),
        commit,
        suffix,
        target: target(&plan.json["planned_values"]["outputs"])?,
        app_changes: plan.app_changes,
        deploy: Deploy {
            state: if plan.has_changes {
                State::Planned
            } else {
                State::NothingToDo
            },
            plan_sha256: checksum::of_file(&folder.plan())?,
            steps: config.environment.steps.clone(),
            old: None,
        },
        events: Vec::new(),
    };
    journal.note(None);
    journal.write(&folder)?;
    let summary = summary(&journal, &plan.changes);
    print(&summary);
    if let Some(file) = &context.settings.step_summary {
        let mut out = File::options()
            .create(true)
            .append(true)
            .open(file)
            .context("GITHUB_STEP_SUMMARY")?;
        writeln!(out, "```\n{summary}\n```").context("GITHUB_STEP_SUMMARY")?;
    }
    print(&match journal.deploy.state {
        State::NothingToDo => "nothing to do: the plan has no changes".to_owned(),
        _ => format!(
            "approve with: cargo xtask deploy apply {} --approve {}",
            config.name, journal.deploy.plan_sha256
        ),
    });
    Ok(())
}

/// `init` would only say that the lock file must not be changed.
fn require_lock_file(config: &Config) -> Result<()> {
    let file = config.root.join(".terraform.lock.hcl");
    let root = config.environment.root.display();
    ensure!(
        file.exists(),
        "no {}: run `terraform -chdir={root} init -backend=false && terraform -chdir={root} providers lock -platform=linux_amd64`, \
         and commit the file",
        file.display()
    );
    Ok(())
}

/// A suffix must be new for the whole life of the app: the commit may be deployed again.
fn suffix(commit: &str) -> String {
    format!(
        "c{}-{:x}",
        commit.get(..8).unwrap_or(commit),
        clock::now().timestamp()
    )
}

/// What is approved.
fn summary(journal: &Journal, changes: &[Change]) -> String {
    let mut lines = vec![
        format!("environment  {}", journal.environment),
        format!("image        {}", journal.image),
        format!("commit       {}", journal.commit),
        format!("revision     {}", journal.new_revision()),
        format!("changes      {}", changes.len()),
    ];
    lines.extend(changes.iter().flat_map(change_lines));
    lines.extend(journal.app_changes_line());
    lines.join("\n")
}

/// A resource; of one that stays or is replaced also what changes.
fn change_lines(change: &Change) -> Vec<String> {
    let mut lines = vec![format!("  {:<15} {}", change.actions.join("+"), change.address)];
    if change.actions != ["create"] && change.actions != ["delete"] {
        lines.extend(change.attributes.iter().map(|attribute| {
            let (before, after) = attribute.shown();
            format!("    {}: {before} → {after}", attribute.path)
        }));
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan_json;

    /// L10: The approval shows what takes effect for the old revision, too.
    #[test]
    fn changes_of_the_app_as_a_whole_are_shown() {
        let mut journal: Journal = serde_json::from_value(json!({
            "schema": SCHEMA, "environment": "dev", "image": "i", "commit": "c", "suffix": "s", "state": "planned",
            "target": {"resource_group": "rg", "app": "app", "job": "job"},
            "plan_sha256": "0", "steps": [100], "old": null, "events": [],
        }))
        .unwrap();
        let heading = "for every revision at once, and not undone by a rollback:";
        assert!(!summary(&journal, &[]).contains(heading));
        journal.app_changes = vec!["x.a: ingress.0.target_port".to_owned()];
        let shown = summary(&journal, &[]);
        assert!(
            shown.ends_with(&format!("{heading}\n  x.a: ingress.0.target_port")),
            "{shown}"
        );
    }

    #[test]
    fn values_are_shown_unless_they_are_sensitive() {
        let plan = json!({"format_version": "1.2", "resource_changes": [{
            "address": "x.a", "type": "x", "mode": "managed",
            "change": {
                "actions": ["update"],
                "before": {"image": "old", "key": "secret-1"}, "after": {"image": "new", "key": "secret-2"},
                "after_unknown": {"id": true}, "before_sensitive": {"key": true}, "after_sensitive": {"key": true},
            },
        }]});
        let lines: Vec<String> = plan_json::changes(&plan)
            .unwrap()
            .iter()
            .flat_map(change_lines)
            .collect();
        let expected = [
            "  update          x.a",
            "    id: null → (known after apply)",
            "    image: \"old\" → \"new\"",
            "    key: (sensitive) → (sensitive)",
        ];
        assert_eq!(lines, expected);
    }
}
