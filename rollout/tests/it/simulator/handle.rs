//! The handle of a running simulator: its address, and its groups.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard};

use super::group::Group;

/// A running server.
pub struct Simulator {
    /// On 127.0.0.1.
    pub port: u16,
    /// The certificate that clients must trust.
    pub certificate: PathBuf,
    /// By name.
    pub groups: Mutex<BTreeMap<String, Group>>,
    /// Wakes requests that are held, and tests that wait for one.
    pub changed: Condvar,
}

impl Simulator {
    /// `https://localhost:PORT`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The groups, by name.
    fn groups(&self) -> MutexGuard<'_, BTreeMap<String, Group>> {
        self.groups.lock().unwrap()
    }

    /// Works on one group.
    pub fn group<T>(&self, name: &str, work: impl FnOnce(&mut Group) -> T) -> T {
        let result = work(self.groups().entry(name.to_owned()).or_default());
        self.changed.notify_all();
        result
    }

    /// Waits until a request of the group is held by a disruption.
    pub fn wait_until_held(&self, name: &str) {
        let is_waiting =
            |groups: &mut BTreeMap<String, Group>| groups.get(name).is_none_or(|group| group.held == 0);
        let limit = std::time::Duration::from_secs(120);
        let (_groups, ended) = self
            .changed
            .wait_timeout_while(self.groups(), limit, is_waiting)
            .unwrap();
        assert!(!ended.timed_out(), "no request was held");
    }
}
