//! The built binary. No other test file starts a process. Its environment contains only the given settings.

use super::environment;
use super::run_log;
use private_postgres::account::Account;
use serde_json::Value;
use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

/// The built program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");

fn command(arguments: &[&str], settings: &[(String, String)]) -> Command {
    command_of(Path::new(PROGRAM), arguments, settings)
}

fn command_of(program: &Path, arguments: &[&str], settings: &[(String, String)]) -> Command {
    #[expect(
        clippy::disallowed_methods,
        reason = "the only test file that starts processes"
    )]
    let mut command = Command::new(program);
    command.args(arguments).env_clear().stdin(Stdio::null());
    command.envs(environment::inherited());
    command.envs(
        settings
            .iter()
            .map(|(name, value)| (format!("PORTCULLIS_{name}"), value)),
    );
    command
}

/// Runs the program until it exits.
pub fn run(arguments: &[&str], settings: &[(String, String)]) -> Output {
    command(arguments, settings).output().unwrap()
}

/// Runs the program until it exits, as if this user had called it by sudo.
pub fn run_as_sudo(sudo_user: &str, arguments: &[&str], settings: &[(String, String)]) -> Output {
    command(arguments, settings)
        .env("SUDO_USER", sudo_user)
        .output()
        .unwrap()
}

/// Runs the program until it exits, with these variables besides its settings, as a cloud platform sets them.
#[allow(dead_code, reason = "only one of the two test programs needs it")]
pub fn run_on_platform(
    variables: &[(&str, &str)],
    arguments: &[&str],
    settings: &[(String, String)],
) -> Output {
    command(arguments, settings)
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// Runs the program until it exits, with this standard output.
pub fn run_into(stdout: impl Into<Stdio>, arguments: &[&str], settings: &[(String, String)]) -> Output {
    let mut command = command(arguments, settings);
    command.stdout(stdout).stderr(Stdio::piped());
    command.spawn().unwrap().wait_with_output().unwrap()
}

/// Runs the program with this standard input until it exits.
pub fn run_with_input(arguments: &[&str], settings: &[(String, String)], input: &[u8]) -> Output {
    let mut child = command(arguments, settings)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A program that refuses its input closes the pipe.
        scope.spawn(move || {
            let _ = std::io::Write::write_all(&mut stdin, input);
        });
        child.wait_with_output().unwrap()
    })
}

/// Runs another program until it exits, with these variables as its environment.
pub fn run_tool(program: &std::path::Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    #[expect(
        clippy::disallowed_methods,
        reason = "the only test file that starts processes"
    )]
    let mut command = Command::new(program);
    command.args(arguments).env_clear().stdin(Stdio::null());
    command.envs(variables.iter().copied());
    command.output().unwrap()
}

/// A program that runs in the background; dropping it kills the process.
pub struct BackgroundTool(Child);

impl BackgroundTool {
    /// Starts it as this account, with these variables as its environment.
    pub fn start_as(
        account: Account,
        program: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        Self(tool_as(account, program, arguments, variables).spawn().unwrap())
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for BackgroundTool {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs another program as this account until it exits, with an empty environment.
pub fn run_tool_as(account: Account, program: &Path, arguments: &[&str]) -> Output {
    tool_as(account, program, arguments, &[]).output().unwrap()
}

fn tool_as(account: Account, program: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    #[expect(
        clippy::disallowed_methods,
        reason = "the only test file that starts processes"
    )]
    let mut command = Command::new(program);
    command.args(arguments).env_clear().stdin(Stdio::null());
    command.envs(variables.iter().copied());
    switch(&mut command, account);
    command
}

fn switch(command: &mut Command, account: Account) {
    if account.switch {
        command.uid(account.uid).gid(account.gid);
    }
}

/// The program where this account may run it; the folder, if there is one, holds a copy.
fn reachable_program(account: Account) -> (PathBuf, Option<tempfile::TempDir>) {
    let program = PathBuf::from(PROGRAM);
    if account.can_reach(program.parent().unwrap()) {
        return (program, None);
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let copy = folder.path().join("portcullis");
    std::fs::copy(&program, &copy).unwrap();
    std::fs::set_permissions(&copy, Permissions::from_mode(0o755)).unwrap();
    (copy, Some(folder))
}

/// Runs the program until it exits, with a setting that need not be UTF-8.
#[cfg(unix)]
pub fn run_with_bytes(arguments: &[&str], name: &str, value: &[u8]) -> Output {
    use std::os::unix::ffi::OsStrExt;
    command(arguments, &[])
        .env(name, std::ffi::OsStr::from_bytes(value))
        .output()
        .unwrap()
}

/// The code that `oathtool` computes for a base32 secret at a Unix time; `None` when it is not installed.
pub fn oathtool(secret: &str, unix_time: i64) -> Option<String> {
    let at = format!("@{unix_time}");
    let output = installed("oathtool", &["--totp", "--base32", secret, "--now", &at])?;
    assert!(output.status.success(), "{output:?}");
    Some(stdout(&output).trim().to_owned())
}

/// Runs another program until it exits; `None` when it is not installed.
pub fn installed(program: &str, arguments: &[&str]) -> Option<Output> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the only test file that starts processes"
    )]
    let mut command = Command::new(program);
    match command.args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("{program}: {error}"),
    }
}

