//! Takes mails out of the outbox, one at a time, on a thread of its own: nobody who answers requests waits for a mail
//! server. A mail's row is held from before it is sent until it is marked, so that however many workers there are, and
//! however one of them dies, a mail is never lost, and sent twice only when a server takes it too late to be heard.
use super::errand::{Ending, Errands, Event};
use super::failure::Failure;
use super::message::Message;
use super::retry;
use super::text::{Content, Kind, Renderer};
use super::transport::Transport;
use crate::config::database::{DatabaseSettings, Login};
use crate::db::DbError;
use crate::db::outbox::{Fate, Outbox, WaitingMail};
use crate::telemetry::metrics::Metrics;
use lettre::message::Mailbox;
use std::collections::HashSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How often the connection is asked for news: a look at a socket's buffer, not a statement.
const TICK: Duration = Duration::from_millis(200);

/// How often the outbox is looked through without news: for mails whose wait is over.
const LOOK: Duration = Duration::from_secs(5);

/// How often old mails are deleted.
const PURGE: Duration = Duration::from_secs(3600);

/// How long sent mails are kept.
const KEPT: chrono::TimeDelta = chrono::TimeDelta::days(30);

/// Waits after the database was lost.
const RECONNECT: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(3),
];

/// How long a stop waits: a connection that is being made takes 3 s at the most.
const STOP: Duration = Duration::from_secs(4);

/// What a worker works with.
#[derive(Clone)]
pub struct Post {
    /// Where the outbox is.
    pub database: DatabaseSettings,
    /// The login that may see it.
    pub login: Login,
    /// Makes the texts.
    pub renderer: Renderer,
    /// The sender of all mails.
    pub from: Mailbox,
    /// The way out.
    pub transport: Transport,
    /// The instruments.
    pub metrics: Metrics,
}

/// A running worker. It is told to stop when this is dropped.
pub struct Worker {
    events: Sender<Event<Result<(), Failure>>>,
    ended: Receiver<()>,
}

impl Worker {
    /// Starts the thread. Works without a database: it waits for one.
    pub fn start(post: Post) -> std::io::Result<Self> {
        let (sender, events) = channel();
        let (end, ended) = channel();
        let mut round = Round {
            post,
            errands: Errands::new(sender.clone(), events),
            sent: HashSet::new(),
            failures: 0,
            rest_until: Instant::now(),
        };
        let work = move || {
            round.run();
            drop(end);
        };
        std::thread::Builder::new()
            .name("portcullis-mail".to_owned())
            .spawn(work)?;
        Ok(Self {
            events: sender,
            ended,
        })
    }

    /// Ends it. Blocks until it has ended, a few seconds at the most: a mail that is under way then is sent again by the
    /// next who starts.
    pub fn stop(self) {
        let _ = self.events.send(Event::Stop);
        if self.ended.recv_timeout(STOP) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            tracing::warn!("the mail worker did not end in time");
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.events.send(Event::Stop);
    }
}

/// The worker's own state.
struct Round {
    post: Post,
    errands: Errands<Result<(), Failure>>,
    /// Mails that left, but whose mark was lost with the database's connection.
    sent: HashSet<Uuid>,
    /// How often in a row the way out was broken.
    failures: u32,
    rest_until: Instant,
}

impl Round {
    fn run(&mut self) {
        let mut losses = 0;
        loop {
            let begun = Instant::now();
            match self.work() {
                Ok(()) => return,
                Err(_) if begun.elapsed() > LOOK => losses = 0,
                Err(_) => losses += 1,
            }
            let wait = RECONNECT[losses.min(RECONNECT.len() - 1)];
            if self.errands.stops_within(wait) {
                return;
            }
        }
    }

    /// Works until the service stops, or the database is lost.
    fn work(&mut self) -> Result<(), DbError> {
        let mut outbox = Outbox::open(&self.post.database, &self.post.login)?;
        let mut purged = None::<Instant>;
        loop {
            while self.deliver_next(&mut outbox)? {}
            let backlog = outbox.backlog()?;
            self.post.metrics.mail_waits(backlog.waiting, backlog.age);
            if purged.is_none_or(|purged| purged.elapsed() > PURGE) {
                let count = outbox.purge(KEPT)?;
                if count > 0 {
                    tracing::info!(count, "old mails deleted");
                }
                purged = Some(Instant::now());
            }
            if self.idle(&mut outbox)? {
                return Ok(());
            }
        }
    }

