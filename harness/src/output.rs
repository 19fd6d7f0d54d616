//! Terminal output: lines, and numbered steps with their durations.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Why a line could not be written, if one could not.
static FAILURE: OnceLock<io::Error> = OnceLock::new();

/// Writes a line to standard output with its control characters escaped: file names, tool output and commit messages are
/// untrusted. A failure does not end the command, because started programs must be stopped in order; it decides the exit
/// code ([`crate::exit::code_of`]).
pub fn print(line: &str) {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{}", plain(line)).and_then(|()| out.flush());
    match written {
        Ok(()) => {}
        // The reader has seen enough, for example `head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => drop(FAILURE.set(error)),
    }
}

/// Why a line could not be written, if one could not. A closed pipe is not a failure.
pub fn failure() -> Option<&'static io::Error> {
    FAILURE.get()
}

/// Control characters, and characters that change the reading direction (CVE-2021-42574).
pub fn is_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Escapes all control characters but line breaks and tabs.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if is_control(character) && !matches!(character, '\n' | '\t') {
            plain.extend(character.escape_unicode());
        } else {
            plain.push(character);
        }
    }
    plain
}

/// Counts the steps of one command.
#[derive(Debug)]
pub struct Progress {
    step: usize,
    of: usize,
    silent: bool,
}

impl Progress {
    /// A command of this many steps.
    pub fn of(steps: usize) -> Progress {
        Progress {
            step: 0,
            of: steps,
            silent: false,
        }
    }

    /// For a command that runs concurrently with others: its steps would be interleaved with theirs.
    pub fn silent() -> Progress {
        Progress {
            silent: true,
            ..Progress::of(0)
        }
    }

    /// Prints the label, runs the step, and prints its outcome and duration.
    pub fn step<T, O: Display>(&mut self, label: &str, work: impl FnOnce() -> Result<(T, O)>) -> Result<T> {
        if self.silent {
            return work().map(|(value, _)| value);
        }
        self.step += 1;
        print(&format!("[{}/{}] {label}", self.step, self.of.max(self.step)));
        let since = Instant::now();
        let (value, outcome) = work()?;
        print(&format!("      {outcome}, {}", seconds(since.elapsed())));
        Ok(value)
    }
}

/// `0.4 s`, `12.3 s`, `2 min 5 s`.
pub fn seconds(time: Duration) -> String {
    match time.as_secs() {
        whole @ 100.. => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(seconds(Duration::from_millis(1_240)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 5 s");
    }
    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            plain("W-1\n\t\u{1b}[2J \u{202e}é"),
            "W-1\n\t\\u{1b}[2J \\u{202e}é"
        );
    }
}
