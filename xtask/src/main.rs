//! `cargo xtask COMMAND`: replaces itself with the crate that does the work, so that only that crate is built.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};

/// A command: its name, its crate, and what it does.
const COMMANDS: &[(&str, &str, &str)] = &[
    (
        "up",
        "stack",
        "Build and run everything on this machine, until Ctrl-C",
    ),
    ("down", "stack", "Stop what `up` started"),
    (
        "test",
        "stack",
        "Run every test, with a private PostgreSQL; the last line counts them",
    ),
    (
        "bdd",
        "stack",
        "Run the features, against a server that is started for them or a given one",
    ),
    ("tidy", "tidy", "Check the repository's own rules"),
    (
        "tour",
        "tidy",
        "Show a behaviour's text, code, tests and scenarios",
    ),
    ("bench", "bench", "Measure speed and cost on this machine"),
    (
        "ci",
        "gate",
        "Run the whole gate, with a report in `target/report/`",
    ),
    (
        "report",
        "gate",
        "Write the gate's report again from its `report.json`",
    ),
    ("waivers", "gate", "Check, list or apply the accepted findings"),
    (
        "commits",
        "gate",
        "Check that commit messages are Conventional Commits",
    ),
    (
        "release",
        "gate",
        "Make a new version: changelog, commit, tag; never pushes",
    ),
    ("tools", "tools", "List, install and verify the gate's tools"),
];

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    let name = args.next().unwrap_or_default().to_string_lossy().into_owned();
    let mut rest: Vec<OsString> = args.collect();
    let name = match (name.as_str(), rest.first()) {
        ("help", Some(topic)) => {
            let topic = topic.to_string_lossy().into_owned();
            rest = vec!["--help".into()];
            topic
        }
        ("help" | "-h" | "--help", _) => {
            println!("{}", help());
            return ExitCode::SUCCESS;
        }
        ("", _) => {
            eprintln!("{}", help());
            return ExitCode::from(2);
        }
        _ => name,
    };
    let Some((name, package, _)) = COMMANDS.iter().find(|(known, ..)| *known == name) else {
        eprintln!("error: no command `{name}`\n\n{}", help());
        return ExitCode::from(2);
    };
    let error = run(name, package, &rest);
    eprintln!("error: cannot run cargo: {error}");
    ExitCode::FAILURE
}

fn help() -> String {
    let mut text = "Usage: cargo xtask COMMAND [OPTIONS]\n\nCommands:\n".to_owned();
    for (name, _, about) in COMMANDS {
        text += &format!("  {name:<8}  {about}\n");
    }
    text + "\n`cargo xtask COMMAND --help` lists the options of a command."
}

/// Returns only if cargo cannot be started. The process is replaced, so signals and exit codes need no forwarding.
#[expect(
    clippy::disallowed_methods,
    reason = "this crate depends on no other, not even on the one that reads the environment and starts programs"
)]
fn run(name: &str, package: &str, args: &[OsString]) -> std::io::Error {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--package", package, "--manifest-path"]);
    cargo.arg(manifest).arg("--");
    // A crate with several commands is told which.
    if name != package {
        cargo.arg(name);
    }
    // What `cargo run` set for this crate would make build scripts run again.
    for (variable, _) in env::vars_os() {
        let text = variable.to_string_lossy();
        let of_this_crate = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
            "CARGO_PRIMARY_PACKAGE",
        ];
        if of_this_crate.iter().any(|prefix| text.starts_with(prefix)) {
            cargo.env_remove(&variable);
        }
    }
    cargo.args(args).exec()
}
