//! What becomes of mails when mail servers, databases and the service itself fail.
use crate::support::app::App;
use crate::support::database::{Database, lines};
use crate::support::outbox::{put, until};
use crate::support::own_postgres;
use crate::support::program::ServiceProcess;
use crate::support::smtp_server::{SmtpBehaviour, SmtpServer, Tls};
use portcullis::mail::text::Kind;
use std::collections::HashSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

const ANN: &str = "ann@example.org";

/// The product, sending to this server.
fn app(database: &Database, server: &SmtpServer) -> App {
    let more = server.settings();
    let more: Vec<(&str, &str)> = more.iter().map(|(name, value)| (*name, value.as_str())).collect();
    App::start(&database.settings(&more))
}

/// A server that behaves like this.
fn server(manner: SmtpBehaviour) -> SmtpServer {
    SmtpServer::start_at("127.0.0.1:0".parse().unwrap(), Tls::Never, manner)
}

/// Tries, last error, and what became of it.
fn state(database: &Database) -> String {
    let mut lines = database.lines(
        "SELECT concat_ws(', ', tries, last_error,
           CASE WHEN sent_at IS NOT NULL THEN 'sent' WHEN given_up_at IS NOT NULL THEN 'given up' ELSE 'waits' END) AS line
         FROM mail.outbox",
    );
    assert_eq!(lines.len(), 1);
    lines.remove(0)
}

/// As if the wait were over; the worker looks every five seconds.
fn let_time_pass(database: &Database) {
    database.execute("UPDATE mail.outbox SET next_try_at = now()");
}

/// I2: killed while the mail server keeps it waiting: the mail is committed, and not sent. The next one sends it.
#[test]
fn a_kill_between_commit_and_send_costs_no_mail_and_doubles_none() {
    let (database, server) = (Database::fresh(), server(SmtpBehaviour::Silent));
    let mut pairs = database.pairs();
    pairs.extend(
        server
            .settings()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value)),
    );
    let serving = ServiceProcess::start(&pairs);
    put(&database, Kind::Confirm, ANN);
    server.wait("it is under way", |server| server.connections() == 1);
    // SIGKILL.
    drop(serving);
    assert_eq!(state(&database), "0, waits");
    server.behave(SmtpBehaviour::Good);
    let serving = ServiceProcess::start(&pairs);
    until("sent", || state(&database) == "0, sent");
    sleep(Duration::from_millis(500));
    assert_eq!(server.mails().len(), 1);
    let log = serving.log().join("\n");
    assert!(log.contains("mail sent"), "{log}");
    let token = server.mails()[0].data.split("token=3D").nth(1).unwrap()[..20].to_owned();
    assert!(!log.contains("example.org") && !log.contains(&token), "{log}");
    serving.terminate();
    assert_eq!(serving.wait().0, Some(0));
}

/// I2: killed before any worker saw it.
#[test]
fn a_mail_that_was_committed_while_nobody_ran_is_sent() {
    let (database, server) = (Database::fresh(), server(SmtpBehaviour::Good));
    put(&database, Kind::Confirm, ANN);
    let _app = app(&database, &server);
    until("sent", || state(&database) == "0, sent");
    assert_eq!(server.mails().len(), 1);
}

/// I2: waits grow; what is stored of a refusal holds no address.
#[test]
fn a_refused_mail_is_tried_again_after_growing_waits() {
    let (database, server) = (
        Database::fresh(),
        server(SmtpBehaviour::Refuses("RCPT", "450 4.2.0 <ann@example.org> busy")),
    );
    let _app = app(&database, &server);
    put(&database, Kind::Confirm, ANN);
    let wait = "SELECT round(extract(epoch FROM next_try_at - now()))::text AS line FROM mail.outbox";
    for (tries, range) in [(1, 2..=6), (2, 6..=12), (3, 14..=24)] {
        let wanted = format!("{tries}, recipient: refused with 450 4.2.0, waits");
        until(&wanted, || state(&database) == wanted);
        let seconds: i32 = database.lines(wait)[0].parse().unwrap();
        assert!(range.contains(&seconds), "after {tries} tries: {seconds} s");
        let_time_pass(&database);
    }
    server.behave(SmtpBehaviour::Good);
    let_time_pass(&database);
    until("sent", || {
        state(&database) == "3, sent" || state(&database) == "4, sent"
    });
    assert_eq!(server.mails().len(), 1);
}

