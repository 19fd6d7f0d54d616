//! A bounded first-in, first-out queue between threads: a full queue rejects instead of blocking the producer. Channels
//! do less: `std::sync::mpsc` has one consumer, and neither it nor crossbeam-channel can drop abandoned entries
//! ([`BoundedQueue::retain`]) or hand over everything that waits at once ([`BoundedQueue::swap_batch`]).

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The queue. Producers and consumers share it through an `Arc`.
pub struct BoundedQueue<T> {
    capacity: usize,
    wake_at: usize,
    state: Mutex<State<T>>,
    arrived: Condvar,
    /// Separate from `arrived`: a consumer in [`BoundedQueue::wait_closed`] must not swallow a wake-up that is meant for
    /// an idle one.
    closed: Condvar,
}

struct State<T> {
    items: VecDeque<T>,
    /// Consumers that wait for items. Without any, a push needs no system call.
    waiting: usize,
    closed: bool,
}

impl<T> BoundedQueue<T> {
    /// A queue for up to `capacity` items.
    pub fn new(capacity: usize) -> Self {
        Self::with_batch(capacity, 1)
    }

    /// A queue whose consumer sleeps until `batch` items wait, or until its own timeout.
    pub fn with_batch(capacity: usize, batch: usize) -> Self {
        Self {
            capacity,
            wake_at: batch,
            state: Mutex::new(State {
                items: VecDeque::new(),
                waiting: 0,
                closed: false,
            }),
            arrived: Condvar::new(),
            closed: Condvar::new(),
        }
    }

    /// Appends an item. Returns `false`, and drops the item, when the queue is full or closed.
    pub fn push(&self, item: T) -> bool {
        self.push_with(1, 0, |items| items.push_back(item))
    }

    /// Inserts an item before the one at `position`, or appends it. Returns `false`, and drops the item, when the queue is
    /// full or closed.
    pub fn insert(&self, item: T, position: impl FnOnce(&VecDeque<T>) -> usize) -> bool {
        self.push_with(1, 0, |items| {
            let position = position(items).min(items.len());
            items.insert(position, item);
        })
    }

    /// Appends all items, or none if fewer than `reserve` places would remain free for others.
    pub fn push_all(&self, items: &[T], reserve: usize) -> bool
    where
        T: Copy,
    {
        self.push_with(items.len(), reserve, |queue| queue.extend(items))
    }

    fn push_with(&self, count: usize, reserve: usize, append: impl FnOnce(&mut VecDeque<T>)) -> bool {
        let mut state = self.lock();
        if state.closed || state.items.len() + count + reserve > self.capacity {
            return false;
        }
        append(&mut state.items);
        if state.waiting > 0 && state.items.len() >= self.wake_at {
            self.arrived.notify_one();
        }
        true
    }

    /// Takes the oldest item and waits for one if necessary. `None` once the queue is closed and empty.
    pub fn pop(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(item) = state.items.pop_front() {
                return Some(item);
            }
            if state.closed {
                return None;
            }
            state.waiting += 1;
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
    }

    /// Swaps everything that waits into `batch`, which must be empty: when a batch is complete, after `timeout`, or when
    /// the queue is closed. Returns `false` once it is closed.
    pub fn swap_batch(&self, batch: &mut VecDeque<T>, timeout: Duration) -> bool {
        let mut state = self.lock();
        state.waiting += 1;
        let incomplete = |state: &mut State<T>| state.items.len() < self.wake_at && !state.closed;
        let (mut state, _) = self
            .arrived
            .wait_timeout_while(state, timeout, incomplete)
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        std::mem::swap(&mut state.items, batch);
        !state.closed
    }

    /// Drops the waiting items that are no longer wanted.
    pub fn retain(&self, is_wanted: impl FnMut(&T) -> bool) {
        self.lock().items.retain(is_wanted);
    }

