//! The canary of gate `gitleaks`: a repository with a secret in each place where gitleaks has missed one.

use std::fs;

use crate::canaries::git::{self, commit_all};
use crate::canaries::secrets::{self, Token};
use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

/// The rules to find, each with the source in which it must be found.
pub const EXPECTS: &[&str] = &[
    "history:aws-access-token",
    "history:generic-api-key",
    "history:private-key",
    IN_MERGE,
    IN_BINARY,
    "message:digitalocean-pat",
    "plain:npm-access-token",
    "plain:shopify-access-token",
    "plain:linear-api-key",
    "tree:aws-access-token",
    "tree:generic-api-key",
    "tree:private-key",
];

const IN_MERGE: &str = "history:github-pat";
const IN_BINARY: &str = "history:gitlab-pat";

/// Secrets are committed and then removed from the index, so that history and tree are proven separately.
pub fn prepare(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    secrets::plant(ctx)?;
    commit_all(ctx, &ctx.subject)?;
    git(ctx, &["rm", "--quiet", "--cached", "-r", "."])?;
    git(ctx, &["commit", "--quiet", "--message=removed"])?;
    plant_in_merge(ctx)?;
    // Beside a NUL, git takes the file for binary.
    let text = format!("\0\n{}\n", secrets::token(ctx, Token::GitLab));
    commit_and_remove(ctx, "binary", &text)?;
    let token = secrets::token(ctx, Token::DigitalOcean);
    let message = format!("--message=a token: {token}");
    git(ctx, &["commit", "--quiet", "--allow-empty", &message])?;
    plant_in_skipped_files(ctx)
}

/// The secret is in no parent and no child of the merge.
fn plant_in_merge(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    let empty = ["commit", "--quiet", "--allow-empty"];
    git(ctx, &["switch", "--quiet", "--create=side"])?;
    git(ctx, &[&empty[..], &["--message=side"]].concat())?;
    git(ctx, &["switch", "--quiet", "-"])?;
    git(ctx, &[&empty[..], &["--message=main"]].concat())?;
    git(ctx, &["merge", "--quiet", "--no-ff", "--no-commit", "side"])?;
    let text = format!("{}\n", secrets::token(ctx, Token::GitHub));
    commit_and_remove(ctx, "merged.txt", &text)
}

/// Files that gitleaks skips by name or encoding.
fn plant_in_skipped_files(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    let text = |kind| format!("{}\n", secrets::token(ctx, kind));
    let utf_16: Vec<u8> = text(Token::Linear)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(ctx.subject.join("logo.svg"), text(Token::Npm))?;
    fs::write(ctx.subject.join("package-lock.json"), text(Token::Shopify))?;
    Ok(fs::write(ctx.subject.join("utf-16.txt"), utf_16)?)
}

fn commit_and_remove(ctx: &ScanContext<'_>, name: &str, text: &str) -> Result<(), ScanError> {
    fs::write(ctx.subject.join(name), text)?;
    git(ctx, &["add", name])?;
    git(ctx, &["commit", "--quiet", "--message=planted"])?;
    git(ctx, &["rm", "--quiet", name])?;
    git(ctx, &["commit", "--quiet", "--message=removed"])
}

fn git(ctx: &ScanContext<'_>, args: &[&str]) -> Result<(), ScanError> {
    git::git(ctx, &ctx.subject, args)
}
