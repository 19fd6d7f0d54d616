//! Mails while mail servers, the database or the service itself fail.

use crate::support::app::App;
use crate::support::database::{Database, lines};
use crate::support::outbox::insert;
use crate::support::own_postgres;
use crate::support::program::ServiceProcess;
use crate::support::smtp_server::{SmtpBehaviour, SmtpServer, Tls};
use crate::support::wait::wait_until;
use portcullis::mail::kind::MailKind;
use std::collections::HashSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

const ANN: &str = "ann@example.org";

/// The service, sending to this mail server.
fn start_app(database: &Database, server: &SmtpServer) -> App {
    let more = server.settings();
    let more: Vec<(&str, &str)> = more.iter().map(|(name, value)| (*name, value.as_str())).collect();
    App::start(&database.settings(&more))
}

/// A mail server with this behaviour.
fn start_server(behaviour: SmtpBehaviour) -> SmtpServer {
    SmtpServer::start_at("127.0.0.1:0".parse().unwrap(), Tls::Never, behaviour)
}

/// The attempts, last error and state of the only mail.
fn mail_state(database: &Database) -> String {
    let mut lines = database.lines(
        "SELECT concat_ws(', ', tries, last_error,
           CASE WHEN sent_at IS NOT NULL THEN 'sent' WHEN given_up_at IS NOT NULL THEN 'given up' ELSE 'pending' END) AS line
         FROM mail.outbox",
    );
    assert_eq!(lines.len(), 1);
    lines.remove(0)
}

/// Makes the mail due; the worker polls every five seconds.
fn make_due(database: &Database) {
    database.execute("UPDATE mail.outbox SET next_try_at = now()");
}

/// I2: A mail that was committed but not sent when the service was killed is sent once by the next process.
#[test]
fn a_kill_between_commit_and_send_neither_loses_nor_repeats_a_mail() {
    let (database, server) = (Database::fresh(), start_server(SmtpBehaviour::Silent));
    let mut pairs = database.pairs();
    pairs.extend(
        server
            .settings()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value)),
    );
    let serving = ServiceProcess::start(&pairs);
    insert(&database, MailKind::Confirm, ANN);
    server.wait("a connection is open", |server| server.connections() == 1);
    // SIGKILL.
    drop(serving);
    assert_eq!(mail_state(&database), "0, pending");
    server.set_behaviour(SmtpBehaviour::Good);
    let serving = ServiceProcess::start(&pairs);
    wait_until("sent", || mail_state(&database) == "0, sent");
    sleep(Duration::from_millis(500));
    assert_eq!(server.mails().len(), 1);
    let log = serving.log().join("\n");
    assert!(log.contains("mail sent"), "{log}");
    let token = server.mails()[0].data.split("token=3D").nth(1).unwrap()[..20].to_owned();
    assert!(!log.contains("example.org") && !log.contains(&token), "{log}");
    serving.terminate();
    assert_eq!(serving.wait().0, Some(0));
}

/// I2: A mail that was committed while no worker ran is sent by the next one.
#[test]
fn a_mail_that_was_committed_while_no_worker_ran_is_sent() {
    let (database, server) = (Database::fresh(), start_server(SmtpBehaviour::Good));
    insert(&database, MailKind::Confirm, ANN);
    let _app = start_app(&database, &server);
    wait_until("sent", || mail_state(&database) == "0, sent");
    assert_eq!(server.mails().len(), 1);
}

/// I2: A temporarily rejected mail is retried with exponential back-off, and the stored reason holds no address.
#[test]
fn a_temporarily_rejected_mail_is_retried_with_back_off() {
    let (database, server) = (
        Database::fresh(),
        start_server(SmtpBehaviour::Rejects("RCPT", "450 4.2.0 <ann@example.org> busy")),
    );
    let _app = start_app(&database, &server);
    insert(&database, MailKind::Confirm, ANN);
    let wait = "SELECT round(extract(epoch FROM next_try_at - now()))::text AS line FROM mail.outbox";
    for (tries, range) in [(1, 2..=6), (2, 6..=12), (3, 14..=24)] {
        let expected = format!("{tries}, recipient: refused with 450 4.2.0, pending");
        wait_until(&expected, || mail_state(&database) == expected);
        let seconds: i32 = database.lines(wait)[0].parse().unwrap();
        assert!(range.contains(&seconds), "after {tries} attempts: {seconds} s");
        make_due(&database);
    }
    server.set_behaviour(SmtpBehaviour::Good);
    make_due(&database);
    wait_until("sent", || {
        mail_state(&database) == "3, sent" || mail_state(&database) == "4, sent"
    });
    assert_eq!(server.mails().len(), 1);
}

/// I2: A permanently rejected mail is given up after one attempt.
#[test]
fn a_permanently_rejected_mail_is_given_up() {
    let (database, server) = (
        Database::fresh(),
        start_server(SmtpBehaviour::Rejects(
            "RCPT",
            "550 5.1.1 <ann@example.org> unknown",
        )),
    );
    let app = start_app(&database, &server);
    insert(&database, MailKind::Confirm, ANN);
    wait_until("given up", || {
        mail_state(&database) == "1, recipient: refused with 550 5.1.1, given up"
    });
    let page = app.get_internal("/metrics");
    let page = page.text();
    assert!(
        page.contains("mail_tries_total{outcome=\"given_up\"") && page.contains("mail_outbox_waiting"),
        "{page}"
    );
    sleep(Duration::from_millis(300));
    assert_eq!(server.connections(), 1);
}