/// I2: a refusal for good ends it, at once, and holds nobody up.
#[test]
fn a_refusal_for_good_ends_a_mail() {
    let (database, server) = (
        Database::fresh(),
        server(SmtpBehaviour::Refuses(
            "RCPT",
            "550 5.1.1 <ann@example.org> unknown",
        )),
    );
    let app = app(&database, &server);
    put(&database, Kind::Confirm, ANN);
    until("given up", || {
        state(&database) == "1, recipient: refused with 550 5.1.1, given up"
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

/// I2: the mail server is away, and comes back.
#[test]
fn a_mail_server_that_comes_back_gets_what_waited() {
    let away = server(SmtpBehaviour::Good);
    let address = away.address;
    let (database, settings) = (Database::fresh(), away.settings());
    drop(away);
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let app = App::start(&database.settings(&settings));
    put(&database, Kind::Confirm, ANN);
    until("tried", || {
        state(&database) == "1, connect: connection refused, waits"
    });
    until("told", || {
        app.get_internal("/metrics")
            .text()
            .contains("mail_outbox_waiting{otel_scope_name=\"portcullis\"} 1")
    });
    let back = SmtpServer::start_at(address, Tls::Never, SmtpBehaviour::Good);
    let_time_pass(&database);
    until("sent", || state(&database).ends_with("sent"));
    assert_eq!(back.mails().len(), 1);
}

/// I2: the server takes a mail, and hangs up before it says so: only it knows. It gets the same mail again, and can tell.
#[test]
fn an_answer_that_is_lost_is_a_mail_with_the_same_id() {
    let (database, server) = (Database::fresh(), server(SmtpBehaviour::LeavesAfterMail));
    let _app = app(&database, &server);
    put(&database, Kind::Confirm, ANN);
    until("tried", || {
        state(&database) == "1, message: connection lost, waits"
    });
    server.behave(SmtpBehaviour::Good);
    let_time_pass(&database);
    until("sent", || state(&database).ends_with("sent"));
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

/// I2: the database's connection is lost while a mail is under way: it is not sent again for want of a mark.
#[test]
fn a_mark_that_is_lost_is_made_up_for() {
    let (database, server) = (
        Database::fresh(),
        server(SmtpBehaviour::Slow(Duration::from_secs(1))),
    );
    let _app = app(&database, &server);
    put(&database, Kind::Confirm, ANN);
    server.wait("it arrived", |server| server.mails().len() == 1);
    database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'portcullis-mail'",
    );
    until("sent", || state(&database) == "0, sent");
    assert_eq!(server.mails().len(), 1);
}

/// I2, B16: the database restarts; the worker finds back by itself.
#[test]
fn a_restarted_database_costs_no_mail() {
    let (mut cluster, server) = own_postgres::start();
    let sink = self::server(SmtpBehaviour::Good);
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
    put(&database, Kind::Confirm, ANN);
    sink.wait("before", |sink| sink.mails().len() == 1);
    cluster.stop().unwrap();
    sleep(Duration::from_millis(500));
    cluster.resume().unwrap();
    put(&database, Kind::Reset, ANN);
    sink.wait("after", |sink| sink.mails().len() == 2);
    app.stop();
}

/// I3: a mail server that says nothing keeps neither those who ask nor the end of the service waiting.
#[test]
fn a_hanging_mail_server_is_not_waited_for_at_the_end() {
    let (database, server) = (Database::fresh(), server(SmtpBehaviour::Silent));
    let app = app(&database, &server);
    put(&database, Kind::Confirm, ANN);
    server.wait("it is under way", |server| server.connections() == 1);
    let begun = Instant::now();
    app.stop();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(state(&database), "0, waits");
}

/// I2: a mail leaves within two seconds; a worker without work asks the database next to nothing.
#[test]
fn a_mail_leaves_soon_and_an_idle_worker_is_quiet() {
    let (database, server) = (Database::fresh(), server(SmtpBehaviour::Good));
    let _app = app(&database, &server);
    for count in 1..=3 {
        sleep(Duration::from_millis(700));
        let begun = Instant::now();
        put(&database, Kind::Confirm, ANN);
        server.wait("sent", |server| server.mails().len() == count);
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
    // Counted by when each statement of the worker began: the server's own counters are told up to ten seconds late.
    let mut outside = database.server.admin("postgres");
    let latest = format!(
        "SELECT concat_ws(' ', pid, query_start) AS line FROM pg_stat_activity
         WHERE datname = '{}' AND application_name = 'portcullis-mail'",
        database.name
    );
    sleep(Duration::from_millis(1_500));
    let mut seen = HashSet::new();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4) {
        seen.extend(lines(&mut outside, &latest).unwrap());
        sleep(Duration::from_millis(5));
    }
    assert!(!seen.is_empty(), "the worker is connected");
    assert!(seen.len() <= 8, "{} statements in four seconds", seen.len());
}
