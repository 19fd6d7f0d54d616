//! The list of commands, from outside.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the tests run the program itself, as a user does"
)]

use std::process::Command;

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
        "up", "down", "test", "bdd", "tidy", "tour", "bench", "ci", "report", "waivers", "commits",
        "release", "tools",
    ] {
        assert!(text.contains(&format!("\n  {command} ")), "{command}: {text}");
    }
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
