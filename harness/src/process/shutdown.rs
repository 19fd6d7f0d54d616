//! Ctrl-C and stop signals set a flag that every wait polls; they do not end the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::exit::Exit;

/// How often a wait polls the flag.
pub const TICK: Duration = Duration::from_millis(50);

/// Whether a stop was requested.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    requested: Arc<AtomicBool>,
    times: Arc<AtomicUsize>,
}

impl Stop {
    /// From now on signals set the flag instead of ending the process.
    pub fn listen() -> Result<Stop> {
        let stop = Stop::default();
        let mut wanted = vec![SIGINT, SIGTERM];
        if !hangup_is_ignored() {
            wanted.push(SIGHUP);
        }
        let mut signals = Signals::new(wanted).context("cannot listen for signals")?;
        let (requested, times) = (Arc::clone(&stop.requested), Arc::clone(&stop.times));
        thread::spawn(move || {
            for _ in signals.forever() {
                times.fetch_add(1, Ordering::SeqCst);
                requested.store(true, Ordering::SeqCst);
            }
        });
        Ok(stop)
    }

    /// Requested at least once: stop everything, in order.
    pub fn is_set(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }

    /// Requested again: kill instead of waiting.
    pub fn is_forced(&self) -> bool {
        self.times.load(Ordering::SeqCst) > 1
    }

    /// For use with `?` between two steps.
    pub fn check(&self) -> Result<()> {
        if self.is_set() {
            Err(Exit::Interrupted.into())
        } else {
            Ok(())
        }
    }

    /// Waits until the condition holds; false after the timeout.
    pub fn wait_until(&self, timeout: Duration, mut condition: impl FnMut() -> Result<bool>) -> Result<bool> {
        let since = Instant::now();
        loop {
            self.check()?;
            if condition()? {
                return Ok(true);
            }
            if since.elapsed() >= timeout {
                return Ok(false);
            }
            thread::sleep(TICK);
        }
    }

    /// The flag itself, for waits of other crates.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.requested)
    }
}

/// `nohup` ignores SIGHUP, and a closed terminal must then not stop us. The lowest bit of the mask is signal 1.
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_early_when_a_stop_is_requested() {
        let stop = Stop::default();
        assert!(!stop.wait_until(Duration::ZERO, || Ok(false)).unwrap());
        assert!(stop.wait_until(Duration::ZERO, || Ok(true)).unwrap());
        stop.requested.store(true, Ordering::SeqCst);
        let error = stop
            .wait_until(Duration::from_secs(60), || Ok(false))
            .unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Exit::Interrupted));
    }
}
