//! Bounds the memory of responses that clients have not read yet, and the number of streamed ones, per client address and in total.

use crate::http::contract::problem::Problem;
use crate::types::client_info::network;
use bytes::Bytes;
use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Bytes of unread responses of one client address, an IPv6 client being a /64 network.
const MAX_BYTES_PER_CLIENT: usize = 8 * 1024 * 1024;

/// Bytes of unread responses of all clients. A few clients must not keep the others out, so one that is within
/// [`GUARANTEED_BYTES`] is still served beyond it.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Bytes of unread responses that every client may have: a page of usual size.
const GUARANTEED_BYTES: usize = 64 * 1024;

/// Bytes that count for a streamed response: what is produced and not yet taken by the client, and the state of its compression.
const STREAM_BYTES: usize = 768 * 1024;

/// Streamed responses of all clients.
const MAX_STREAMS: usize = 48;

/// How long a streamed response waits until another one of its client ends: short ones follow each other without an error.
const STREAM_WAIT: Duration = Duration::from_secs(2);

/// `Retry-After` of rejected requests.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The bytes of responses that are not sent yet. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ResponseBudget(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    usage: Mutex<Usage>,
    stream_ended: Notify,
}

#[derive(Debug, Default)]
struct Usage {
    total: Share,
    by_client: HashMap<IpAddr, Share>,
}

/// What responses hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Share {
    bytes: usize,
    /// How many of the responses are streamed.
    streams: usize,
}

/// What one response holds; returned to the budget when this is dropped.
#[derive(Debug)]
pub struct ResponseShare {
    budget: ResponseBudget,
    client: IpAddr,
    share: Share,
}

impl ResponseBudget {
    /// Rejects a request whose client has not read enough of its previous responses, before anything is done for it.
    pub fn check(&self, client: IpAddr) -> Result<(), Problem> {
        self.lock().check(network(client), 0)
    }

    /// Takes the bytes of a response, unless they exceed the budget.
    pub fn take(&self, client: IpAddr, body: &Bytes) -> Result<ResponseShare, Problem> {
        let (client, share) = (network(client), Share::of(body));
        let mut usage = self.lock();
        usage.check(client, share.bytes)?;
        usage.add(client, share);
        Ok(self.share(client, share))
    }

    /// Takes the bytes of a response that must be sent because something has been changed.
    pub fn take_always(&self, client: IpAddr, body: &Bytes) -> ResponseShare {
        let (client, share) = (network(client), Share::of(body));
        self.lock().add(client, share);
        self.share(client, share)
    }

    /// Takes the share of a streamed response before anything is done for it, if its client reads fewer than `per_client` others;
    /// waits a moment for one of them to end.
    pub async fn take_stream(&self, client: IpAddr, per_client: usize) -> Result<ResponseShare, Problem> {
        let (client, deadline) = (network(client), Instant::now() + STREAM_WAIT);
        loop {
            let mut ended = pin!(self.0.stream_ended.notified());
            // From here on no end is missed.
            ended.as_mut().enable();
            let rejected = match self.try_stream(client, per_client) {
                Ok(share) => return Ok(share),
                Err(rejected) => rejected,
            };
            if tokio::time::timeout_at(deadline, ended).await.is_err() {
                return Err(rejected);
            }
        }
    }

    fn try_stream(&self, client: IpAddr, per_client: usize) -> Result<ResponseShare, Problem> {
        let share = Share {
            bytes: STREAM_BYTES,
            streams: 1,
        };
        let mut usage = self.lock();
        usage.check(client, share.bytes)?;
        if usage.of(client).streams >= per_client {
            let detail = "too many streamed responses to this address are still being read";
            return Err(Problem::too_many("too-many-streams", detail, RETRY_AFTER));
        }
        if usage.total.streams >= MAX_STREAMS {
            let detail = "too many streamed responses are still being read";
            return Err(Problem::unavailable_for(detail, RETRY_AFTER));
        }
        usage.add(client, share);
        Ok(self.share(client, share))
    }

    fn share(&self, client: IpAddr, share: Share) -> ResponseShare {
        ResponseShare {
            budget: self.clone(),
            client,
            share,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Usage> {
        self.0.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Usage {
    fn of(&self, client: IpAddr) -> Share {
        self.by_client.get(&client).copied().unwrap_or_default()
    }

    fn add(&mut self, client: IpAddr, share: Share) {
        if share.bytes > 0 {
            self.total.add(share);
            self.by_client.entry(client).or_default().add(share);
        }
    }

    fn check(&self, client: IpAddr, bytes: usize) -> Result<(), Problem> {
        let of_client = self.of(client).bytes;
        if of_client + bytes > MAX_BYTES_PER_CLIENT {
            let detail = "too many responses to this address have not been read yet";
            return Err(Problem::too_many("unread-responses", detail, RETRY_AFTER));
        }
        if self.total.bytes + bytes > MAX_BYTES && of_client + bytes > GUARANTEED_BYTES {
            let detail = "too many responses have not been read yet";
            return Err(Problem::unavailable_for(detail, RETRY_AFTER));
        }
        Ok(())
    }
}

impl Share {
    /// What only this response holds: files are shared by all responses.
    fn of(body: &Bytes) -> Self {
        Self {
            bytes: if body.is_unique() { body.len() } else { 0 },
            streams: 0,
        }
    }

    fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.streams += other.streams;
    }

    fn subtract(&mut self, other: Self) {
        self.bytes -= other.bytes;
        self.streams -= other.streams;
    }
}

impl Drop for ResponseShare {
    fn drop(&mut self) {
        if self.share.bytes == 0 {
            return;
        }
        let mut usage = self.budget.lock();
        usage.total.subtract(self.share);
        if let Some(of_client) = usage.by_client.get_mut(&self.client) {
            of_client.subtract(self.share);
            if *of_client == Share::default() {
                usage.by_client.remove(&self.client);
            }
        }
        drop(usage);
        if self.share.streams > 0 {
            self.budget.0.stream_ended.notify_waiters();
        }
    }
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
        assert!(budget.lock().by_client.is_empty() && budget.lock().total == Share::default());
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

    #[tokio::test]
    async fn streams_are_bounded_by_client_and_in_total_and_wait_for_each_other() {
        let budget = ResponseBudget::default();
        let client = |number: u8| IpAddr::from([192, 0, 2, number]);
        let first = budget.take_stream(client(1), 2).await.unwrap();
        let second = budget.take_stream(client(1), 2).await.unwrap();
        let rejected = budget.take_stream(client(1), 2).await.unwrap_err();
        assert_eq!(rejected.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(budget.take_stream(client(2), 1).await.is_ok());
        let ends = async {
            tokio::time::sleep(STREAM_WAIT / 2).await;
            drop(first);
        };
        let (third, ()) = tokio::join!(budget.take_stream(client(1), 2), ends);
        let mut others = Vec::new();
        for number in 10..10 + u8::try_from(MAX_STREAMS).unwrap() - 2 {
            others.push(budget.take_stream(client(number), 1).await.unwrap());
        }
        let rejected = budget.take_stream(client(3), 1).await.unwrap_err();
        assert_eq!(rejected.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(
            budget.take(client(3), &body(MAX_BYTES_PER_CLIENT)).is_ok(),
            "buffered ones are served"
        );
        drop((third, second, others));
        assert!(budget.lock().by_client.is_empty() && budget.lock().total == Share::default());
    }
}
