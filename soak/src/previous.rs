//! The program of the previous release: a given one, or one that is built from a commit.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use harness::context::Context;
use harness::process::command::Command;
use harness::release_tags;
use stack::service::build;

/// Where the steps of the schema are.
const STEPS: &str = "migrations/steps";

/// Which program it is.
#[derive(Debug, Clone, clap::Args)]
// A group is named after its structure, and the command that includes this one has the same name.
#[group(skip)]
pub struct Options {
    /// The program
    #[arg(long, value_name = "PROGRAM", conflicts_with = "commit")]
    previous: Option<PathBuf>,
    /// The commit to build it from. Default: the last release tag before this commit, or, before the first release, the commit before the newest step
    #[arg(long, value_name = "COMMIT")]
    commit: Option<String>,
}

/// The program and what it is.
pub struct Previous {
    /// Its file.
    pub program: PathBuf,
    /// The commit, or the file.
    pub name: String,
}

/// Finds or builds it.
pub fn find(context: &Context, options: &Options) -> Result<Previous> {
    if let Some(program) = &options.previous {
        let program =
            fs::canonicalize(program).with_context(|| format!("cannot find {}", program.display()))?;
        let name = program.display().to_string();
        return Ok(Previous { program, name });
    }
    let commit = match &options.commit {
        Some(commit) => commit.clone(),
        None => previous_release(context)?,
    };
    let commit = git(
        context,
        &["rev-parse", "--verify", &format!("{commit}^{{commit}}")],
    )?;
    let name = commit.chars().take(12).collect::<String>();
    let folder = context.settings.target.join("soak");
    fs::create_dir_all(&folder)?;
    let program = folder.join(format!("portcullis-{name}"));
    if !program.exists() {
        build_from(context, &commit, &folder.join(format!("tree-{name}")), &program)?;
    }
    Ok(Previous { program, name })
}

/// The last release tag before `HEAD`; before the first release, the commit before the newest step.
fn previous_release(context: &Context) -> Result<String> {
    if let Some(tag) = release_tags::last_before_head(context, &context.settings.root)? {
        return Ok(tag);
    }
    let added = git(
        context,
        &[
            "log",
            "-1",
            "--format=%H",
            "--diff-filter=A",
            "--",
            &format!("{STEPS}/*/up.sql"),
        ],
    )?;
    ensure!(
        !added.is_empty(),
        "no commit adds a step: give --previous or --commit"
    );
    Ok(format!("{added}^"))
}

/// The working tree of the commit is removed after the build.
fn build_from(context: &Context, commit: &str, tree: &Path, program: &Path) -> Result<()> {
    let tree_text = tree.display().to_string();
    let remove = || git(context, &["worktree", "remove", "--force", &tree_text]);
    if tree.exists() {
        remove()?;
    }
    git(context, &["worktree", "add", "--detach", &tree_text, commit])?;
    let built = build::service_of(context, tree, false);
    let copied = built.and_then(|built| {
        let partial = program.with_extension("partial");
        fs::copy(&built, &partial)?;
        Ok(fs::rename(partial, program)?)
    });
    remove()?;
    copied
}

fn git(context: &Context, args: &[&str]) -> Result<String> {
    let output = Command::new(context, "git").args(args.iter().copied()).output()?;
    Ok(output.trim().to_owned())
}
