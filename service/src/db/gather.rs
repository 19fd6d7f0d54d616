//! Look-ups of one kind that wait at the same time, answered together in one round trip. Under load a round trip costs
//! more than the rows that it brings; without load there is nobody to gather and nothing is lost.
use super::error::DbError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How many are answered together at the most.
const MOST: usize = 32;

/// How many may wait: while no messenger comes back, as with a frozen server, nobody else takes them away.
const LONGEST: usize = 4096;

/// How many messengers are on their way at the most.
const MESSENGERS: usize = 3;

/// One messenger at a time carries most. Only when the last one has been away for this long is another one sent: a slow
/// statement must not keep the others waiting.
const AWAY_LONG: Duration = Duration::from_millis(5);

/// The look-ups of one kind. Cheap to clone.
pub struct Gather<K, V>(Arc<Mutex<Waiting<K, V>>>);

struct Waiting<K, V> {
    asked: Vec<Asked<K, V>>,
    messengers: usize,
    sent: Instant,
}

impl<K, V> Clone for Gather<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> Default for Gather<K, V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Waiting {
            asked: Vec::new(),
            messengers: 0,
            sent: Instant::now(),
        })))
    }
}

/// One look-up that waits.
pub struct Asked<K, V> {
    key: K,
    since: Instant,
    until: Instant,
    begun: Arc<AtomicBool>,
    answer: oneshot::Sender<Result<V, DbError>>,
}

/// Waits for one answer: for its turn until one time, for its end until another. A server that is frozen, not gone,
/// keeps a connection open and says nothing: only a clock on this side ends that wait.
pub struct Ticket<V> {
    until: Instant,
    end: Instant,
    begun: Arc<AtomicBool>,
    answer: oneshot::Receiver<Result<V, DbError>>,
}

impl<V> Ticket<V> {
    /// A ticket, and the two ends that whoever does the work holds.
    pub fn new(until: Instant, end: Instant) -> (Self, Arc<AtomicBool>, oneshot::Sender<Result<V, DbError>>) {
        let (sender, answer) = oneshot::channel();
        let begun = Arc::new(AtomicBool::new(false));
        (
            Self {
                until,
                end,
                begun: Arc::clone(&begun),
                answer,
            },
            begun,
            sender,
        )
    }

    /// The answer; `Exhausted` when its turn did not come in time, `Failed` when the work broke down.
    pub async fn answer(mut self, what: &'static str) -> Result<V, DbError> {
        let answer = match tokio::time::timeout_at(self.until.into(), &mut self.answer).await {
            Err(_) if self.begun.load(Ordering::Relaxed) => {
                match tokio::time::timeout_at(self.end.into(), self.answer).await {
                    Ok(answer) => answer,
                    Err(_) => {
                        tracing::warn!(what, "the database says nothing");
                        return Err(DbError::Timeout);
                    }
                }
            }
            Err(_) => return Err(exhausted(what)),
            Ok(answer) => answer,
        };
        match answer {
            Ok(answer) => answer,
            Err(_) if self.begun.load(Ordering::Relaxed) => {
                tracing::error!(what, "database work panicked");
                Err(DbError::Failed)
            }
            Err(_) => Err(exhausted(what)),
        }
    }
}

fn exhausted(what: &'static str) -> DbError {
    tracing::warn!(what, "no database connection became free in time");
    DbError::Exhausted
}

impl<K, V> Gather<K, V> {
    /// Adds a look-up; `true`: a messenger must be sent, who takes whatever has gathered when their turn comes.
    pub fn ask(&self, key: K, until: Instant, end: Instant) -> (Ticket<V>, bool) {
        let (ticket, begun, answer) = Ticket::new(until, end);
        let mut waiting = self.lock();
        if waiting.asked.len() >= LONGEST {
            waiting.asked.retain(|asked| !asked.answer.is_closed());
        }
        // What finds no room is dropped, and its ticket says so.
        if waiting.asked.len() < LONGEST {
            waiting.asked.push(Asked {
                key,
                since: Instant::now(),
                until,
                begun,
                answer,
            });
        }
        let away_long = waiting.messengers < MESSENGERS && waiting.sent.elapsed() > AWAY_LONG;
        let send = waiting.messengers == 0 || away_long;
        if send {
            waiting.messengers += 1;
            waiting.sent = Instant::now();
        }
        (ticket, send)
    }

