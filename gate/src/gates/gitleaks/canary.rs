//! The planted defect of gate `gitleaks`: a repository with a secret in each place where one was overlooked before.

use std::fs;

use harness::process::command::Command;

use crate::canaries::secrets::{self, Token};
use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

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
pub fn prepare(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    secrets::plant(ctx)?;
    git(ctx, &["init", "--quiet"])?;
    git(ctx, &["add", "--all"])?;
    git(ctx, &["commit", "--quiet", "--message=planted"])?;
    git(ctx, &["rm", "--quiet", "--cached", "-r", "."])?;
    git(ctx, &["commit", "--quiet", "--message=removed"])?;
    only_in_a_merge(ctx)?;
    only_beside_a_nul(ctx)?;
    let token = secrets::token(ctx, Token::DigitalOcean);
    let message = format!("--message=in words: {token}");
    git(ctx, &["commit", "--quiet", "--allow-empty", &message])?;
    left_out_by_name_or_letters(ctx)
}

/// In none of the merge's parents, and in none of its children.
fn only_in_a_merge(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    let empty = ["commit", "--quiet", "--allow-empty"];
    git(ctx, &["switch", "--quiet", "--create=side"])?;
    git(ctx, &[&empty[..], &["--message=side"]].concat())?;
    git(ctx, &["switch", "--quiet", "-"])?;
    git(ctx, &[&empty[..], &["--message=main"]].concat())?;
    git(ctx, &["merge", "--quiet", "--no-ff", "--no-commit", "side"])?;
    let text = format!("{}\n", secrets::token(ctx, Token::GitHub));
    committed_and_removed(ctx, "merged.txt", text.as_bytes())
}

fn only_beside_a_nul(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    let text = format!("\0\n{}\n", secrets::token(ctx, Token::GitLab));
    committed_and_removed(ctx, "binary", text.as_bytes())
}

fn left_out_by_name_or_letters(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    let text = |kind| format!("{}\n", secrets::token(ctx, kind));
    let wide: Vec<u8> = text(Token::Linear)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(ctx.subject.join("logo.svg"), text(Token::Npm))?;
    fs::write(ctx.subject.join("package-lock.json"), text(Token::Shopify))?;
    Ok(fs::write(ctx.subject.join("utf-16.txt"), wide)?)
}

fn committed_and_removed(ctx: &ScanContext<'_>, name: &str, bytes: &[u8]) -> Result<(), ScanError> {
    fs::write(ctx.subject.join(name), bytes)?;
    git(ctx, &["add", name])?;
    git(ctx, &["commit", "--quiet", "--message=planted"])?;
    git(ctx, &["rm", "--quiet", name])?;
    git(ctx, &["commit", "--quiet", "--message=removed"])
}

fn git(ctx: &ScanContext<'_>, args: &[&str]) -> Result<(), ScanError> {
    let author = ["-c", "user.name=planted", "-c", "user.email=planted@example.org"];
    let command = Command::new(ctx.context(), "git").current_dir(&ctx.subject);
    let output = ctx.run(&command.args(author).args(args), "prepare")?;
    match output.code {
        0 => Ok(()),
        _ => Err(output.failed(&format!("git {}", args.first().unwrap_or(&"")))),
    }
}
