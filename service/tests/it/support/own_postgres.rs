//! A PostgreSQL server of one test's own, which it may stop.
use super::database::{Server, lines, settings};
use super::environment;
use super::temp_file::TempFile;
use diesel::connection::SimpleConnection;
use portcullis::domain::batches::import;
use private_postgres::{Cluster, Programs, Search, Stop};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A running server with this data in the database `portcullis`.
pub fn with(data: &str) -> (Cluster, Server) {
    let (cluster, server) = start();
    let file = TempFile::of("sql", data);
    import(
        &settings(server.pairs("portcullis"), &[]).database,
        file.path(),
        &mut |_| {},
    )
    .unwrap();
    (cluster, server)
}

/// A running server with the migrated database `portcullis`.
pub fn start() -> (Cluster, Server) {
    let search = Search {
        explicit: environment::postgres_programs(),
        path: environment::path(),
        ..Search::default()
    };
    let programs = Programs::find(&search).unwrap();
    let prepared = [("max_prepared_transactions".to_owned(), "1".to_owned())];
    let cluster = Cluster::temporary(&programs, false, &prepared, &Stop::default()).unwrap();
    let server = Server::of(&cluster.conninfo());
    server.make("portcullis");
    (cluster, server)
}

/// Statements whose locks outlive every connection, and the server too: whoever waits for them when the server stops never
/// gets them, in whatever order connections end.
pub struct HeldLocks<'a>(&'a Server);

impl<'a> HeldLocks<'a> {
    /// Runs the statements, and keeps their locks.
    pub fn by(server: &'a Server, statements: &str) -> Self {
        let mut conn = server.admin("portcullis");
        conn.batch_execute(&format!("BEGIN; {statements}; PREPARE TRANSACTION 'held'"))
            .unwrap();
        Self(server)
    }

    /// Waits until so many of the service's statements wait for a lock.
    pub fn wait_for(&self, waiting: usize) {
        let statement = "SELECT count(*)::text AS line FROM pg_stat_activity
                         WHERE application_name LIKE 'portcullis-%' AND wait_event_type = 'Lock'";
        let mut conn = self.0.admin("portcullis");
        let begun = Instant::now();
        loop {
            let seen = lines(&mut conn, statement).unwrap();
            if seen == [waiting.to_string()] {
                return;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(3),
                "{seen:?} of {waiting} wait"
            );
            sleep(Duration::from_millis(20));
        }
    }

    /// Lets go, once the server is back.
    pub fn release(self) {
        self.0
            .admin("portcullis")
            .batch_execute("ROLLBACK PREPARED 'held'")
            .unwrap();
    }
}
