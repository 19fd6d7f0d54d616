//! A running container of the image, without privileges; removed when it is dropped.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::process;
use std::time::Duration;

use anyhow::{Context as _, Result};
use harness::process::command::Finished;

use crate::engine::Engine;

/// What an operator gives the engine. The network is this machine's, because the database listens on its loopback address.
const OPTIONS: [&str; 8] = [
    "--detach",
    "--read-only",
    "--cap-drop",
    "all",
    "--security-opt",
    "no-new-privileges",
    "--network",
    "host",
];

/// A container.
#[derive(Debug)]
pub struct Container<'a> {
    engine: &'a Engine<'a>,
    name: String,
}

/// `/proc/PID/status`.
#[derive(Debug, Clone, Default)]
pub struct Status(BTreeMap<String, String>);

impl<'a> Container<'a> {
    /// Starts an image. Values of settings are in the environment of the engine's program, never among its arguments.
    pub fn start(
        engine: &'a Engine<'a>,
        image: &str,
        settings: &BTreeMap<OsString, OsString>,
    ) -> Result<Container<'a>> {
        let name = format!("portcullis-image-{}", process::id());
        let mut command = engine.command(["run", "--name", &name]).args(OPTIONS);
        if engine.is_podman() {
            // By default it mounts writable folders over a read-only root.
            command = command.args(["--read-only-tmpfs=false"]);
        }
        for setting in settings.keys() {
            command = command.args(["--env".into(), setting.clone()]);
        }
        // Removes what a start that fails leaves behind.
        let container = Container { engine, name };
        command.envs(settings.clone()).args([image]).output()?;
        Ok(container)
    }

    /// Whether its process runs.
    pub fn is_running(&self) -> Result<bool> {
        Ok(self.inspect("{{.State.Running}}")? == "true")
    }

    /// Its last log lines.
    pub fn log(&self) -> Result<String> {
        let finished = self
            .engine
            .command(["logs", "--tail", "12", &self.name])
            .capture()?;
        Ok(format!("{}{}", finished.stdout, finished.stderr))
    }

    /// What the kernel reports about its process.
    pub fn status(&self) -> Result<Status> {
        let file = format!("/proc/{}/status", self.inspect("{{.State.Pid}}")?);
        let text = fs::read_to_string(&file)
            .with_context(|| format!("cannot read {file}: the engine must run on this machine, on Linux"))?;
        Ok(Status::of(&text))
    }

    /// Runs a command of the image in it.
    pub fn exec(&self, command: &[&str]) -> Result<Finished> {
        let exec = self.engine.command(["exec", &self.name]);
        exec.args(command.iter().copied()).capture()
    }

    /// Sends its stop signal, and SIGKILL after the timeout; returns its exit code.
    pub fn stop(&self, timeout: Duration) -> Result<i32> {
        let timeout = timeout.as_secs().to_string();
        self.engine
            .command(["stop", "-t", &timeout, &self.name])
            .output()?;
        self.inspect("{{.State.ExitCode}}")?
            .parse()
            .context("its exit code")
    }

    fn inspect(&self, format: &str) -> Result<String> {
        let inspect = self.engine.command(["inspect", "--format", format, &self.name]);
        Ok(inspect.output()?.trim().to_owned())
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let _best_effort = self.engine.command(["rm", "--force", &self.name]).capture();
    }
}

impl Status {
    /// Parses the lines `NAME:\tVALUE`.
    pub fn of(text: &str) -> Status {
        let fields = text.lines().filter_map(|line| line.split_once(':'));
        Status(
            fields
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
        )
    }

    /// A field's value.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The number that a field begins with.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.field(name)?.split_whitespace().next()?.parse().ok()
    }
}
