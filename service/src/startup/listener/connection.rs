//! The state of one connection: its requests, its responses in progress, and whether its client is silent, slow or idle.

use super::request_activity::{ActiveRequest, RequestActivity};
use super::response_body::ResponseProgress;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Time limits of clients.
#[derive(Clone, Copy, Debug)]
pub struct ClientTimeouts {
    /// How long a client may take for the first request, for a request head, or without reading anything of a response.
    pub client: Duration,
    /// How long a connection may stay open between requests.
    pub keep_alive: Duration,
}

/// What the client of a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientState {
    /// It sends a request, waits for a response or reads one, or has not been idle for long.
    Active,
    /// It has sent no complete request since it connected.
    Silent,
    /// It sends a request head or reads a response too slowly.
    Slow,
    /// The keep-alive timeout passed this long ago.
    Idle(Duration),
}

/// The state of a connection. Times are those of its activity; 0 means that there is none.
pub struct Connection {
    activity: Arc<RequestActivity>,
    opened: u64,
    received_request: AtomicBool,
    http2: AtomicBool,
    /// When the first byte of a request head arrived.
    head_started: AtomicU64,
    /// When the socket accepted nothing of a response for the first time since it last accepted something.
    write_blocked: AtomicU64,
    /// Responses over HTTP/1.1 that are not completely written yet.
    responses: Mutex<Vec<Arc<ResponseProgress>>>,
    eviction: Notify,
    evicting: AtomicBool,
}

impl Connection {
    /// A new connection. `epoch` is common to all connections, so that their times can be compared.
    pub fn new(epoch: Instant) -> Self {
        let activity = RequestActivity::new(epoch);
        Self {
            opened: activity.last(),
            activity: Arc::new(activity),
            received_request: AtomicBool::new(false),
            http2: AtomicBool::new(false),
            head_started: AtomicU64::new(0),
            write_blocked: AtomicU64::new(0),
            responses: Mutex::default(),
            eviction: Notify::new(),
            evicting: AtomicBool::new(false),
        }
    }

    /// Marks the start of a request. It ends when the returned value is dropped, also if the client disconnects.
    pub fn begin_request(&self, http2: bool) -> ActiveRequest {
        self.received_request.store(true, Ordering::Relaxed);
        self.http2.store(http2, Ordering::Relaxed);
        self.head_started.store(0, Ordering::Relaxed);
        self.activity.begin()
    }

    /// Whether it has carried a request.
    pub fn has_received_request(&self) -> bool {
        self.received_request.load(Ordering::Relaxed)
    }

    /// Keeps the request of an HTTP/1.1 response active until the response is completely written.
    pub fn begin_response(&self, response: Arc<ResponseProgress>) {
        self.responses().push(response);
    }

    /// Whether a request is running or its response is being written.
    pub fn is_active(&self) -> bool {
        self.activity.is_active()
    }

    /// Whether the next bytes written can only be a response that the HTTP library generated itself. While a response of
    /// ours is under way, a write may begin anywhere in its body; in HTTP/2 even later.
    pub fn awaits_http1_request(&self) -> bool {
        !self.is_active() && !self.http2.load(Ordering::Relaxed)
    }

    /// When a request last started or ended.
    pub fn last_activity(&self) -> u64 {
        self.activity.last()
    }

    /// Records that bytes arrived.
    pub fn record_read(&self) {
        if !self.is_active() && self.head_started.load(Ordering::Relaxed) == 0 {
            self.head_started.store(self.activity.now(), Ordering::Relaxed);
        }
    }

    /// Records whether the socket accepted bytes.
    pub fn record_write(&self, accepted: bool) {
        if accepted {
            self.write_blocked.store(0, Ordering::Relaxed);
        } else if self.write_blocked.load(Ordering::Relaxed) == 0 {
            self.write_blocked.store(self.activity.now(), Ordering::Relaxed);
        }
    }

    /// Records that the socket accepted all bytes that the HTTP library wrote.
    pub fn record_flush(&self) {
        self.responses().retain(|response| !response.is_taken());
    }

