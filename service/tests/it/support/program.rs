//! The built binary: the one file of the tests that starts a process. Its environment holds nothing but what is given.
use super::environment;
use super::run_log;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

fn command(arguments: &[&str], settings: &[(String, String)]) -> Command {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one file that starts processes"
    )]
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command.envs(environment::handed_on());
    command.envs(
        settings
            .iter()
            .map(|(name, value)| (format!("PORTCULLIS_{name}"), value)),
    );
    command
}

/// Runs the program to its end.
pub fn run(arguments: &[&str], settings: &[(String, String)]) -> Output {
    command(arguments, settings).output().unwrap()
}

/// Runs the program to its end with an environment of bytes that need not be UTF-8.
#[cfg(unix)]
pub fn run_with_bytes(arguments: &[&str], name: &str, value: &[u8]) -> Output {
    use std::os::unix::ffi::OsStrExt;
    command(arguments, &[])
        .env(name, std::ffi::OsStr::from_bytes(value))
        .output()
        .unwrap()
}

/// The code that the outside program `oathtool` makes of a base32 secret at a time; `None`: it is not on this machine.
pub fn oathtool(secret: &str, unix_time: i64) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one file that starts processes"
    )]
    let mut command = Command::new("oathtool");
    let at = format!("@{unix_time}");
    let output = command
        .args(["--totp", "--base32", secret, "--now", &at])
        .output();
    match output {
        Ok(output) => {
            assert!(output.status.success(), "{output:?}");
            Some(says(&output).trim().to_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("oathtool: {error}"),
    }
}

/// What a program said on stderr.
pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a program said on stdout.
pub fn says(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Lines that a thread of its own reads.
type Lines = Arc<Mutex<Vec<String>>>;

fn keep(from: impl Read + Send + 'static, lines: &Lines) -> JoinHandle<()> {
    let lines = Arc::clone(lines);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            run_log::keep(&line);
            lines.lock().unwrap().push(line);
        }
    })
}

/// `portcullis serve`, running; killed with this value.
pub struct ServiceProcess {
    child: Child,
    lines: Lines,
    errors: Lines,
    readers: Vec<JoinHandle<()>>,
    /// The public listener.
    pub address: SocketAddr,
    /// The internal listener.
    pub internal: SocketAddr,
}

impl ServiceProcess {
    /// Starts it and waits until it listens.
    pub fn start(settings: &[(String, String)]) -> Self {
        let mut child = command(&["serve"], settings)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        run_log::begin();
        let (lines, errors) = (Lines::default(), Lines::default());
        let readers = vec![
            keep(child.stdout.take().unwrap(), &lines),
            keep(child.stderr.take().unwrap(), &errors),
        ];
        let address = "127.0.0.1:0".parse().unwrap();
        let mut serving = Self {
            child,
            lines,
            errors,
            readers,
            address,
            internal: address,
        };
        let line = serving.wait_for_line("listening");
        let listening: Value = serde_json::from_str(&line).unwrap();
        serving.address = listening["public"].as_str().unwrap().parse().unwrap();
        serving.internal = listening["internal"].as_str().unwrap().parse().unwrap();
        serving
    }

    /// The first log line that holds this text.
    pub fn wait_for_line(&self, text: &str) -> String {
        let begun = Instant::now();
        loop {
            if let Some(line) = self.log().into_iter().find(|line| line.contains(text)) {
                return line;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(20),
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

    /// What it said on stderr so far.
    pub fn errors(&self) -> Vec<String> {
        self.errors.lock().unwrap().clone()
    }

    /// The most memory that it has used so far, in KiB, as the system counts it.
    #[allow(dead_code, reason = "one of the two test programs measures it")]
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// SIGTERM, sent by the system's own program.
    pub fn terminate(&self) {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one file that starts processes"
        )]
        let mut kill = Command::new("kill");
        assert!(
            kill.args(["-TERM", &self.child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for the end; the exit code and the whole log.
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
