//! The conditions of a measurement: processors, kernel, PostgreSQL, commit. Never names the machine.

use std::fs;
use std::thread::available_parallelism;

use harness::context::Context;
use harness::process::command::Command;
use serde::Serialize;

/// The conditions as the report lists them; empty where unknown.
#[derive(Debug, Serialize)]
pub struct Machine {
    cores: usize,
    /// Load average of the last minute before the run: other load distorts every figure.
    load: Option<f64>,
    kernel: String,
    /// Whether the scheduler groups processes by session: then a low-priority thread yields only to its own session, and
    /// each PostgreSQL backend is a session.
    autogroup: Option<bool>,
    /// Known once a dataset is running.
    pub postgresql: String,
    commit: String,
}

impl Machine {
    /// Reads the conditions; call it before the first measurement.
    pub fn read(context: &Context) -> Self {
        let load = fs::read_to_string("/proc/loadavg").ok();
        let autogroup = fs::read_to_string("/proc/sys/kernel/sched_autogroup_enabled").ok();
        Self {
            autogroup: autogroup.map(|text| text.trim() == "1"),
            load: load.and_then(|load| load.split(' ').next()?.parse().ok()),
            cores: available_parallelism().map_or(0, usize::from),
            kernel: output_of(context, "uname -sr"),
            postgresql: String::new(),
            commit: output_of(context, "git describe --always --dirty --abbrev=12"),
        }
    }

    /// A warning when the machine is not idle.
    pub fn warning(&self) -> Option<String> {
        let load = self.load.filter(|load| *load > self.cores as f64 / 4.0)?;
        Some(format!(
            "this machine is not idle (load {load:.1} on {} cores): the figures are unreliable",
            self.cores
        ))
    }
}

fn output_of(context: &Context, command: &str) -> String {
    let mut words = command.split(' ');
    let command = Command::new(context, words.next().unwrap_or_default()).args(words);
    command.output().unwrap_or_default().trim().to_owned()
}
