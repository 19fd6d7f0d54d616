//! The only place that starts a program: each gets a process group of its own and, for root, another account.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::account::Account;

/// Runs a program to its end and collects what it wrote.
pub(crate) fn output(program: &Path, args: &[OsString], account: Option<Account>) -> io::Result<Output> {
    start(program, args, account, Stdio::piped(), Stdio::piped())?.wait_with_output()
}

/// Starts a server whose output goes to the log file.
pub(crate) fn server(program: &Path, args: &[OsString], account: Account, log: &File) -> io::Result<Child> {
    start(
        program,
        args,
        Some(account),
        log.try_clone()?.into(),
        log.try_clone()?.into(),
    )
}

/// Starts a program whose output the caller reads while it runs.
pub(crate) fn piped(program: &Path, args: &[OsString], account: Account) -> io::Result<Child> {
    start(program, args, Some(account), Stdio::piped(), Stdio::piped())
}

/// One column of `ps` about one process, where there is no `/proc`.
pub(crate) fn ps(pid: i32, column: &str) -> Option<String> {
    let args = ["-o", column, "-p", &pid.to_string()].map(OsString::from);
    let output = output(Path::new("ps"), &args, None).ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place of this crate that spawns processes"
)]
fn start(
    program: &Path,
    args: &[OsString],
    account: Option<Account>,
    stdout: Stdio,
    stderr: Stdio,
) -> io::Result<Child> {
    let mut command = Command::new(program);
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr);
    // A Ctrl-C in the terminal is for our caller, who then stops us in order.
    command.process_group(0);
    // The caller's working directory may be closed to the other account.
    command.current_dir("/");
    // Messages in English: we show them and look for words in them.
    command.env("LC_ALL", "C").env_remove(OsStr::new("PGDATA"));
    if let Some(Account {
        uid,
        gid,
        switch: true,
    }) = account
    {
        // The standard library drops the supplementary groups too when root sets a uid.
        command.uid(uid).gid(gid);
    }
    command.spawn()
}
