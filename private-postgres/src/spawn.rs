//! Spawns programs: each gets its own process group and, for root, another account. The only file of the crate that does.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::account::Account;

/// Runs a program to completion and collects its output.
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

/// Starts a program with piped output.
pub(crate) fn piped(program: &Path, args: &[OsString], account: Account) -> io::Result<Child> {
    start(program, args, Some(account), Stdio::piped(), Stdio::piped())
}

/// One column of `ps` for one process, on systems without `/proc`.
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
    // Ctrl-C in the terminal goes to our caller, which then stops its children in order.
    command.process_group(0);
    // The caller's working directory may be closed to the other account.
    command.current_dir("/");
    // English messages: they are shown, and searched for known texts.
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
