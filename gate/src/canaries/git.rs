//! Git in a planted repository: with a fixed identity and fixed dates, and without the caller's templates and signatures.

use std::path::Path;

use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

const DATE: &str = "2026-01-01T00:00:00Z";

/// The same input always gives the same commits, so that caches that are keyed by commit do not grow.
pub fn git(ctx: &ScanContext<'_>, folder: &Path, args: &[&str]) -> Result<(), ScanError> {
    let command = ctx
        .program("git")
        .current_dir(folder)
        .args(["-c", "user.name=planted", "-c", "user.email=planted@example.org"])
        .args(["-c", "commit.gpgsign=false", "-c", "init.templateDir="])
        .args(args)
        .envs([("GIT_AUTHOR_DATE", DATE), ("GIT_COMMITTER_DATE", DATE)]);
    let output = ctx.run(&command, "git")?;
    output.ensure(
        output.code == 0,
        &format!("git {} failed", args.first().unwrap_or(&"")),
    )
}

/// A repository with one commit of everything in the folder.
pub fn commit_all(ctx: &ScanContext<'_>, folder: &Path) -> Result<(), ScanError> {
    git(ctx, folder, &["init", "--quiet"])?;
    git(ctx, folder, &["add", "--all"])?;
    git(ctx, folder, &["commit", "--quiet", "--message=planted"])
}
