//! The threads of database pools at the end of a process. They are counted by name in the whole process, so no other test may
//! run.

use crate::exclusive;
use crate::support::database::Database;
use diesel::RunQueryDsl;
use portcullis::db::conninfo::{Purpose, WriteTarget};
use portcullis::db::pool::{Connections, await_threads};
use std::fs;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How many threads of pools this process has.
fn threads_of_pools() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("comm")).unwrap_or_default());
    names.filter(|name| name.starts_with("r2d2-worker-")).count()
}

/// A thread with the name of a pool's, which has begun and ends after this work.
fn thread_of_a_pool(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let (begun, has_begun) = mpsc::channel();
    let thread = thread::Builder::new().name("r2d2-worker-9".into());
    let thread = thread.spawn(move || {
        begun.send(()).unwrap();
        work();
    });
    has_begun.recv().unwrap();
    thread.unwrap()
}

/// L6: A process exits only after the threads of its closed pools: one that frees its state of OpenSSL at that moment would
/// crash it.
#[test]
fn the_threads_of_closed_pools_are_awaited() {
    let _exclusive = exclusive();
    let database = Database::fresh();
    let settings = database.settings(&[]).database;
    let purpose = Purpose::Change(WriteTarget::Wishes);
    let connections = Connections::open(&settings, &settings.wishes, purpose);
    let works = connections.repeat("test", |conn| diesel::sql_query("SELECT 1").execute(conn));
    assert_eq!(works, Ok(1));
    assert_ne!(threads_of_pools(), 0, "r2d2 gives its threads another name");
    connections.close();
    drop(connections);
    // r2d2's own may be quick.
    let slow = thread_of_a_pool(|| thread::sleep(Duration::from_millis(300)));
    await_threads(Duration::from_secs(10));
    assert_eq!(threads_of_pools(), 0);
    slow.join().unwrap();
}

/// L6: A thread that hangs in a connection attempt does not hold up the end of the process.
#[test]
fn a_thread_that_does_not_end_is_awaited_until_the_timeout() {
    let _exclusive = exclusive();
    await_threads(Duration::from_secs(20));
    let (end, ends) = mpsc::channel::<()>();
    let hanging = thread_of_a_pool(move || {
        let _ended = ends.recv();
    });
    let started = Instant::now();
    await_threads(Duration::from_millis(200));
    let waited = started.elapsed();
    assert!(
        (Duration::from_millis(200)..Duration::from_secs(10)).contains(&waited),
        "{waited:?}"
    );
    assert_eq!(threads_of_pools(), 1);
    drop(end);
    hanging.join().unwrap();
}
