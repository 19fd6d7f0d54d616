//! The list of commands, from outside.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the tests run the program itself, as a user does"
)]

use std::fs::{OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn xtask(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(args)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn help_lists_every_command() {
    let (code, text) = xtask(&["--help"]);
    assert_eq!(code, Some(0), "{text}");
    for command in [
        "up",
        "down",
        "test",
        "bdd",
        "tidy",
        "tour",
        "bench",
        "soak",
        "image",
        "ci",
        "report",
        "waivers",
        "commits",
        "release",
        "vault",
        "tools",
        "features",
        "plan-policies",
        "offline-provider",
    ] {
        assert!(text.contains(&format!("\n  {command} ")), "{command}: {text}");
    }
}

/// L14: Commands of every crate report that their output cannot be written; a closed pipe is not an error.
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let commands: [&[&str]; 20] = [
        &["--help"],
        &["tidy", "--help"],
        &["tidy"],
        &["tour"],
        &["tour", "A1"],
        &["up", "--help"],
        &["down", "--help"],
        &["release", "--help"],
        &["test", "--help"],
        &["bdd", "--help"],
        &["bench", "--help"],
        &["soak", "--help"],
        &["ci", "--list"],
        &["report", "--help"],
        &["waivers", "list"],
        &["commits", "--help"],
        &["vault", "--help"],
        &["tools", "list"],
        &["plan-policies", "--help"],
        &["offline-provider", "--help"],
    ];
    for args in commands {
        let run = |stdout: Stdio| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
            let output = command.args(args).stdout(stdout).output().unwrap();
            (output.status.code(), String::from_utf8(output.stderr).unwrap())
        };
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (code, text) = run(full.into());
        assert_eq!(code, Some(1), "{args:?}: {text}");
        assert_eq!(
            text.matches("cannot write to standard output").count(),
            1,
            "{args:?}: {text}"
        );
        let closed = std::io::pipe().unwrap().1;
        assert_eq!(run(closed.into()), run(Stdio::null()), "{args:?}");
    }
}

/// V12: The compilation, which runs build scripts, gets no variable that may hold a secret, and not the standard input; the program
/// gets both.
#[test]
fn secrets_reach_the_program_and_not_its_compilation() {
    let (code, text) = xtask(&["vault", "--help"]);
    assert_eq!(code, Some(0), "{text}");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (seen, cargo) = (folder.join("seen"), folder.join("cargo"));
    let script = format!(
        "#!/bin/sh\nenv >{0}; cat >>{0}; exit ${{CODE:-0}}\n",
        seen.display()
    );
    std::fs::write(&cargo, script).unwrap();
    std::fs::set_permissions(&cargo, Permissions::from_mode(0o700)).unwrap();
    let run = |code: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        let mut child = command
            // Nothing listens at this port.
            .args([
                "vault",
                "secret-id",
                "--address",
                "http://127.0.0.1:1",
                "--token-file",
                "-",
            ])
            .envs([
                ("VAULT_TOKEN", "planted-token"),
                ("PORTCULLIS_DATABASE_VAULT_PASSWORD", "planted-password"),
            ])
            .envs([("CARGO", cargo.as_os_str()), ("CODE", code.as_ref())])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that has ended reads nothing.
        let _ = child.stdin.take().unwrap().write_all(b"planted-input");
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, text) = run("0");
    assert!(
        code == Some(1) && text.contains("no answer from"),
        "{code:?} {text}"
    );
    let seen = std::fs::read_to_string(seen).unwrap();
    assert!(seen.contains("CODE=0") && !seen.contains("planted"), "{seen}");
    assert_eq!(run("101").0, Some(101), "a build that fails ends the command");
}

#[test]
fn an_unknown_command_is_named() {
    let (code, text) = xtask(&["fly"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("no command `fly`"), "{text}");
}

#[test]
fn a_command_gets_its_arguments_and_its_exit_code_is_passed_on() {
    let (code, text) = xtask(&["tidy", "--help"]);
    assert!(code == Some(0) && text.contains("--root DIR"), "{text}");
    let (code, text) = xtask(&["tidy", "--no-such-option"]);
    assert!(code == Some(2) && text.contains("--no-such-option"), "{text}");
}

/// A folder of its own for a test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The arguments that cargo gets to build the program of a command.
fn build_arguments(command: &str) -> Vec<String> {
    let cargo = folder("arguments").join(format!("cargo-{command}"));
    // Fails, so that no program is started.
    std::fs::write(&cargo, "#!/bin/sh\nprintf '%s\\n' \"$@\"\nexit 3\n").unwrap();
    std::fs::set_permissions(&cargo, Permissions::from_mode(0o700)).unwrap();
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = xtask.arg(command).env("CARGO", &cargo).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{command}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The features of a dependency follow from the selected packages: with others, cargo builds most of what these programs use
/// again.
#[test]
fn a_program_that_runs_beside_the_tests_has_the_features_of_the_tests() {
    for command in ["features", "plan-policies", "offline-provider"] {
        let arguments = build_arguments(command);
        assert_eq!(
            arguments[3..7],
            ["--workspace", "--examples", "--bin", command],
            "{arguments:?}"
        );
    }
    let arguments = build_arguments("tidy");
    assert_eq!(arguments[3..7], ["--package", "tidy", "--bin", "tidy"]);
}

/// The gate starts these programs after the tests, and what builds them is decided in one place.
#[test]
fn the_gate_starts_programs_through_a_command_of_this_crate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join("security/gate.toml")).unwrap();
    let (code, help) = xtask(&["--help"]);
    assert_eq!(code, Some(0));
    for program in ["features", "plan-policies", "offline-provider"] {
        let command = format!(r#""cargo", "xtask", "{program}""#);
        assert!(text.contains(&command), "{program}");
        assert!(
            !text.contains(&format!("\"--package\", \"{program}\"")),
            "{program}"
        );
        assert!(help.contains(&format!("\n  {program} ")), "{program}");
    }
}