    /// What the client is doing. Must be called regularly.
    pub fn client_state(&self, timeouts: ClientTimeouts) -> ClientState {
        let since = |time: u64| Duration::from_millis(self.activity.now().saturating_sub(time));
        let exceeded = |time: &AtomicU64| {
            let time = time.load(Ordering::Relaxed);
            time > 0 && since(time) >= timeouts.client
        };
        if exceeded(&self.write_blocked) {
            return ClientState::Slow;
        }
        if self.is_active() {
            let overdue = |response: &Arc<ResponseProgress>| response.is_overdue(timeouts.client);
            return if self.responses().iter().any(overdue) {
                ClientState::Slow
            } else {
                ClientState::Active
            };
        }
        if !self.has_received_request() {
            return if since(self.opened) >= timeouts.client {
                ClientState::Silent
            } else {
                ClientState::Active
            };
        }
        // In HTTP/2, bytes between requests may be PING, SETTINGS or WINDOW_UPDATE.
        if exceeded(&self.head_started) && !self.http2.load(Ordering::Relaxed) {
            return ClientState::Slow;
        }
        since(self.last_activity())
            .checked_sub(timeouts.keep_alive)
            .map_or(ClientState::Active, ClientState::Idle)
    }

    /// Requests that the connection is closed for another one.
    pub fn evict(&self) {
        self.evicting.store(true, Ordering::Relaxed);
        self.eviction.notify_one();
    }

    /// Whether its eviction was requested.
    pub fn is_evicting(&self) -> bool {
        self.evicting.load(Ordering::Relaxed)
    }

    /// Resolves when the connection is to be closed for another one.
    pub async fn evicted(&self) {
        self.eviction.notified().await;
    }

    fn responses(&self) -> MutexGuard<'_, Vec<Arc<ResponseProgress>>> {
        self.responses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    /// Whose timeouts have not passed even on a busy machine.
    const LONG: Duration = Duration::from_secs(600);

    /// The state after a while, with these timeouts.
    fn state_after(connection: &Connection, client: Duration, keep_alive: Duration) -> ClientState {
        std::thread::sleep(2 * SHORT);
        connection.client_state(ClientTimeouts { client, keep_alive })
    }

    #[test]
    fn a_connection_without_a_request_becomes_silent() {
        let connection = Connection::new(Instant::now());
        assert_eq!(state_after(&connection, LONG, LONG), ClientState::Active);
        assert_eq!(state_after(&connection, SHORT, LONG), ClientState::Silent);
    }

    #[test]
    fn the_time_for_a_head_starts_with_its_first_byte() {
        let connection = Connection::new(Instant::now());
        drop(connection.begin_request(false));
        assert_eq!(state_after(&connection, SHORT, LONG), ClientState::Active);
        connection.record_read();
        assert_eq!(state_after(&connection, SHORT, LONG), ClientState::Slow);
    }

    #[test]
    fn bytes_between_http_2_requests_are_no_request() {
        let connection = Connection::new(Instant::now());
        drop(connection.begin_request(true));
        connection.record_read();
        assert_eq!(state_after(&connection, SHORT, LONG), ClientState::Active);
        let state = state_after(&connection, SHORT, SHORT);
        assert!(matches!(state, ClientState::Idle(_)), "{state:?}");
        assert!(!connection.awaits_http1_request());
    }

    #[test]
    fn a_running_request_is_neither_idle_nor_slow() {
        let connection = Connection::new(Instant::now());
        let request = connection.begin_request(false);
        assert_eq!(state_after(&connection, SHORT, SHORT), ClientState::Active);
        assert!(!connection.awaits_http1_request());
        drop(request);
        assert!(connection.awaits_http1_request());
    }

    #[test]
    fn a_socket_that_accepts_nothing_makes_its_client_slow() {
        let connection = Connection::new(Instant::now());
        let _request = connection.begin_request(false);
        connection.record_write(false);
        assert_eq!(state_after(&connection, LONG, LONG), ClientState::Active);
        assert_eq!(state_after(&connection, SHORT, LONG), ClientState::Slow);
        connection.record_write(true);
        assert_eq!(state_after(&connection, SHORT, LONG), ClientState::Active);
    }
}
