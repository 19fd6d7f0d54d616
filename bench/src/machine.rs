//! What a figure depends on besides the code: processors, kernel, PostgreSQL, commit; never names the machine.

use std::fs;
use std::thread::available_parallelism;

use harness::context::Context;
use harness::process::command::Command;
use serde::Serialize;

/// The facts, as the report tells them; empty where the machine does not say.
#[derive(Debug, Serialize)]
pub struct Machine {
    cores: usize,
    /// Of the last minute, before we began: what others make of it falsifies every figure.
    load: Option<f64>,
    kernel: String,
    /// Whether the kernel shares the processors between sessions first: then a thread of low priority gives way to its
    /// own session only, and each backend of PostgreSQL is a session of its own.
    autogroup: Option<bool>,
    /// Known once a stage has been started.
    pub postgresql: String,
    commit: String,
}

impl Machine {
    /// Asks the machine; to be called before the first measurement.
    pub fn read(context: &Context) -> Self {
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let load = fs::read_to_string("/proc/loadavg").ok();
        let autogroup = fs::read_to_string("/proc/sys/kernel/sched_autogroup_enabled").ok();
        Self {
            autogroup: autogroup.map(|text| text.trim() == "1"),
            load: load.and_then(|load| load.split(' ').next()?.parse().ok()),
            cores: available_parallelism().map_or(0, usize::from),
            kernel: if kernel.is_empty() {
                said(context, "uname", &["-sr"])
            } else {
                kernel.trim().to_owned()
            },
            postgresql: String::new(),
            commit: said(
                context,
                "git",
                &["describe", "--always", "--dirty", "--abbrev=12"],
            ),
        }
    }

    /// A warning, when others are at work.
    pub fn warning(&self) -> Option<String> {
        let load = self.load.filter(|load| *load > self.cores as f64 / 4.0)?;
        Some(format!(
            "others use this machine (load {load:.1} on {} cores): mind the figures",
            self.cores
        ))
    }
}

fn said(context: &Context, program: &str, args: &[&str]) -> String {
    let finished = Command::new(context, program).args(args).capture();
    finished
        .ok()
        .filter(|finished| finished.status.success())
        .map_or_else(String::new, |finished| finished.stdout.trim().to_owned())
}
