//! `portcullis audit verify`: verifies the hash chain of the audit log.

use super::exit::{check_password, fail, print};
use crate::config::Settings;
use crate::domain::audit::verify::{VerifyError, verify};
use crate::types::event_hash::EventHash;
use clap::Subcommand;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Exit code if the log cannot be read: EX_UNAVAILABLE of sysexits.h.
const EXIT_UNAVAILABLE: u8 = 69;

/// How often progress is reported.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

/// The subcommands.
#[derive(Clone, Copy, Subcommand)]
pub enum Action {
    /// Recompute and compare every hash; exit 0 if the chain is intact, 1 with the first invalid event if not, 69 if
    /// the log cannot be read
    Verify {
        /// A hash printed by an earlier run, which must still occur in the chain
        #[arg(long, value_name = "HASH", value_parser = parse_hash)]
        head: Option<EventHash>,
    },
}

/// Runs the subcommand.
pub fn run(settings: &Settings, action: Action) -> ExitCode {
    let Action::Verify { head } = action;
    if let Err(code) = check_password(&settings.database.accounts) {
        return code;
    }
    let mut last_report = Instant::now();
    let mut report = |count| {
        if last_report.elapsed() >= PROGRESS_INTERVAL {
            last_report = Instant::now();
            eprintln!("{count} events verified");
        }
    };
    match verify(&settings.database, head, &mut report) {
        Ok(chain) => {
            let (count, head) = (chain.count, chain.head);
            print(&format!(
                "intact: {count} events, last event {count}, head {head}\n"
            ))
        }
        Err(error @ VerifyError::Broken(_)) => fail(1, &error),
        Err(error) => fail(EXIT_UNAVAILABLE, &error),
    }
}

fn parse_hash(text: &str) -> Result<EventHash, &'static str> {
    EventHash::parse(text).ok_or("must be 64 hexadecimal digits")
}
