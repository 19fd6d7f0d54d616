//! Replicas behind nginx that are restarted, or killed, under load.

use super::nginx;
use crate::support::accounts::create_and_log_in;
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::load::{Outcome, under_load};
use crate::support::nginx::Nginx;
use crate::support::program::ServiceProcess;
use crate::support::raw_connection::RawConnection;
use crate::support::sample_data::small;
use portcullis::types::role::Role;
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::Duration;

const REQUEST: &str = "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Two processes over one database, behind nginx.
struct Replicas {
    database: Database,
    settings: Vec<(String, String)>,
    processes: Vec<ServiceProcess>,
    nginx: Nginx,
    /// The service as nginx's clients reach it.
    app: App,
}

impl Replicas {
    fn start() -> Option<Self> {
        let database = Database::with_data(&small());
        let mut settings = database.pairs();
        for (name, value) in [
            ("TRUSTED_PROXIES", "127.0.0.1"),
            ("CLIENT_ADDRESS_SOURCE", "x-forwarded-for"),
            ("SHUTDOWN_DELAY", "1"),
        ] {
            settings.push((name.to_owned(), value.to_owned()));
        }
        let processes = vec![start(&settings, None), start(&settings, None)];
        let nginx = nginx([processes[0].address, processes[1].address])?;
        let mut app = App::of_process(&processes[0]);
        app.address = nginx.plain;
        Some(Self {
            database,
            settings,
            processes,
            nginx,
            app,
        })
    }

    /// Reads and writes through nginx while `meanwhile` runs.
    fn under_load(
        &mut self,
        meanwhile: impl FnOnce(&[(String, String)], &mut Vec<ServiceProcess>),
    ) -> Outcome {
        let token = create_and_log_in(&self.app, &self.database, "ann@example.org", Role::User);
        let (settings, processes) = (&self.settings, &mut self.processes);
        under_load(&self.app, &token, || {
            sleep(Duration::from_millis(500));
            meanwhile(settings, processes);
            sleep(Duration::from_secs(1));
        })
    }
}

/// Starts a replica, at the address of an earlier one.
fn start(settings: &[(String, String)], at: Option<SocketAddr>) -> ServiceProcess {
    let mut settings = settings.to_vec();
    settings.extend(at.map(|address| ("LISTEN".to_owned(), address.to_string())));
    ServiceProcess::start(&settings)
}

/// L6: While both replicas are restarted, one after the other, no client of nginx notices.
#[test]
fn a_rolling_restart_behind_nginx_loses_no_request() {
    let Some(mut replicas) = Replicas::start() else {
        return;
    };
    let outcome = replicas.under_load(|settings, processes| {
        for _ in 0..2 {
            let old = processes.remove(0);
            let address = old.address;
            old.terminate();
            assert_eq!(old.wait().0, Some(0));
            processes.push(start(settings, Some(address)));
            // Until nginx uses it again.
            sleep(Duration::from_millis(2_500));
        }
    });
    println!("rolling restart: {outcome:?}");
    assert_eq!(outcome.failed(), 0, "{outcome:?}");
    assert!(outcome.good > 40, "{outcome:?}");
    let log = replicas.nginx.log();
    for process in &replicas.processes {
        let address = process.address.to_string();
        let served = log
            .iter()
            .filter(|line| line["replica"] == address.as_str())
            .count();
        assert!(served > 5, "{address} served {served}");
    }
}

/// L6: When a replica is killed, only changes fail that it was processing, which nginx must not repeat.
#[test]
fn a_killed_replica_behind_nginx_fails_only_the_changes_in_progress() {
    let Some(mut replicas) = Replicas::start() else {
        return;
    };
    let outcome = replicas.under_load(|_, processes| {
        drop(processes.remove(0));
        sleep(Duration::from_secs(2));
    });
    println!("kill -9 of one of two: {outcome:?}");
    // Two of the four clients of the load change something.
    assert!(outcome.failed() <= 2, "{outcome:?}");
    assert!(outcome.good > 40, "{outcome:?}");
}

/// L6: From SIGTERM on each response announces that its connection closes, so that a balancer sends no request into one that does.
#[test]
fn connections_end_during_the_shutdown_delay() {
    let mut settings = Database::not_created().pairs();
    settings.push(("SHUTDOWN_DELAY".to_owned(), "2".to_owned()));
    let service = start(&settings, None);
    let mut open = RawConnection::connect(service.address);
    open.send(REQUEST);
    assert_eq!(open.read_response().unwrap().header("connection"), "keep-alive");
    service.terminate();
    service.wait_for_line("stopping");
    // A new connection is served too.
    for mut connection in [open, RawConnection::connect(service.address)] {
        connection.send(REQUEST);
        let response = connection.read_response().unwrap();
        assert_eq!((response.status, response.header("connection")), (200, "close"));
        connection.wait_until_closed();
    }
}

/// L6: A connection that was opened before the listener closed still has its first request served, which may be on its way.
#[test]
fn the_first_request_of_a_connection_is_served_although_the_listener_has_closed() {
    let service = start(&Database::not_created().pairs(), None);
    let mut new = RawConnection::connect(service.address);
    let mut silent = RawConnection::connect(service.address);
    service.terminate();
    service.wait_for_line("stopping");
    sleep(Duration::from_millis(100));
    assert!(
        TcpStream::connect(service.address).is_err(),
        "the listener is open"
    );
    new.send(REQUEST);
    let response = new.read_response().unwrap();
    assert_eq!((response.status, response.header("connection")), (200, "close"));
    let waited = silent.wait_until_closed();
    assert!(waited < Duration::from_secs(5), "{waited:?}");
    assert_eq!(service.wait().0, Some(0));
}
