//! Sends the mails of the outbox, one at a time, on its own thread. A mail's row is locked from before the delivery
//! until its outcome is stored, so with any number of workers no mail is lost; a mail is sent twice only if the
//! acceptance is not recorded, for example after a timeout.

use super::delivery_error::DeliveryError;
use super::kind::MailKind;
use super::message::Message;
use super::outbox_mail::DATA_KEY;
use super::renderer::{Content, RenderError, Renderer};
use super::retry;
use super::timed_task::{TaskOutcome, TaskRunner, WorkerEvent};
use super::transport::Transport;
use crate::db::DbError;
use crate::db::outbox::{DeliveryOutcome, Outbox, WaitingMail};
use crate::db::pool::Connections;
use crate::telemetry::metrics::Metrics;
use lettre::message::Mailbox;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How often the connection is checked for notifications: this reads the socket's buffer and runs no statement.
const NOTIFY_INTERVAL: Duration = Duration::from_millis(200);

/// How often the outbox is polled without a notification, for mails whose retry is due.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// How often old mails are deleted.
const PURGE_INTERVAL: Duration = Duration::from_secs(3600);

/// Delays between attempts to reconnect to the database.
const RECONNECT_DELAYS: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(3),
];

/// How long a stop waits for the worker; connecting to the database takes up to 3 s.
const STOP_TIMEOUT: Duration = Duration::from_secs(4);

/// The dependencies of a worker.
#[derive(Clone)]
pub struct WorkerContext {
    /// Renders the mails.
    pub renderer: Renderer,
    /// The sender of all mails.
    pub from: Mailbox,
    /// The transport.
    pub transport: Transport,
    /// How long sent and given-up mails are retained.
    pub retention: Duration,
    /// The metrics.
    pub metrics: Metrics,
}

/// A running worker. Dropping it asks the worker to stop.
pub struct MailWorker {
    events: Sender<WorkerEvent<Result<(), DeliveryError>>>,
    stopped: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl MailWorker {
    /// Starts the thread over the connections of the login that may read the outbox. Without a database it retries to
    /// connect. `panicked` is called if the worker ends by a bug.
    pub fn start(
        context: WorkerContext,
        connections: Connections,
        panicked: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, events) = channel();
        let (stop, stopped) = channel();
        let mut state = WorkerState {
            context,
            connections,
            tasks: TaskRunner::new(sender.clone(), events),
            sent: HashSet::new(),
            failures: 0,
            paused_until: Instant::now(),
        };
        let work = move || {
            if catch_unwind(AssertUnwindSafe(|| state.run())).is_err() {
                panicked();
            }
            drop(stop);
        };
        let thread = std::thread::Builder::new()
            .name("portcullis-mail".to_owned())
            .spawn(work)?;
        Ok(Self {
            events: sender,
            stopped,
            thread: Some(thread),
        })
    }

    /// Stops the worker and waits up to [`STOP_TIMEOUT`]. A delivery that is running then is repeated by the next
    /// worker.
    pub fn stop(mut self) {
        let _ = self.events.send(WorkerEvent::Stop);
        if self.stopped.recv_timeout(STOP_TIMEOUT) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the mail worker did not stop in time");
        } else if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for MailWorker {
    fn drop(&mut self) {
        let _ = self.events.send(WorkerEvent::Stop);
    }
}

/// Why the outbox is not processed over a connection any more.
enum Processed {
    /// The login was replaced.
    Replaced,
    /// The service stops.
    Stopped,
}

/// The state of the worker's thread.
struct WorkerState {
    context: WorkerContext,
    connections: Connections,
    tasks: TaskRunner<Result<(), DeliveryError>>,
    /// Mails that were accepted, but whose outcome was not stored because the connection to the database was lost.
    sent: HashSet<Uuid>,
    /// Consecutive transport failures.
    failures: u32,
    paused_until: Instant,
}

impl WorkerState {
    fn run(&mut self) {
        let mut losses = 0;
        loop {
            let started = Instant::now();
            match self.work() {
                Ok(()) => return,
                Err(_) if started.elapsed() > POLL_INTERVAL => losses = 0,
                Err(_) => losses += 1,
            }
            let wait = RECONNECT_DELAYS[losses.min(RECONNECT_DELAYS.len() - 1)];
            if self.tasks.wait_for_stop(wait) {
                return;
            }
        }
    }

    /// Runs until the service stops, or fails when the connection to the database is lost.
    fn work(&mut self) -> Result<(), DbError> {
        let mut purged = None;
        loop {
            let mut outbox = Outbox::open(&self.connections)?;
            match self.process(&mut outbox, &mut purged) {
                // The former login ends soon.
                Ok(Processed::Replaced) => {}
                Ok(Processed::Stopped) => return Ok(()),
                Err(error) => {
                    outbox.discard();
                    return Err(error);
                }
            }
        }
    }

