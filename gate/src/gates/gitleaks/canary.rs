//! The planted defect of gate `gitleaks`: a repository with a secret in each place where one was overlooked before.

use std::fs;

use harness::process::command::Call;

use crate::canaries::secrets::{self, Token};
use crate::scan_context::Job;
use crate::scan_result::Trouble;

/// What must be found, and which look has to find it.
pub const EXPECTS: &[&str] = &[
    "history:aws-access-token",
    "history:generic-api-key",
    "history:private-key",
    MERGED,
    BINARY,
    "message:digitalocean-pat",
    "plain:npm-access-token",
    "plain:shopify-access-token",
    "plain:linear-api-key",
    "tree:aws-access-token",
    "tree:generic-api-key",
    "tree:private-key",
];

const MERGED: &str = "history:github-pat";
const BINARY: &str = "history:gitlab-pat";

/// Secrets are committed, and deleted by a later commit; the tree has them as new files, so that each look has to find
/// them by itself.
///
/// # Errors
/// `Broke` when git fails, or a file cannot be written.
pub fn prepare(job: &Job<'_>) -> Result<(), Trouble> {
    secrets::plant(job)?;
    git(job, &["init", "--quiet"])?;
    git(job, &["add", "--all"])?;
    git(job, &["commit", "--quiet", "--message=planted"])?;
    git(job, &["rm", "--quiet", "--cached", "-r", "."])?;
    git(job, &["commit", "--quiet", "--message=removed"])?;
    only_in_a_merge(job)?;
    only_beside_a_nul(job)?;
    let token = secrets::token(job, Token::DigitalOcean);
    let message = format!("--message=in words: {token}");
    git(job, &["commit", "--quiet", "--allow-empty", &message])?;
    left_out_by_name_or_letters(job)
}

/// In none of the merge's parents, and in none of its children.
fn only_in_a_merge(job: &Job<'_>) -> Result<(), Trouble> {
    let empty = ["commit", "--quiet", "--allow-empty"];
    git(job, &["switch", "--quiet", "--create=side"])?;
    git(job, &[&empty[..], &["--message=side"]].concat())?;
    git(job, &["switch", "--quiet", "-"])?;
    git(job, &[&empty[..], &["--message=main"]].concat())?;
    git(job, &["merge", "--quiet", "--no-ff", "--no-commit", "side"])?;
    let text = format!("{}\n", secrets::token(job, Token::GitHub));
    committed_and_removed(job, "merged.txt", text.as_bytes())
}

fn only_beside_a_nul(job: &Job<'_>) -> Result<(), Trouble> {
    let text = format!("\0\n{}\n", secrets::token(job, Token::GitLab));
    committed_and_removed(job, "binary", text.as_bytes())
}

fn left_out_by_name_or_letters(job: &Job<'_>) -> Result<(), Trouble> {
    let text = |kind| format!("{}\n", secrets::token(job, kind));
    let wide: Vec<u8> = text(Token::Linear)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(job.subject.join("logo.svg"), text(Token::Npm))?;
    fs::write(job.subject.join("package-lock.json"), text(Token::Shopify))?;
    Ok(fs::write(job.subject.join("utf-16.txt"), wide)?)
}

fn committed_and_removed(job: &Job<'_>, name: &str, bytes: &[u8]) -> Result<(), Trouble> {
    fs::write(job.subject.join(name), bytes)?;
    git(job, &["add", name])?;
    git(job, &["commit", "--quiet", "--message=planted"])?;
    git(job, &["rm", "--quiet", name])?;
    git(job, &["commit", "--quiet", "--message=removed"])
}

fn git(job: &Job<'_>, args: &[&str]) -> Result<(), Trouble> {
    let author = ["-c", "user.name=planted", "-c", "user.email=planted@example.org"];
    let call = Call::new(job.context(), "git").within(&job.subject);
    let said = job.run(&call.args(author).args(args), "prepare")?;
    match said.code {
        0 => Ok(()),
        _ => Err(said.broke(&format!("git {}", args.first().unwrap_or(&"")))),
    }
}