/// I2: Mails that could not be delivered are sent once the mail server is available again.
#[test]
fn pending_mails_are_sent_once_the_mail_server_is_available() {
    let unavailable = start_server(SmtpBehaviour::Good);
    let address = unavailable.address;
    let (database, settings) = (Database::fresh(), unavailable.settings());
    drop(unavailable);
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let app = App::start(&database.settings(&settings));
    insert(&database, MailKind::Confirm, ANN);
    wait_until("attempted", || {
        mail_state(&database) == "1, connect: connection refused, pending"
    });
    wait_until("the metric counts it", || {
        app.get_internal("/metrics")
            .text()
            .contains("mail_outbox_waiting{otel_scope_name=\"portcullis\"} 1")
    });
    let restarted = SmtpServer::start_at(address, Tls::Never, SmtpBehaviour::Good);
    make_due(&database);
    wait_until("sent", || mail_state(&database).ends_with("sent"));
    assert_eq!(restarted.mails().len(), 1);
}

/// I2: If the connection is lost before the server acknowledges a mail, it is sent again with the same Message-ID, so that
/// duplicates can be recognised.
#[test]
fn an_unacknowledged_mail_is_sent_again_with_the_same_id() {
    let (database, server) = (
        Database::fresh(),
        start_server(SmtpBehaviour::DisconnectsAfterData),
    );
    let _app = start_app(&database, &server);
    insert(&database, MailKind::Confirm, ANN);
    wait_until("attempted", || {
        mail_state(&database) == "1, message: connection lost, pending"
    });
    server.set_behaviour(SmtpBehaviour::Good);
    make_due(&database);
    wait_until("sent", || mail_state(&database).ends_with("sent"));
    let mails = server.mails();
    let ids = mails.iter().map(|mail| {
        mail.data
            .lines()
            .find(|line| line.starts_with("Message-ID:"))
            .unwrap()
    });
    let ids: Vec<&str> = ids.collect();
    assert!(
        ids.len() == 2 && ids[0] == ids[1] && mails[0].data == mails[1].data,
        "{ids:?}"
    );
}

/// I2: If the database connection is lost during delivery, the mail is still marked as sent, and not sent again.
#[test]
fn a_mail_is_marked_as_sent_after_a_lost_database_connection() {
    let (database, server) = (
        Database::fresh(),
        start_server(SmtpBehaviour::Slow(Duration::from_secs(1))),
    );
    let _app = start_app(&database, &server);
    insert(&database, MailKind::Confirm, ANN);
    server.wait("it arrived", |server| server.mails().len() == 1);
    database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'portcullis-mail'",
    );
    wait_until("sent", || mail_state(&database) == "0, sent");
    assert_eq!(server.mails().len(), 1);
}

/// I2, B16: The worker reconnects after a restart of the database, and no mail is lost.
#[test]
fn a_database_restart_loses_no_mail() {
    let (mut cluster, server) = own_postgres::start();
    let sink = start_server(SmtpBehaviour::Good);
    let more = sink.settings();
    let more: Vec<(&str, &str)> = more.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let app = App::start(&crate::support::database::settings(
        server.pairs("portcullis"),
        &more,
    ));
    let database = Database {
        name: "portcullis".to_owned(),
        server,
    };
    insert(&database, MailKind::Confirm, ANN);
    sink.wait("before", |sink| sink.mails().len() == 1);
    cluster.stop().unwrap();
    sleep(Duration::from_millis(500));
    cluster.resume().unwrap();
    insert(&database, MailKind::Reset, ANN);
    sink.wait("after", |sink| sink.mails().len() == 2);
    app.stop();
}

/// I3: A mail server that does not respond does not delay the shutdown.
#[test]
fn an_unresponsive_mail_server_does_not_delay_shutdown() {
    let (database, server) = (Database::fresh(), start_server(SmtpBehaviour::Silent));
    let app = start_app(&database, &server);
    insert(&database, MailKind::Confirm, ANN);
    server.wait("a connection is open", |server| server.connections() == 1);
    let start = Instant::now();
    app.stop();
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(mail_state(&database), "0, pending");
}

/// I2: A mail is sent within two seconds, and an idle worker sends few statements to the database.
#[test]
fn a_mail_is_sent_within_two_seconds_and_an_idle_worker_sends_few_statements() {
    let (database, server) = (Database::fresh(), start_server(SmtpBehaviour::Good));
    let _app = start_app(&database, &server);
    for count in 1..=3 {
        sleep(Duration::from_millis(700));
        let start = Instant::now();
        insert(&database, MailKind::Confirm, ANN);
        server.wait("sent", |server| server.mails().len() == count);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
    // Counted by the start time of each statement: the server's statistics are up to ten seconds old.
    let mut outside = database.server.admin("postgres");
    let latest = format!(
        "SELECT concat_ws(' ', pid, query_start) AS line FROM pg_stat_activity
         WHERE datname = '{}' AND application_name = 'portcullis-mail'",
        database.name
    );
    sleep(Duration::from_millis(1_500));
    let mut statements = HashSet::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(4) {
        statements.extend(lines(&mut outside, &latest).unwrap());
        sleep(Duration::from_millis(5));
    }
    assert!(!statements.is_empty(), "the worker is not connected");
    assert!(
        statements.len() <= 8,
        "{} statements in four seconds",
        statements.len()
    );
}
