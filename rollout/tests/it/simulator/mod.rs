//! A stateful simulator of Azure Resource Manager, Entra ID and Terraform's state, which the real `az` and Terraform use over TLS.
//! Each resource group is a world of its own, so tests can share one server and one login.

mod entra;
mod faults;
mod group;
mod server;
mod state;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};

pub use faults::{Fault, Kind};
pub use group::{Group, Health, Outcome};

/// The subscription.
pub const SUBSCRIPTION: &str = "22222222-2222-2222-2222-222222222222";
/// The tenant.
pub const TENANT: &str = "11111111-1111-1111-1111-111111111111";

/// A running server.
pub struct Simulator {
    port: u16,
    certificate: PathBuf,
    groups: Mutex<BTreeMap<String, Group>>,
    /// Wakes requests that are held, and tests that wait for one.
    changed: Condvar,
}

impl Simulator {
    /// The one of this process; it ends with it.
    pub fn shared() -> Arc<Simulator> {
        static SHARED: OnceLock<Arc<Simulator>> = OnceLock::new();
        Arc::clone(SHARED.get_or_init(server::start))
    }

    /// `https://localhost:PORT`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The certificate that clients must trust.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The groups, by name.
    pub fn groups(&self) -> MutexGuard<'_, BTreeMap<String, Group>> {
        self.groups.lock().unwrap()
    }

    /// Works on one group.
    pub fn group<T>(&self, name: &str, work: impl FnOnce(&mut Group) -> T) -> T {
        let result = work(self.groups().entry(name.to_owned()).or_default());
        self.changed.notify_all();
        result
    }

    /// Waits until a request of the group is held by a fault.
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