    /// Waits for news, or for the next look; `true`: the service is to stop.
    fn idle(&mut self, outbox: &mut Outbox) -> Result<bool, DbError> {
        let rest = self.rest_until.saturating_duration_since(Instant::now());
        if self.errands.stops_within(rest) {
            return Ok(true);
        }
        let look = Instant::now() + if rest.is_zero() { LOOK } else { Duration::ZERO };
        while !outbox.is_told()? && Instant::now() < look {
            if self.errands.stops_within(TICK) {
                return Ok(true);
            }
        }
        Ok(self.errands.stops_within(Duration::ZERO))
    }

    /// Takes one mail; `false`: there is none, or this is no time for one.
    fn deliver_next(&mut self, outbox: &mut Outbox) -> Result<bool, DbError> {
        if self.rest_until > Instant::now() || self.errands.stops_within(Duration::ZERO) {
            return Ok(false);
        }
        let Some((mail, fate)) = outbox.next(|mail| self.deliver(mail))? else {
            return Ok(false);
        };
        self.sent.remove(&mail.message_id);
        let (message_id, kind, tries) = (mail.message_id, mail.kind.as_str(), mail.tries);
        match &fate {
            Fate::Sent => tracing::info!(%message_id, kind, tries, "mail sent"),
            Fate::Retry { wait, why } => {
                let seconds = wait.as_secs();
                tracing::warn!(%message_id, kind, tries, seconds, why, "mail waits for another try");
            }
            Fate::GiveUp { why } => tracing::error!(%message_id, kind, tries, why, "mail given up"),
            Fate::Untouched => {}
        }
        self.post.metrics.mail_tried(match fate {
            Fate::Sent => "sent",
            Fate::Retry { .. } => "retry",
            Fate::GiveUp { .. } => "given_up",
            Fate::Untouched => return Ok(false),
        });
        Ok(true)
    }

    fn deliver(&mut self, mail: &WaitingMail) -> Fate {
        if self.sent.contains(&mail.message_id) {
            return Fate::Sent;
        }
        if mail.expires_at.is_some_and(|end| end <= mail.now) {
            return Fate::GiveUp {
                why: "expired".to_owned(),
            };
        }
        let (post, waiting) = (self.post.clone(), mail.clone());
        let failure = match self.errands.run(move || post.send(&waiting)) {
            Ending::Done(Ok(())) => {
                self.failures = 0;
                self.sent.insert(mail.message_id);
                return Fate::Sent;
            }
            Ending::Done(Err(failure)) => failure,
            Ending::Failed => Failure::Later("panic".into()),
            Ending::Late => Failure::Way("timed out".into()),
            Ending::Stopped => return Fate::Untouched,
        };
        if matches!(failure, Failure::Way(_)) {
            self.failures = self.failures.saturating_add(1);
            self.rest_until = Instant::now() + retry::pause(self.failures);
        }
        retry::after(&failure, mail, rand::random())
    }
}

impl Post {
    fn send(&self, mail: &WaitingMail) -> Result<(), Failure> {
        // A later version may know it: no reason to lose it.
        let kind = Kind::parse(&mail.kind).ok_or(Failure::Later("unknown kind".into()))?;
        let content = Content {
            kind,
            name: mail.data["name"].as_str(),
            link: mail.link_id,
            expires_at: mail.expires_at,
        };
        let content = self.renderer.render(&content);
        let to = mail.recipient.parse();
        self.transport.send(&Message {
            id: mail.message_id,
            from: self.from.clone(),
            to: to.map_err(|_| Failure::Never("recipient: no address".into()))?,
            date: mail.created_at,
            content: content.ok_or(Failure::Never("link missing".into()))?,
        })
    }
}
