//! `cargo xtask COMMAND`: builds the crate that does the work, and replaces itself with it, so that only that crate is built.

use std::env;
use std::ffi::OsString;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// A command: its name, its crate, and a summary.
const COMMANDS: [(&str, &str, &str); 21] = [
    ("up", "stack", "Build and run everything, until Ctrl-C"),
    ("down", "stack", "Stop what `up` started"),
    ("test", "stack", "Run every test, with a private PostgreSQL"),
    ("bdd", "stack", "Run the features, on a new or a given service"),
    ("tidy", "tidy", "Check the repository's own rules"),
    ("tour", "tidy", "Show a behaviour's text, code and tests"),
    ("bench", "bench", "Measure speed and cost on this machine"),
    ("soak", "soak", "Rotate database logins under load"),
    ("backup", "backup", "Destroy a database, and restore it"),
    ("image", "image", "Build, check and start the container image"),
    ("deploy", "rollout", "Deploy to Azure in steps, or roll back"),
    ("ci", "gate", "Run the gate; its report is in `target/report/`"),
    ("report", "gate", "Write the report again from `report.json`"),
    ("waivers", "gate", "Check, list or apply accepted findings"),
    ("commits", "gate", "Check the messages of commits"),
    ("release", "gate", "Make a version: changelog, commit and tag"),
    ("vault", "vault-setup", "Set a Vault up, and issue SecretIDs"),
    ("tools", "tools", "List, install and verify the gate's tools"),
    ("features", "features", "Run the features' program alone"),
    ("plan-policies", "plan-policies", "Judge Terraform plans"),
    ("offline-provider", "offline-provider", "Fake a cloud provider"),
];

/// Programs that run beside the tests: other commands start them after `cargo xtask test` has built the tests.
const BESIDE_TESTS: [&str; 3] = ["features", "plan-policies", "offline-provider"];

/// Selects such a program, whose name follows at once. Cargo gives a dependency the features that the selected packages need, and
/// builds it again for each other set: alone, the program would need others than the tests. No crate has examples; the flag makes
/// cargo count the features of dev-dependencies, as it does for tests.
const AS_TESTED: [&str; 3] = ["--workspace", "--examples", "--bin"];

/// Variables that may hold secrets: the settings of the service, and a token of Vault. The program gets them, its compilation, which
/// runs build scripts of all dependencies, does not.
const SECRETS: [&str; 2] = ["PORTCULLIS_", "VAULT_"];

/// Variables that `cargo run` sets for this crate. If another cargo inherited them, it would run build scripts again.
const OF_THIS_CRATE: [&str; 5] = [
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "CARGO_PRIMARY_PACKAGE",
];

fn main() -> ExitCode {
    let mut args: Vec<OsString> = env::args_os().skip(1).collect();
    // `help COMMAND` is `COMMAND --help`.
    if args.len() > 1 && args[0] == "help" {
        args = vec![args.swap_remove(1), "--help".into()];
    }
    let Some((name, args)) = args.split_first() else {
        eprintln!("{}", help());
        return ExitCode::from(2);
    };
    if ["help", "-h", "--help"].iter().any(|help| name == help) {
        return print(&help());
    }
    let Some((name, package, _)) = COMMANDS.iter().find(|(known, ..)| name == known) else {
        eprintln!("error: no command `{}`\n\n{}", name.display(), help());
        return ExitCode::from(2);
    };
    // The same command for containers, so that `up` without them builds nothing for them.
    let in_containers = ["up", "down"].contains(name) && args.iter().any(|arg| arg == "--compose");
    let package = if in_containers { "compose" } else { *package };
    match build(package).and_then(|built| built.map_or_else(|| run(name, package, args), Ok)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: cannot run `{package}`: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints text. A closed pipe is not an error.
fn print(text: &str) -> ExitCode {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("error: cannot write to standard output: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn help() -> String {
    let mut text = "Usage: cargo xtask COMMAND [OPTIONS]\n\nCommands:\n".to_owned();
    for (name, _, about) in COMMANDS {
        text += &format!("  {name:<16}  {about}\n");
    }
    text + "\n`cargo xtask COMMAND --help` lists the options of a command."
}

/// Builds the program. Returns the exit code of a build that failed.
#[expect(
    clippy::disallowed_methods,
    reason = "this crate depends on no other, not even on the one that reads the environment and starts programs"
)]
fn build(package: &str) -> io::Result<Option<ExitCode>> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // As the gate does: what is built is what the committed lock file pins.
    cargo.args(["build", "--locked", "--quiet"]);
    if BESIDE_TESTS.contains(&package) {
        cargo.args(AS_TESTED);
    } else {
        cargo.args(["--package", package, "--bin"]);
    }
    cargo.args([package, "--manifest-path"]).arg(manifest);
    for name in variables(&OF_THIS_CRATE).chain(variables(&SECRETS)) {
        cargo.env_remove(name);
    }
    // Standard input is the program's.
    let status = cargo.stdin(Stdio::null()).status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok((!status.success()).then(|| code.map_or(ExitCode::FAILURE, ExitCode::from)))
}

/// Returns only if the program cannot be started. The process is replaced, so signals and exit codes need no forwarding.
#[expect(
    clippy::disallowed_methods,
    reason = "this crate depends on no other, not even on the one that reads the environment and starts programs"
)]
fn run(name: &str, package: &str, args: &[OsString]) -> io::Result<ExitCode> {
    // Beside this program, which the same cargo has built.
    let mut program = Command::new(env::current_exe()?.with_file_name(package));
    // A crate with several commands takes the name of one.
    if name != package {
        program.arg(name);
    }
    for name in variables(&OF_THIS_CRATE) {
        program.env_remove(name);
    }
    Err(program.args(args).exec())
}

/// The names of the variables that begin so.
#[expect(
    clippy::disallowed_methods,
    reason = "this crate depends on no other, not even on the one that reads the environment"
)]
fn variables(prefixes: &[&str]) -> impl Iterator<Item = OsString> {
    env::vars_os().map(|(name, _)| name).filter(move |name| {
        let text = name.to_string_lossy();
        prefixes.iter().any(|prefix| text.starts_with(prefix))
    })
}
