//! The whole of it with a real PostgreSQL: start, stop, start again, what a killed run leaves, wrong majors.

#![expect(clippy::unwrap_used, reason = "the whole file is tests")]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use private_postgres::processes::{Identity, Signal};
use private_postgres::{Cluster, Error, Options, Programs, Search, Stop, data, directories};

/// What the harness found, or what the machine has.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment which programs to use"
)]
fn programs() -> Programs {
    let explicit = std::env::var_os("PORTCULLIS_TEST_POSTGRES_BIN").map(PathBuf::from);
    let path = std::env::var_os("PATH");
    Programs::find(&Search {
        explicit,
        path,
        ..Search::default()
    })
    .unwrap()
}

/// A directory that the server's account can reach, removed at the end.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Home {
        let home =
            PathBuf::from("/var/tmp").join(format!("private-postgres-test-{name}-{}", std::process::id()));
        let _left_over = fs::remove_dir_all(&home);
        directories::make(&home, directories::PASSAGE).unwrap();
        Home(home)
    }

    fn options(&self) -> Options {
        Options {
            programs: programs(),
            data: self.0.join("postgres"),
            password_file: self.0.join("password"),
            log: self.0.join("log"),
            port: None,
            durable: false,
            settings: Vec::new(),
            stop: Stop::default(),
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.0);
    }
}

fn server(cluster: &Cluster) -> Identity {
    Identity::of(cluster.pid().unwrap()).unwrap()
}

/// The system identifier is made by initdb: the same one means the same data.
fn identifier(data: &Path) -> Vec<u8> {
    fs::read(data.join("global/pg_control")).unwrap()[..8].to_vec()
}

#[test]
fn starts_stops_and_keeps_its_data() {
    let home = Home::new("keeps");
    let mut cluster = Cluster::start(home.options()).unwrap();
    let (first, port, password) = (server(&cluster), cluster.port(), cluster.password().to_owned());
    assert!(
        cluster
            .conninfo()
            .starts_with(&format!("host=127.0.0.1 port={port} user=postgres password="))
    );
    let before = identifier(&home.0.join("postgres"));

    cluster.stop().unwrap();
    assert!(!first.is_alive());
    cluster.resume().unwrap();
    assert_eq!(cluster.port(), port, "the same place for those who connect again");
    drop(cluster);

    let again = Cluster::start(home.options()).unwrap();
    assert_eq!(identifier(&home.0.join("postgres")), before);
    assert_eq!(again.password(), password);
    let last = server(&again);
    drop(again);
    assert!(!last.is_alive(), "dropping stops it");
}

#[test]
fn only_its_owner_can_read_it() {
    let home = Home::new("modes");
    let cluster = Cluster::start(home.options()).unwrap();
    let mode = |name: &str| fs::metadata(home.0.join(name)).unwrap().mode() & 0o777;
    assert_eq!(
        (mode("postgres"), mode("password"), mode("log")),
        (0o700, 0o600, 0o600)
    );
    assert!(
        !home.0.join("postgres.pw").exists(),
        "the copy for initdb is gone"
    );
    let owner = fs::metadata(home.0.join("postgres")).unwrap().uid();
    assert_ne!(owner, 0, "never root's");
    drop(cluster);
}

#[test]
fn an_orphan_is_ended_first() {
    let home = Home::new("orphan");
    let orphan = Cluster::start(home.options()).unwrap();
    let left = server(&orphan);
    assert_eq!(orphan.detach(), Some(left.pid));
    assert!(left.is_alive());

    let cluster = Cluster::start(home.options()).unwrap();
    assert!(!left.is_alive());
    assert_ne!(cluster.pid(), Some(left.pid));
}

#[test]
fn a_dead_servers_file_does_not_stop_us() {
    let home = Home::new("stale");
    let mut cluster = Cluster::start(home.options()).unwrap();
    assert!(server(&cluster).end(&[(Signal::KILL, Duration::from_secs(5))]));
    assert!(cluster.has_died());
    assert!(home.0.join("postgres/postmaster.pid").exists());
    cluster.stop().unwrap();
    cluster.resume().unwrap();

    // The same id, but another program has it now: us.
    cluster.stop().unwrap();
    fs::write(
        home.0.join("postgres/postmaster.pid"),
        format!("{}\n", std::process::id()),
    )
    .unwrap();
    drop(cluster);
    Cluster::start(home.options()).unwrap();
}

#[test]
fn another_majors_data_is_refused() {
    let home = Home::new("major");
    drop(Cluster::start(home.options()).unwrap());
    let mut options = home.options();
    options.programs.major += 1;
    let error = Cluster::start(options).err().unwrap();
    let major = home.options().programs.major;
    assert!(
        matches!(&error, Error::WrongMajor { data_major, .. } if *data_major == major),
        "{error}"
    );
    assert!(error.to_string().contains(&format!(
        "PostgreSQL {major}, but these programs are PostgreSQL {}",
        major + 1
    )));
}

#[test]
fn a_lost_password_is_told() {
    let home = Home::new("lost");
    drop(Cluster::start(home.options()).unwrap());
    fs::remove_file(home.0.join("password")).unwrap();
    assert!(matches!(
        Cluster::start(home.options()),
        Err(Error::PasswordLost { .. })
    ));
}

#[test]
fn a_refused_setting_is_told_in_the_servers_words() {
    let home = Home::new("setting");
    let mut options = home.options();
    options.settings.push(("no_such_setting".into(), "1".into()));
    let error = Cluster::start(options).err().unwrap().to_string();
    assert!(
        error.contains("unrecognized configuration parameter \"no_such_setting\""),
        "{error}"
    );
}

#[test]
fn a_failing_initdb_is_told_in_its_words_and_leaves_nothing() {
    let home = Home::new("initdb");
    let bin = home.0.join("bin");
    directories::make(&bin, 0o755).unwrap();
    let script = "#!/bin/sh\necho 'initdb: error: could not write: No space left on device' >&2\nexit 1\n";
    fs::write(bin.join("initdb"), script).unwrap();
    fs::set_permissions(
        bin.join("initdb"),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let mut options = home.options();
    options.programs.bin = bin;
    let error = Cluster::start(options).err().unwrap().to_string();
    assert!(error.contains("No space left on device"), "{error}");
    assert!(!home.0.join("postgres").exists() && !home.0.join("postgres.new").exists());
}

#[test]
fn a_start_can_be_interrupted() {
    let home = Home::new("interrupt");
    let flag = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let mut options = home.options();
    options.stop = Stop::when(flag);
    assert!(matches!(Cluster::start(options), Err(Error::Interrupted)));
    assert_eq!(data::major(&home.0.join("postgres")), None);
}

#[test]
fn a_temporary_cluster_leaves_nothing() {
    let cluster = Cluster::temporary(&programs(), false, &[], &Stop::default()).unwrap();
    let (server, directory) = (server(&cluster), cluster.options().data.clone());
    assert!(directory.exists());
    drop(cluster);
    assert!(!server.is_alive() && !directory.parent().unwrap().exists());
}
