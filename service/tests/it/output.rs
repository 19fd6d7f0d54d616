//! Output that cannot be written.

use crate::support::database::Database;
use crate::support::program::{run_into, stderr};
use crate::support::sample_data::small;
use crate::support::temp_file::TempFile;
use std::fs::OpenOptions;

/// Runs the commands that print a result; `check` gets its name, exit code and standard error output.
fn run_each(stdout: impl Fn() -> std::process::Stdio, check: impl Fn(&str, Option<i32>, &str)) {
    let database = Database::fresh();
    let pairs = database.pairs();
    let keys = TempFile::new("json", "");
    let password = TempFile::new("password", "a violet bicycle in the rain\n");
    let prices = TempFile::new("sql", small());
    let run_one = |arguments: &[&str]| {
        let output = run_into(stdout(), arguments, &pairs);
        check(&arguments.join(" "), output.status.code(), &stderr(&output));
    };
    for help in [
        &["--help"][..],
        &["help"],
        &["--version"],
        &["audit", "verify", "--help"],
    ] {
        run_one(help);
    }
    run_one(&["openapi"]);
    run_one(&["keys", "data-key"]);
    run_one(&["keys", "generate"]);
    std::fs::remove_file(keys.path()).unwrap();
    run_one(&["keys", "generate", keys.path_str()]);
    run_one(&["keys", "rotate", keys.path_str()]);
    run_one(&["keys", "list", keys.path_str()]);
    run_one(&["migrate"]);
    run_one(&["migrate", "status"]);
    database
        .server
        .with_role_lock(|| run_one(&["migrate", "prepare"]));
    run_one(&["import", "--check", prices.path_str()]);
    run_one(&["import", prices.path_str()]);
    run_one(&["import", prices.path_str()]);
    let add = [
        "accounts",
        "add",
        "ann@example.org",
        "--role",
        "user",
        "--name",
        "Ann",
        "--password-file",
    ];
    run_one(&[&add[..], &[password.path_str()]].concat());
    run_one(&["accounts", "list"]);
    run_one(&["accounts", "end-sessions", "ann@example.org"]);
    database.execute("UPDATE accounts.credentials SET totp_secret = '\\x00', totp_confirmed_at = now()");
    run_one(&["accounts", "remove-second-factor", "ann@example.org"]);
    run_one(&["keys", "reseal"]);
    run_one(&["audit", "verify"]);
    run_one(&["migrate", "down"]);
}

/// Lines of our own. `migrate prepare` also warns of what the server lacks.
fn errors(stderr: &str) -> impl Iterator<Item = &str> {
    stderr
        .lines()
        .filter(|line| line.starts_with("portcullis: ") && !line.starts_with("portcullis: warning: "))
}

/// L14: A result that cannot be written is an error: one line, and a code that is not 0.
#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap().into();
    run_each(full, |command, code, stderr| {
        assert_eq!(code, Some(74), "{command}: {stderr}");
        let mut lines = errors(stderr);
        let line = lines.next().unwrap_or_default();
        assert!(
            line.contains("cannot write the output: No space left"),
            "{command}: {stderr}"
        );
        assert_eq!(lines.next(), None, "{command}: {stderr}");
    });
}

/// L14: A closed pipe is not an error.
#[test]
fn a_closed_pipe_is_not_an_error() {
    let closed = || std::io::pipe().unwrap().1.into();
    run_each(closed, |command, code, stderr| {
        assert_eq!(code, Some(0), "{command}: {stderr}");
        assert_eq!(errors(stderr).next(), None, "{command}: {stderr}");
    });
}
