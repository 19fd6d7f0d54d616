//! `portcullis audit verify`: whether the chain of audit events is whole.
use super::exit::{check_password, fail, print};
use crate::config::Settings;
use crate::domain::audit::verify::{VerifyError, verify};
use crate::types::event_hash::EventHash;
use clap::Subcommand;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The chain could not be read, so nothing is known about it: EX_UNAVAILABLE of sysexits.h.
const UNREADABLE: u8 = 69;

/// How often progress is told.
const PAUSE: Duration = Duration::from_millis(500);

/// What to do with the events.
#[derive(Clone, Copy, Subcommand)]
pub enum Action {
    /// Make every hash again and compare: exit 0 if the chain is whole, 1 and the first bad event if not, 69 if it
    /// cannot be read
    Verify {
        /// A hash that this command printed earlier: it must still be in the chain
        #[arg(long, value_name = "HASH", value_parser = parse_hash)]
        head: Option<EventHash>,
    },
}

/// Does it.
pub fn run(settings: &Settings, action: Action) -> ExitCode {
    let Action::Verify { head } = action;
    if let Err(code) = check_password(&settings.database.accounts) {
        return code;
    }
    let mut told = Instant::now();
    let mut tell = |count| {
        if told.elapsed() >= PAUSE {
            told = Instant::now();
            eprintln!("{count} events are whole");
        }
    };
    match verify(&settings.database, head, &mut tell) {
        Ok(whole) => {
            let (count, head) = (whole.count, whole.head);
            print(&format!(
                "whole: {count} events, last event {count}, head {head}\n"
            ))
        }
        Err(error @ VerifyError::Broken(_)) => fail(1, &error),
        Err(error) => fail(UNREADABLE, &error),
    }
}

fn parse_hash(text: &str) -> Result<EventHash, &'static str> {
    EventHash::parse(text).ok_or("must be 64 hexadecimal digits")
}
