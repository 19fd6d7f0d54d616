//! Steps on the terminal: which one of how many, and how long it took; never decides anything.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Writes a line to standard output, without what a terminal would take for a command: names of files, words of tools and
/// messages of commits are other people's. A reader that has gone away is no reason to fail: what was started still has to
/// be stopped in order.
pub fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    let _reader_gone = writeln!(out, "{}", plain(line)).and_then(|()| out.flush());
}

/// Control characters, and letters that turn the direction of reading (CVE-2021-42574).
pub fn is_command(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Commands are shown and not followed; lines and columns stay.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match is_command(letter) && !matches!(letter, '\n' | '\t') {
            true => plain.extend(letter.escape_unicode()),
            false => plain.push(letter),
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

    /// A command that runs beside others, whose steps nobody could tell apart.
    pub fn silent() -> Progress {
        Progress {
            silent: true,
            ..Progress::of(0)
        }
    }

    /// Announces a step, does it, and tells what it answered and how long it took.
    pub fn step<T>(&mut self, label: &str, work: impl FnOnce() -> Result<(T, String)>) -> Result<T> {
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
    fn a_terminal_gets_no_commands() {
        assert_eq!(
            plain("W-1\n\t\u{1b}[2J \u{202e}é"),
            "W-1\n\t\\u{1b}[2J \\u{202e}é"
        );
    }
}