    /// Processes the outbox over one connection.
    fn process(&mut self, outbox: &mut Outbox, purged: &mut Option<Instant>) -> Result<Processed, DbError> {
        loop {
            while !outbox.is_replaced() && self.deliver_next(outbox)? {}
            let backlog = outbox.backlog()?;
            self.context.metrics.mail_waits(backlog.waiting, backlog.age);
            if purged.is_none_or(|purged| purged.elapsed() > PURGE_INTERVAL) {
                let count = outbox.purge(self.context.retention)?;
                if count > 0 {
                    tracing::info!(count, "old mails deleted");
                }
                *purged = Some(Instant::now());
            }
            if self.idle(outbox)? {
                return Ok(Processed::Stopped);
            }
            if outbox.is_replaced() {
                return Ok(Processed::Replaced);
            }
        }
    }

    /// Waits for a notification, the next poll or another login; `true`: the service is stopping.
    fn idle(&mut self, outbox: &mut Outbox) -> Result<bool, DbError> {
        let pause = self.paused_until.saturating_duration_since(Instant::now());
        let is_paused = !pause.is_zero();
        let next_poll = Instant::now() + if is_paused { pause } else { POLL_INTERVAL };
        while !outbox.is_replaced() && (is_paused || !outbox.is_notified()?) {
            let left = next_poll.saturating_duration_since(Instant::now());
            if self.tasks.wait_for_stop(left.min(NOTIFY_INTERVAL)) {
                return Ok(true);
            }
            if left.is_zero() {
                break;
            }
        }
        Ok(self.tasks.wait_for_stop(Duration::ZERO))
    }

    /// Delivers one mail; `false`: none is due, or deliveries are paused.
    fn deliver_next(&mut self, outbox: &mut Outbox) -> Result<bool, DbError> {
        if self.paused_until > Instant::now() || self.tasks.wait_for_stop(Duration::ZERO) {
            return Ok(false);
        }
        let Some((mail, outcome)) = outbox.next(|mail| self.deliver(mail))? else {
            return Ok(false);
        };
        self.sent.remove(&mail.message_id);
        let (message_id, kind, tries) = (mail.message_id, mail.kind.as_str(), mail.tries);
        match &outcome {
            DeliveryOutcome::Sent => tracing::info!(%message_id, kind, tries, "mail sent"),
            DeliveryOutcome::Retry { delay, reason } => {
                let seconds = delay.as_secs();
                tracing::warn!(%message_id, kind, tries, seconds, reason, "mail delivery failed, will retry");
            }
            DeliveryOutcome::GiveUp { reason } => {
                tracing::error!(%message_id, kind, tries, reason, "mail given up")
            }
            DeliveryOutcome::NotAttempted => {}
        }
        self.context.metrics.mail_tried(match outcome {
            DeliveryOutcome::Sent => "sent",
            DeliveryOutcome::Retry { .. } => "retry",
            DeliveryOutcome::GiveUp { .. } => "given_up",
            DeliveryOutcome::NotAttempted => return Ok(false),
        });
        Ok(true)
    }

    fn deliver(&mut self, mail: &WaitingMail) -> DeliveryOutcome {
        if self.sent.contains(&mail.message_id) {
            return DeliveryOutcome::Sent;
        }
        if mail.expires_at.is_some_and(|end| end <= mail.now) {
            return DeliveryOutcome::GiveUp {
                reason: "expired".to_owned(),
            };
        }
        let (context, waiting) = (self.context.clone(), mail.clone());
        let error = match self.tasks.run(move || context.send(&waiting)) {
            TaskOutcome::Done(Ok(())) => {
                self.failures = 0;
                self.sent.insert(mail.message_id);
                return DeliveryOutcome::Sent;
            }
            TaskOutcome::Done(Err(error)) => error,
            TaskOutcome::Panicked => DeliveryError::Temporary("panic".into()),
            TaskOutcome::NotStarted => DeliveryError::Transport("no thread".into()),
            TaskOutcome::TimedOut => DeliveryError::Transport("timed out".into()),
            TaskOutcome::Stopped => return DeliveryOutcome::NotAttempted,
        };
        if matches!(error, DeliveryError::Transport(_)) {
            self.failures = self.failures.saturating_add(1);
            self.paused_until = Instant::now() + retry::transport_backoff(self.failures);
        }
        retry::outcome_after(&error, mail, rand::random())
    }
}

impl WorkerContext {
    fn send(&self, mail: &WaitingMail) -> Result<(), DeliveryError> {
        // A later version may know the kind, so the mail is retried.
        let kind = MailKind::parse(&mail.kind).ok_or(DeliveryError::Temporary("unknown kind".into()))?;
        let content = Content {
            kind,
            name: mail.data["name"].as_str(),
            link: mail.link_id,
            data_key: mail.data[DATA_KEY].as_str(),
            expires_at: mail.expires_at,
        };
        let content = self.renderer.render(&content).map_err(|error| match error {
            // Loaded soon, where replicas reload their keys at different times.
            RenderError::UnknownDataKey => DeliveryError::Temporary(error.to_string().into()),
            RenderError::LinkMissing | RenderError::Template(_) => {
                DeliveryError::Permanent(error.to_string().into())
            }
        })?;
        let to = mail.recipient.parse();
        self.transport.send(&Message {
            id: mail.message_id,
            from: self.from.clone(),
            to: to.map_err(|_| DeliveryError::Permanent("recipient: invalid address".into()))?,
            date: mail.created_at,
            content,
        })
    }
}
