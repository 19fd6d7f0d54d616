//! A PostgreSQL server for one test, which the test may stop.

use super::certificate_authority::CertificateAuthority;
use super::database::{Database, Server, lines, settings};
use super::environment;
use super::temp_file::TempFile;
use super::wait::wait_until;
use diesel::connection::SimpleConnection;
use harness::test_results::ignored;
use portcullis::domain::batches::import;
use private_postgres::{Cluster, Programs, Search, Stop};
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Starts a server and imports data into the database `portcullis`.
pub fn start_with_data(data: &str) -> (Cluster, Server) {
    let (cluster, server) = start();
    let file = TempFile::new("sql", data);
    import(
        &settings(server.pairs("portcullis"), &[]).database,
        file.path(),
        &mut |_| {},
    )
    .unwrap();
    (cluster, server)
}

/// Starts a server without roles and databases of the service.
pub fn start_empty() -> (Cluster, Server) {
    let cluster = Cluster::temporary(&programs(), false, &[], &Stop::default()).unwrap();
    let server = Server::parse(&cluster.conninfo());
    (cluster, server)
}

/// Starts a server with the migrated database `portcullis`.
pub fn start() -> (Cluster, Server) {
    start_with(&programs(), &[("max_prepared_transactions", "1")])
}

/// Runs a test over a server with pgaudit, and its database `portcullis`. Its log names logins. Where the installation has no pgaudit,
/// the test is reported as ignored.
pub fn with_pgaudit(test: impl FnOnce(&Cluster, &Database)) {
    let programs = programs();
    if !programs.has_module("pgaudit") {
        ignored::report("pgaudit is not installed (Debian: postgresql-15-pgaudit)");
        return;
    }
    let settings = [
        ("shared_preload_libraries", "pgaudit"),
        ("log_line_prefix", "%m [%p] %q%u@%d "),
        ("lc_messages", "C"),
    ];
    let (cluster, server) = start_with(&programs, &settings);
    let name = "portcullis".to_owned();
    test(&cluster, &Database { name, server });
}

fn programs() -> Programs {
    let search = Search {
        explicit: environment::postgres_programs(),
        path: environment::path(),
        ..Search::default()
    };
    Programs::find(&search).unwrap()
}

fn start_with(programs: &Programs, settings: &[(&str, &str)]) -> (Cluster, Server) {
    let settings = settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let settings: Vec<_> = settings.collect();
    let cluster = Cluster::temporary(programs, false, &settings, &Stop::default()).unwrap();
    let server = Server::parse(&cluster.conninfo());
    server.create_database("portcullis");
    (cluster, server)
}

/// Lets a server require TLS and the password itself of every login but the superuser's, as Azure does where access tokens are
/// passwords.
pub fn require_tls_and_cleartext_passwords(
    cluster: &Cluster,
    server: &Server,
    authority: &CertificateAuthority,
) {
    let data = &cluster.options().data;
    let owner = std::fs::metadata(data).unwrap();
    let write = |name: &str, text: &str| {
        let path = data.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    };
    let (certificate, key) = authority.certificate("127.0.0.1");
    write("server.crt", &certificate);
    write("server.key", &key);
    write(
        "pg_hba.conf",
        "host all postgres 127.0.0.1/32 scram-sha-256\n\
         hostssl all all 127.0.0.1/32 password\n",
    );
    let mut conn = server.admin("postgres");
    for statement in ["ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"] {
        conn.batch_execute(statement).unwrap();
    }
    wait_until("the server uses TLS", || {
        let mut conn = server.admin("postgres");
        lines(
            &mut conn,
            "SELECT setting AS line FROM pg_settings WHERE name = 'ssl'",
        )
        .unwrap()
            == ["on"]
    });
}

/// Locks held by a prepared transaction. They outlive every connection and a restart of the server, so a statement that waits
/// for them when the server stops never acquires them, in whatever order connections are closed.
pub struct HeldLocks<'a>(&'a Server);

impl<'a> HeldLocks<'a> {
    /// Runs the statements and holds their locks.
    pub fn acquire(server: &'a Server, statements: &str) -> Self {
        let mut conn = server.admin("portcullis");
        conn.batch_execute(&format!("BEGIN; {statements}; PREPARE TRANSACTION 'held'"))
            .unwrap();
        Self(server)
    }

    /// Waits until this many statements of the service wait for a lock.
    pub fn wait_for_blocked(&self, expected: usize) {
        let statement = "SELECT count(*)::text AS line FROM pg_stat_activity
                         WHERE application_name LIKE 'portcullis-%' AND wait_event_type = 'Lock'";
        let mut conn = self.0.admin("portcullis");
        let start = Instant::now();
        loop {
            let waiting = lines(&mut conn, statement).unwrap();
            if waiting == [expected.to_string()] {
                return;
            }
            assert!(
                start.elapsed() < Duration::from_secs(3),
                "{waiting:?} of {expected} statements wait"
            );
            sleep(Duration::from_millis(20));
        }
    }

    /// Releases the locks; the server must be running.
    pub fn release(self) {
        self.0
            .admin("portcullis")
            .batch_execute("ROLLBACK PREPARED 'held'")
            .unwrap();
    }
}
