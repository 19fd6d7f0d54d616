//! Who may wait for the hashing threads. No network may fill the queue, and a share of it is reserved for networks that the
//! account's owner is known to use: a flood of guesses leaves the owner a place.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Who asks for a password to be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requester {
    /// The account's owner, as far as can be known beforehand: from a network of earlier logins, by a mailed link, or
    /// with a password that was verified.
    Known,
    /// Any client.
    Unknown,
}

/// The places of the queue.
pub struct HashingPlaces {
    /// Attempts in progress by network.
    networks: Mutex<HashMap<IpAddr, usize>>,
    /// Maximum number of a network's attempts in progress.
    max_per_network: usize,
    all: Arc<Semaphore>,
    /// All without the reserved ones.
    unreserved: Arc<Semaphore>,
}

/// An attempt in progress, counted for its network until it is dropped.
pub struct NetworkPlace {
    places: Arc<HashingPlaces>,
    network: IpAddr,
}

/// A place in the queue.
pub struct QueuePlace {
    _network: NetworkPlace,
    _unreserved: Option<OwnedSemaphorePermit>,
    _any: OwnedSemaphorePermit,
}

impl HashingPlaces {
    /// A queue of this capacity. A network gets a quarter of it, and a quarter is reserved.
    pub fn new(capacity: usize) -> Self {
        let quarter = capacity / 4;
        Self {
            networks: Mutex::default(),
            max_per_network: quarter.max(2),
            all: Arc::new(Semaphore::new(capacity)),
            unreserved: Arc::new(Semaphore::new(capacity - quarter)),
        }
    }

    /// Counts an attempt for its network. `None`: too many of the network's are in progress.
    pub fn enter(self: &Arc<Self>, network: IpAddr) -> Option<NetworkPlace> {
        let mut networks = self.networks();
        let in_progress = networks.entry(network).or_default();
        if *in_progress >= self.max_per_network {
            return None;
        }
        *in_progress += 1;
        drop(networks);
        Some(NetworkPlace {
            places: Arc::clone(self),
            network,
        })
    }

    fn networks(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.networks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NetworkPlace {
    /// Takes a place in the queue.
    ///
    /// # Errors
    ///
    /// None is free for this requester.
    pub fn take(self, requester: Requester) -> Result<QueuePlace, Self> {
        let acquire = |semaphore: &Arc<Semaphore>| Arc::clone(semaphore).try_acquire_owned().ok();
        let unreserved = match requester {
            Requester::Known => None,
            Requester::Unknown => match acquire(&self.places.unreserved) {
                Some(permit) => Some(permit),
                None => return Err(self),
            },
        };
        match acquire(&self.places.all) {
            Some(any) => Ok(QueuePlace {
                _network: self,
                _unreserved: unreserved,
                _any: any,
            }),
            None => Err(self),
        }
    }
}

impl Drop for NetworkPlace {
    fn drop(&mut self) {
        let mut networks = self.places.networks();
        if let Some(in_progress) = networks.get_mut(&self.network) {
            *in_progress -= 1;
            if *in_progress == 0 {
                networks.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, number])
    }

    #[test]
    fn a_network_gets_a_quarter_and_gives_it_back() {
        let places = Arc::new(HashingPlaces::new(16));
        let held: Vec<_> = (0..4).map(|_| places.enter(network(1)).unwrap()).collect();
        assert!(places.enter(network(1)).is_none());
        assert!(places.enter(network(2)).is_some());
        drop(held);
        assert!(places.enter(network(1)).is_some());
        assert!(
            places.networks().is_empty(),
            "memory is bounded by the attempts in progress"
        );
    }

    #[test]
    fn a_quarter_is_reserved_for_known_requesters() {
        let places = Arc::new(HashingPlaces::new(16));
        let take = |number, requester| places.enter(network(number)).unwrap().take(requester).ok();
        let unknown: Vec<_> = (0..12)
            .map(|number| take(number, Requester::Unknown).unwrap())
            .collect();
        assert!(take(50, Requester::Unknown).is_none());
        let known: Vec<_> = (0..4)
            .map(|number| take(60 + number, Requester::Known).unwrap())
            .collect();
        assert!(take(70, Requester::Known).is_none());
        drop(unknown);
        assert!(take(50, Requester::Unknown).is_some() && take(70, Requester::Known).is_some());
        drop(known);
    }

    #[test]
    fn the_smallest_queue_serves_every_client() {
        let places = Arc::new(HashingPlaces::new(2));
        let first = places.enter(network(1)).unwrap();
        let second = places.enter(network(1)).unwrap();
        assert!(places.enter(network(1)).is_none());
        let (first, second) = (first.take(Requester::Unknown), second.take(Requester::Unknown));
        assert!(first.is_ok() && second.is_ok());
    }
}