    /// Takes those that are still wanted, oldest first.
    pub fn take(&self) -> Vec<Asked<K, V>> {
        let mut waiting = self.lock();
        let most = waiting.asked.len().min(MOST);
        let rest = waiting.asked.split_off(most);
        let mut taken = std::mem::replace(&mut waiting.asked, rest);
        let now = Instant::now();
        waiting.sent = now;
        drop(waiting);
        taken.retain(|asked| asked.until > now && !asked.answer.is_closed());
        taken
    }

    /// A messenger is back; `true`: somebody asked meanwhile, and they must go again.
    pub fn back(&self) -> bool {
        let mut waiting = self.lock();
        let again = !waiting.asked.is_empty();
        if !again {
            waiting.messengers -= 1;
        }
        again
    }

    /// The messenger cannot be sent: everybody is turned away.
    pub fn turn_away(&self) {
        let mut waiting = self.lock();
        waiting.messengers -= 1;
        waiting.asked.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Asked<K, V> {
    /// The work begins; how long this one has waited.
    pub fn begin(&self) -> Duration {
        self.begun.store(true, Ordering::Relaxed);
        self.since.elapsed()
    }

    /// What is looked up.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// Hands over the answer.
    pub fn answer(self, answer: Result<V, DbError>) {
        let _ = self.answer.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_that_wait_are_taken_together_and_answered_each() {
        let gather = Gather::<u32, u32>::default();
        let until = Instant::now() + Duration::from_secs(5);
        let tickets: Vec<_> = (0..40).map(|key| gather.ask(key, until, until)).collect();
        assert!((1..=MESSENGERS).contains(&tickets.iter().filter(|(_, send)| *send).count()));
        let taken = gather.take();
        assert_eq!(taken.len(), MOST);
        assert!(gather.back());
        let rest = gather.take();
        assert_eq!(rest.len(), 8);
        assert!(!gather.back());
        for asked in taken.into_iter().chain(rest) {
            asked.begin();
            let answer = asked.key() * 2;
            asked.answer(Ok(answer));
        }
        for (key, (ticket, _)) in tickets.into_iter().enumerate() {
            assert_eq!(ticket.answer("test").await, Ok(u32::try_from(key).unwrap() * 2));
        }
    }

    #[tokio::test]
    async fn whoever_waits_in_vain_is_told_and_whoever_left_is_not_served() {
        let gather = Gather::<u32, u32>::default();
        let soon = Instant::now() + Duration::from_millis(20);
        let later = Instant::now() + Duration::from_secs(5);
        let (late, _) = gather.ask(1, soon, soon);
        let (gone, _) = gather.ask(2, later, later);
        drop(gone);
        assert_eq!(late.answer("test").await, Err(DbError::Exhausted));
        assert!(gather.take().is_empty());
        let (broken, _) = gather.ask(3, later, later);
        for asked in gather.take() {
            asked.begin();
        }
        assert_eq!(broken.answer("test").await, Err(DbError::Failed));
    }

    #[tokio::test]
    async fn a_frozen_server_is_waited_for_until_the_end_and_a_second_messenger_goes() {
        let gather = Gather::<u32, u32>::default();
        let soon = Instant::now() + Duration::from_millis(10);
        let (stuck, send) = gather.ask(1, soon, soon + Duration::from_millis(20));
        assert!(send);
        let taken = gather.take();
        for asked in &taken {
            let _ = asked.begin();
        }
        tokio::time::sleep(2 * AWAY_LONG).await;
        assert!(gather.ask(2, soon, soon).1);
        assert_eq!(stuck.answer("test").await, Err(DbError::Timeout));
        drop(taken);
    }

    #[tokio::test]
    async fn those_who_left_make_room_and_the_rest_has_an_end() {
        let gather = Gather::<usize, u32>::default();
        let later = Instant::now() + Duration::from_secs(5);
        for key in 0..2 * LONGEST {
            drop(gather.ask(key, later, later));
        }
        assert!(gather.lock().asked.len() <= LONGEST);
        let tickets: Vec<_> = (0..LONGEST).map(|key| gather.ask(key, later, later)).collect();
        let (refused, _) = gather.ask(0, later, later);
        assert_eq!(refused.answer("test").await, Err(DbError::Exhausted));
        assert_eq!(gather.lock().asked.len(), tickets.len());
    }
}