    /// Rejects further items. What waits is still consumed.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
        self.closed.notify_all();
    }

    /// Rejects further items and drops what waits.
    pub fn abort(&self) {
        let mut state = self.lock();
        state.closed = true;
        let dropped = std::mem::take(&mut state.items);
        drop(state);
        // Outside of the lock: dropping an item may run code of its own.
        drop(dropped);
        self.arrived.notify_all();
        self.closed.notify_all();
    }

    /// Sleeps for this long, or until the queue is closed.
    pub fn wait_closed(&self, timeout: Duration) {
        let open = |state: &mut State<T>| !state.closed;
        let _slept = self.closed.wait_timeout_while(self.lock(), timeout, open);
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Instant;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn items_leave_in_order_and_a_full_queue_rejects() {
        let queue = BoundedQueue::new(2);
        assert!(queue.push(1) && queue.push(2));
        assert!(!queue.push(3));
        assert_eq!((queue.pop(), queue.pop()), (Some(1), Some(2)));
        assert!(queue.push(4));
    }

    #[test]
    fn an_item_can_be_inserted_ahead_of_others() {
        let queue = BoundedQueue::new(3);
        assert!(queue.insert(1, |_| 5) && queue.insert(2, |items| items.len() - 1));
        assert!(queue.insert(3, |_| 1) && !queue.insert(4, |_| 0));
        assert_eq!(
            [queue.pop(), queue.pop(), queue.pop()],
            [Some(2), Some(3), Some(1)]
        );
    }

    #[test]
    fn all_items_of_a_push_fit_or_none_does() {
        let queue = BoundedQueue::with_batch(4, 2);
        assert!(queue.push_all(&[1, 2, 3], 1));
        assert!(!queue.push_all(&[4, 5], 0));
        assert!(!queue.push_all(&[4], 1));
        assert!(queue.push_all(&[4], 0));
        let mut batch = VecDeque::new();
        assert!(queue.swap_batch(&mut batch, LONG));
        assert_eq!(batch, [1, 2, 3, 4]);
    }

    #[test]
    fn an_incomplete_batch_is_handed_over_after_the_timeout() {
        let queue = BoundedQueue::with_batch(4, 2);
        assert!(queue.push(1));
        let mut batch = VecDeque::new();
        assert!(queue.swap_batch(&mut batch, Duration::from_millis(10)));
        assert_eq!(batch, [1]);
    }

    #[test]
    fn a_closed_queue_is_consumed_to_its_end_and_an_aborted_one_is_not() {
        let closed = BoundedQueue::new(2);
        assert!(closed.push(1));
        closed.close();
        assert!(!closed.push(2));
        assert_eq!((closed.pop(), closed.pop()), (Some(1), None));
        let aborted = BoundedQueue::new(2);
        assert!(aborted.push(1));
        aborted.abort();
        assert_eq!(aborted.pop(), None);
        assert!(!aborted.swap_batch(&mut VecDeque::new(), LONG));
    }

    #[test]
    fn unwanted_items_make_room() {
        let queue = BoundedQueue::new(2);
        assert!(queue.push(1) && queue.push(2));
        queue.retain(|item| *item != 1);
        assert!(queue.push(3));
        assert_eq!((queue.pop(), queue.pop()), (Some(2), Some(3)));
    }

    #[test]
    fn waiting_consumers_wake_up_for_items_and_for_the_end() {
        let queue = Arc::new(BoundedQueue::new(8));
        let started = Instant::now();
        let consumers: Vec<_> = (0..2)
            .map(|_| {
                let queue = Arc::clone(&queue);
                std::thread::spawn(move || std::iter::from_fn(|| queue.pop()).count())
            })
            .collect();
        let sleeper = {
            let queue = Arc::clone(&queue);
            std::thread::spawn(move || queue.wait_closed(LONG))
        };
        for item in 0..8 {
            while !queue.push(item) {
                std::thread::yield_now();
            }
        }
        queue.close();
        let consumed: usize = consumers.into_iter().map(|thread| thread.join().unwrap()).sum();
        sleeper.join().unwrap();
        assert_eq!(consumed, 8);
        assert!(started.elapsed() < LONG);
    }
}
