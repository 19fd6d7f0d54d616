//! Pipes, devices and folders in place of the file of a secret.

use crate::support::database::Database;
use crate::support::program::{run, run_tool, stderr};
use crate::support::temp_file::TempFile;
use std::process::Output;
use std::sync::mpsc;
use std::time::Duration;

/// Runs the program, which must not wait for a writer of the pipe.
fn run_within_a_minute(arguments: &[&str], pairs: Vec<(String, String)>) -> Output {
    let (sender, outputs) = mpsc::channel();
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    std::thread::spawn(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let _ = sender.send(run(&arguments, &pairs));
    });
    outputs
        .recv_timeout(Duration::from_secs(60))
        .expect("the program waits for the pipe")
}

/// K1, K2: A pipe, a device or a folder as the file of a secret ends `serve` with code 78 and the name of the setting, and a
/// command with 1 and the path. Neither waits for a writer of the pipe.
#[test]
fn a_secret_is_read_from_a_regular_file_only() {
    let file = TempFile::new("fifo", "");
    std::fs::remove_file(file.path()).unwrap();
    let made = run_tool("/usr/bin/mkfifo".as_ref(), &[file.path_str()], &[]);
    assert!(made.status.success(), "{made:?}");
    let database = Database::not_created();
    for name in ["TOKEN_KEYS", "DATA_KEY", "DATABASE_RATES_PASSWORD"] {
        for path in [file.path_str(), "/dev/zero", "/tmp"] {
            let mut pairs = database.pairs();
            pairs.retain(|(known, _)| known != name);
            pairs.push((format!("{name}_FILE"), path.to_owned()));
            let output = run_within_a_minute(&["serve"], pairs);
            assert_eq!(output.status.code(), Some(78), "{output:?}");
            let expected =
                format!("portcullis: PORTCULLIS_{name}_FILE: cannot read {path}: it is not a regular file\n");
            assert_eq!(stderr(&output), expected);
        }
    }
    for command in ["list", "rotate"] {
        let output = run_within_a_minute(&["keys", command, file.path_str()], Vec::new());
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let error = stderr(&output);
        assert!(
            error.contains(file.path_str()) && error.contains("it is not a regular file"),
            "{error}"
        );
    }
}
