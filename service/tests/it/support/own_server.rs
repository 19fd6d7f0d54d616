//! A PostgreSQL server of one test's own, which it may stop.
use super::database::{Server, settings};
use super::environment;
use super::scratch::Scratch;
use portcullis::domain::batches::import;
use private_postgres::{Cluster, Programs, Search, Stop};

/// A running server with this data in the database `portcullis`.
pub fn with(data: &str) -> (Cluster, Server) {
    let (cluster, server) = start();
    let file = Scratch::of("sql", data);
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
    let cluster = Cluster::temporary(&programs, false, &[], &Stop::default()).unwrap();
    let server = Server::of(&cluster.conninfo());
    server.make("portcullis");
    (cluster, server)
}
