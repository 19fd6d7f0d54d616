//! What a figure depends on besides the code: processors, kernel, PostgreSQL, commit; never names the machine.

use std::fs;
use std::thread::available_parallelism;

use serde::Serialize;

use crate::context::Context;
use crate::run::Call;

/// The facts, as the report tells them; empty where the machine does not say.
#[derive(Debug, Serialize)]
pub struct Machine {
    cores: usize,
    kernel: String,
    postgresql: String,
    commit: String,
}

impl Machine {
    /// Asks the machine.
    pub fn read(context: &Context, postgresql: Option<String>) -> Self {
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            cores: available_parallelism().map_or(0, usize::from),
            kernel: if kernel.is_empty() {
                said(context, "uname", &["-sr"])
            } else {
                kernel.trim().to_owned()
            },
            postgresql: postgresql.unwrap_or_default(),
            commit: said(
                context,
                "git",
                &["describe", "--always", "--dirty", "--abbrev=12"],
            ),
        }
    }
}

fn said(context: &Context, program: &str, args: &[&str]) -> String {
    let finished = Call::new(context, program).args(args).capture();
    finished
        .ok()
        .filter(|finished| finished.status.success())
        .map_or_else(String::new, |finished| finished.stdout.trim().to_owned())
}
