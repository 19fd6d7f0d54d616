//! Ctrl-C and its kin become a flag that every wait looks at; never ends the process by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::exit::Exit;

/// How often a wait looks at the flag.
pub const TICK: Duration = Duration::from_millis(50);

/// Has somebody asked us to stop?
#[derive(Debug, Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
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
        let (asked, times) = (Arc::clone(&stop.asked), Arc::clone(&stop.times));
        thread::spawn(move || {
            for _ in signals.forever() {
                times.fetch_add(1, Ordering::SeqCst);
                asked.store(true, Ordering::SeqCst);
            }
        });
        Ok(stop)
    }

    /// Asked once: stop everything, in order.
    pub fn is_set(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Asked again: whoever waits is out of patience.
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

    /// Waits until the condition holds; false when the time is up first.
    pub fn wait_until(
        &self,
        patience: Duration,
        mut condition: impl FnMut() -> Result<bool>,
    ) -> Result<bool> {
        let since = Instant::now();
        loop {
            self.check()?;
            if condition()? {
                return Ok(true);
            }
            if since.elapsed() >= patience {
                return Ok(false);
            }
            thread::sleep(TICK);
        }
    }

    /// The flag itself, for waits of other crates.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.asked)
    }
}

/// Started by `nohup`: then the terminal's end must not stop us. The first bit of the mask is signal 1.
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
    fn a_wait_ends_early_when_asked() {
        let stop = Stop::default();
        assert!(!stop.wait_until(Duration::ZERO, || Ok(false)).unwrap());
        assert!(stop.wait_until(Duration::ZERO, || Ok(true)).unwrap());
        stop.asked.store(true, Ordering::SeqCst);
        let error = stop
            .wait_until(Duration::from_secs(60), || Ok(false))
            .unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Exit::Interrupted));
    }
}