/// The standard error output of a program.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The standard output of a program.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Lines that a reader thread collects.
type Lines = Arc<Mutex<Vec<String>>>;

fn collect(from: impl Read + Send + 'static, lines: &Lines) -> JoinHandle<()> {
    let lines = Arc::clone(lines);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            run_log::append(&line);
            lines.lock().unwrap().push(line);
        }
    })
}

/// A running `portcullis serve`; dropping it kills the process.
pub struct ServiceProcess {
    child: Child,
    _program: Option<tempfile::TempDir>,
    lines: Lines,
    errors: Lines,
    readers: Vec<JoinHandle<()>>,
    /// The public listener.
    pub address: SocketAddr,
    /// The internal listener.
    pub internal: SocketAddr,
}

impl ServiceProcess {
    /// Starts the process and waits until it listens.
    pub fn start(settings: &[(String, String)]) -> Self {
        Self::start_on_platform(&[], settings)
    }

    /// The same with these variables besides its settings, as a cloud platform sets them.
    pub fn start_on_platform(variables: &[(String, String)], settings: &[(String, String)]) -> Self {
        let mut command = command(&["serve"], settings);
        command.envs(variables.iter().cloned());
        Self::spawn_command(command, None).listening()
    }

    /// The same as this account.
    pub fn start_as(account: Account, settings: &[(String, String)]) -> Self {
        let (program, folder) = reachable_program(account);
        let mut command = command_of(&program, &["serve"], settings);
        switch(&mut command, account);
        Self::spawn_command(command, folder).listening()
    }

    /// Starts the process. Its addresses are not known.
    pub fn spawn(settings: &[(String, String)]) -> Self {
        Self::spawn_command(command(&["serve"], settings), None)
    }

    fn listening(mut self) -> Self {
        let line = self.wait_for_line("listening");
        let listening: Value = serde_json::from_str(&line).unwrap();
        self.address = listening["public"].as_str().unwrap().parse().unwrap();
        self.internal = listening["internal"].as_str().unwrap().parse().unwrap();
        self
    }

    fn spawn_command(mut command: Command, program: Option<tempfile::TempDir>) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        run_log::start();
        let (lines, errors) = (Lines::default(), Lines::default());
        let readers = vec![
            collect(child.stdout.take().unwrap(), &lines),
            collect(child.stderr.take().unwrap(), &errors),
        ];
        let address = "127.0.0.1:0".parse().unwrap();
        Self {
            child,
            _program: program,
            lines,
            errors,
            readers,
            address,
            internal: address,
        }
    }

    /// Waits for a log line that contains this text; returns the first.
    pub fn wait_for_line(&self, text: &str) -> String {
        let start = Instant::now();
        loop {
            if let Some(line) = self.log().into_iter().find(|line| line.contains(text)) {
                return line;
            }
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "no {text:?} in {:?}",
                self.log()
            );
            sleep(Duration::from_millis(10));
        }
    }

    /// All log lines so far.
    pub fn log(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// The lines of standard error so far.
    pub fn stderr(&self) -> Vec<String> {
        self.errors.lock().unwrap().clone()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The limit on core dumps: soft and hard.
    #[allow(dead_code, reason = "only one of the two test programs reads it")]
    pub fn core_limits(&self) -> Vec<String> {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", self.child.id())).unwrap();
        let line = limits
            .lines()
            .find_map(|line| line.strip_prefix("Max core file size"));
        line.unwrap()
            .split_whitespace()
            .take(2)
            .map(str::to_owned)
            .collect()
    }

    /// The peak resident memory so far, in KiB (`VmHWM`).
    #[allow(dead_code, reason = "only one of the two test programs measures it")]
    pub fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// The resident memory, in KiB (`VmRSS`).
    #[allow(dead_code, reason = "only one of the two test programs measures it")]
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    fn status(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Sends a signal.
    pub fn signal(&self, option: &str) {
        #[expect(
            clippy::disallowed_methods,
            reason = "the only test file that starts processes"
        )]
        let mut kill = Command::new("kill");
        assert!(
            kill.args([option, &self.child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits until the process exits; returns the exit code and the whole log.
    pub fn wait(mut self) -> (Option<i32>, Vec<String>) {
        let status = self.child.wait().unwrap();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        (status.code(), self.log())
    }
}

impl Drop for ServiceProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
