//! Embeds commit, build date and compiler version. Reproducible: `SOURCE_DATE_EPOCH` takes precedence over the clock.

use std::path::Path;
use std::process::Command;

fn main() {
    let commit = variable("SOURCE_COMMIT").or_else(|| run("git", &["rev-parse", "--short=12", "HEAD"]));
    let rustc = run(
        &variable("RUSTC").unwrap_or_else(|| "rustc".into()),
        &["--version"],
    );
    println!(
        "cargo::rustc-env=PORTCULLIS_COMMIT={}",
        commit.unwrap_or_else(|| "unknown".into())
    );
    println!("cargo::rustc-env=PORTCULLIS_BUILD_DATE={}", build_date());
    println!(
        "cargo::rustc-env=PORTCULLIS_RUSTC={}",
        rustc.unwrap_or_else(|| "unknown".into())
    );
    for variable in ["SOURCE_COMMIT", "SOURCE_DATE_EPOCH"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    // Cargo runs this for every build if a file that is named here does not exist, as `.git/HEAD` in a linked worktree.
    for file in ["HEAD", "logs/HEAD"] {
        let path = run(
            "git",
            &["rev-parse", "--path-format=absolute", "--git-path", file],
        );
        if let Some(path) = path.filter(|path| Path::new(path).exists()) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    println!("cargo::rerun-if-changed=../migrations");
}

/// The day of `SOURCE_DATE_EPOCH` (seconds since 1970), else of the commit, else today.
fn build_date() -> String {
    let day = |epoch: &str| run("date", &["-u", "-d", &format!("@{epoch}"), "+%Y-%m-%d"]);
    let source = variable("SOURCE_DATE_EPOCH").and_then(|epoch| day(&epoch));
    source
        .or_else(|| run("git", &["log", "-1", "--format=%cs"]))
        .or_else(|| run("date", &["-u", "+%Y-%m-%d"]))
        .unwrap_or_else(|| "unknown".into())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a build script gets its input from the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a build script runs git and the compiler for their versions"
)]
fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}
