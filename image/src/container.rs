//! A running container of the image, without privileges; removed when it is dropped.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::process;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
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

/// `/proc/PID/uid_map` or `gid_map`: ranges of ids in the process's user namespace (user_namespaces(7)).
#[derive(Debug, Clone, Default)]
pub struct IdMap(Vec<IdRange>);

#[derive(Debug, Clone)]
struct IdRange {
    inside: u32,
    /// In the user namespace of the process that reads the file.
    outside: u32,
    count: u32,
}

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

    /// What the kernel reports about its process, with users and groups as the process sees them: a rootless engine maps them.
    pub fn status(&self) -> Result<Status> {
        let folder = format!("/proc/{}", self.inspect("{{.State.Pid}}")?);
        let read = |name: &str| {
            let file = format!("{folder}/{name}");
            fs::read_to_string(&file)
                .with_context(|| format!("cannot read {file}: the engine must run on this machine, on Linux"))
        };
        let mut status = Status::of(&read("status")?);
        status.translate("Uid", &IdMap::of(&read("uid_map")?)?);
        status.translate("Gid", &IdMap::of(&read("gid_map")?)?);
        Ok(status)
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

    /// Replaces the ids of a field by those of the process's user namespace. `?` is one that the namespace does not have.
    pub fn translate(&mut self, field: &str, map: &IdMap) {
        if let Some(value) = self.0.get_mut(field) {
            let id = |id: &str| {
                id.parse()
                    .ok()
                    .and_then(|id| map.inside(id))
                    .map_or("?".to_owned(), |id| id.to_string())
            };
            *value = value.split_whitespace().map(id).collect::<Vec<_>>().join("\t");
        }
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

impl IdMap {
    /// Parses the lines `INSIDE OUTSIDE COUNT`.
    pub fn of(text: &str) -> Result<IdMap> {
        let range = |line: &str| {
            let numbers: Vec<u32> = line
                .split_whitespace()
                .filter_map(|number| number.parse().ok())
                .collect();
            let [inside, outside, count] = numbers[..] else {
                bail!("not a map of ids: `{line}`");
            };
            Ok(IdRange {
                inside,
                outside,
                count,
            })
        };
        text.lines().map(range).collect::<Result<_>>().map(IdMap)
    }

    fn inside(&self, id: u32) -> Option<u32> {
        self.0.iter().find_map(|range| {
            let offset = id
                .checked_sub(range.outside)
                .filter(|offset| *offset < range.count)?;
            range.inside.checked_add(offset)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As podman of the user 1000 writes it, whose subordinate ids begin at 100,000.
    const ROOTLESS: &str = "         0       1000          1\n         1     100000      65536\n";

    /// Of a process without a user namespace of its own.
    const ROOT: &str = "         0          0 4294967295\n";

    fn translated(map: &str, ids: &str) -> String {
        let mut status = Status::of(&format!("Name:\tportcullis\nUid:\t{ids}\n"));
        status.translate("Uid", &IdMap::of(map).unwrap());
        status.field("Uid").unwrap().to_owned()
    }

    /// L2: The account of the process is checked as it is in the container, also with a rootless engine.
    #[test]
    fn ids_are_those_of_the_user_namespace() {
        assert_eq!(translated(ROOT, "65532\t0\t0\t65532"), "65532\t0\t0\t65532");
        // The user that runs podman is root in the container.
        assert_eq!(
            translated(ROOTLESS, "165531\t1000\t100000\t165535"),
            "65532\t0\t1\t65536"
        );
        // The same number outside is another user inside, or none.
        assert_eq!(translated(ROOTLESS, "65532\t0\t999\t165536"), "?\t?\t?\t?");
        assert!(IdMap::of("0 x 1").is_err() && IdMap::of("0 1").is_err());
    }
}
