//! Bounds the memory of responses that clients have not read yet, per client address and in total.

use crate::http::contract::problem::Problem;
use crate::types::client_info::network;
use bytes::Bytes;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of unread responses of one client address, an IPv6 client being a /64 network.
const MAX_BYTES_PER_CLIENT: usize = 8 * 1024 * 1024;

/// Bytes of unread responses of all clients. A few clients must not keep the others out, so one that is within
/// [`GUARANTEED_BYTES`] is still served beyond it.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Bytes of unread responses that every client may have: a page of usual size.
const GUARANTEED_BYTES: usize = 64 * 1024;

/// `Retry-After` of rejected requests.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The bytes of responses that are not sent yet. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ResponseBudget(Arc<Mutex<Usage>>);

#[derive(Debug, Default)]
struct Usage {
    total: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// The bytes of one response; returned to the budget when this is dropped.
#[derive(Debug)]
pub struct ResponseShare {
    budget: ResponseBudget,
    client: IpAddr,
    bytes: usize,
}

impl ResponseBudget {
    /// Rejects a request whose client has not read enough of its previous responses, before anything is done for it.
    pub fn check(&self, client: IpAddr) -> Result<(), Problem> {
        self.lock().check(network(client), 0)
    }

    /// Takes the bytes of a response, unless they exceed the budget.
    pub fn take(&self, client: IpAddr, body: &Bytes) -> Result<ResponseShare, Problem> {
        let (client, bytes) = (network(client), own_bytes(body));
        self.lock().check(client, bytes)?;
        Ok(self.add(client, bytes))
    }

    /// Takes the bytes of a response that must be sent because something has been changed.
    pub fn take_always(&self, client: IpAddr, body: &Bytes) -> ResponseShare {
        self.add(network(client), own_bytes(body))
    }

    fn add(&self, client: IpAddr, bytes: usize) -> ResponseShare {
        if bytes > 0 {
            let mut usage = self.lock();
            usage.total += bytes;
            *usage.by_client.entry(client).or_default() += bytes;
        }
        ResponseShare {
            budget: self.clone(),
            client,
            bytes,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Usage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Usage {
    fn check(&self, client: IpAddr, bytes: usize) -> Result<(), Problem> {
        let of_client = self.by_client.get(&client).copied().unwrap_or_default();
        if of_client + bytes > MAX_BYTES_PER_CLIENT {
            let detail = "too many responses to this address have not been read yet";
            return Err(Problem::too_many("unread-responses", detail, RETRY_AFTER));
        }
        if self.total + bytes > MAX_BYTES && of_client + bytes > GUARANTEED_BYTES {
            let detail = "too many responses have not been read yet";
            return Err(Problem::unavailable_for(detail, RETRY_AFTER));
        }
        Ok(())
    }
}

impl Drop for ResponseShare {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut usage = self.budget.lock();
        usage.total -= self.bytes;
        if let Some(bytes) = usage.by_client.get_mut(&self.client) {
            *bytes -= self.bytes;
            if *bytes == 0 {
                usage.by_client.remove(&self.client);
            }
        }
    }
}

/// The bytes that only this response holds: files are shared by all responses.
fn own_bytes(body: &Bytes) -> usize {
    if body.is_unique() { body.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    fn body(bytes: usize) -> Bytes {
        Bytes::from(vec![0; bytes])
    }

    #[test]
    fn a_client_gets_its_share_back_when_a_response_is_sent() {
        let budget = ResponseBudget::default();
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let share = budget.take(one, &body(MAX_BYTES_PER_CLIENT)).unwrap();
        let rejected = budget.take(one, &body(1)).unwrap_err();
        assert_eq!(rejected.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(budget.take(one, &Bytes::from_static(b"a file")).is_ok());
        assert!(budget.take(other, &body(1)).is_ok());
        drop(share);
        assert!(budget.take(one, &body(MAX_BYTES_PER_CLIENT)).is_ok());
        assert!(budget.lock().by_client.is_empty() && budget.lock().total == 0);
    }

    #[test]
    fn a_change_is_always_answered_and_then_counts() {
        let budget = ResponseBudget::default();
        let client = "192.0.2.1".parse().unwrap();
        assert!(budget.check(client).is_ok());
        let shares = [(); 2].map(|()| budget.take_always(client, &body(MAX_BYTES_PER_CLIENT)));
        assert!(budget.check(client).is_err());
        drop(shares);
        assert!(budget.check(client).is_ok());
    }

    #[test]
    fn all_clients_together_are_bounded_but_each_gets_a_minimum() {
        let budget = ResponseBudget::default();
        let client = |number: u8| IpAddr::from([192, 0, 2, number]);
        let shares: Vec<_> = (0..8)
            .map(|number| budget.take(client(number), &body(MAX_BYTES_PER_CLIENT)).unwrap())
            .collect();
        let rejected = budget.take(client(9), &body(GUARANTEED_BYTES + 1)).unwrap_err();
        assert_eq!(rejected.status, StatusCode::SERVICE_UNAVAILABLE);
        let minimum = budget.take(client(9), &body(GUARANTEED_BYTES)).unwrap();
        assert!(budget.take(client(9), &body(1)).is_err() && budget.take(client(10), &body(1)).is_ok());
        drop((shares, minimum));
        assert!(budget.take(client(9), &body(GUARANTEED_BYTES + 1)).is_ok());
    }
}
