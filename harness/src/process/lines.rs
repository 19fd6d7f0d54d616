//! Reads lines in a thread of its own, so that waiting for the next one can be interrupted.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use anyhow::Result;

use crate::process::shutdown::{Stop, TICK};

/// The lines of a pipe or of standard input.
#[derive(Debug)]
pub struct Lines(Receiver<String>);

impl Lines {
    /// Starts to read.
    pub fn read(source: impl Read + Send + 'static) -> Lines {
        let (sender, lines) = channel();
        thread::spawn(move || {
            let mut raw = BufReader::new(source).split(b'\n').map_while(Result::ok);
            raw.all(|line| sender.send(String::from_utf8_lossy(&line).into_owned()).is_ok())
        });
        Lines(lines)
    }

    /// The next line; `None` at the end, or when a stop is requested.
    pub fn next(&self, stop: &Stop) -> Option<String> {
        while !stop.is_set() {
            match self.next_within_tick() {
                Ok(line) => return Some(line),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        None
    }

    /// The next line, if it comes within one tick.
    pub(crate) fn next_within_tick(&self) -> Result<String, RecvTimeoutError> {
        self.0.recv_timeout(TICK)
    }
}
