//! The outbox and its worker, with the transport that writes mails to a folder.

use crate::support::app::App;
use crate::support::database::{DATA_KEY, Database};
use crate::support::mailbox::Mailbox;
use crate::support::outbox::{insert, insert_many};
use crate::support::smtp_client::settings as smtp_settings;
use crate::support::smtp_server::{SmtpBehaviour, SmtpServer, Tls};
use crate::support::wait::wait_until;
use mail_parser::MessageParser;
use portcullis::config::mail::SmtpTls;
use portcullis::crypto::data_key::DataKey;
use portcullis::crypto::data_keys::DataKeys;
use portcullis::db::conninfo::Purpose;
use portcullis::db::pool::Connections;
use portcullis::mail::kind::MailKind;
use portcullis::mail::renderer::Renderer;
use portcullis::mail::smtp::Smtp;
use portcullis::mail::transport::Transport;
use portcullis::mail::worker::{MailWorker, WorkerContext};
use portcullis::telemetry::logs::Telemetry;
use std::sync::Arc;
use std::time::Duration;

/// I4: A mail of every kind is written to the folder, with the token derived from its link.
#[test]
fn mails_of_every_kind_are_written_to_the_folder() {
    let database = Database::fresh();
    let _app = App::over(&database);
    let mailbox = Mailbox::of(&database);
    let key = DataKey::parse(DATA_KEY).unwrap();
    for kind in MailKind::ALL {
        let to = format!("{}@example.org", kind.as_str());
        let link = insert(&database, kind, &to);
        let mail = mailbox.wait(&to, "");
        let token = link.map(|link| key.link_token(link).reveal().to_owned());
        assert_eq!(mail.token(), token.unwrap_or_default(), "{mail:?}");
        assert_eq!(mail.field("Message-ID"), format!("<{}@localhost>", mail.id));
        assert_eq!(mail.field("To"), format!("Ann <{to}>"));
        assert!(mail.source.contains("Hello Ann,"), "{mail:?}");
    }
}

/// I2: A worker that ends between writing a mail and marking it as sent writes it again, over the same file.
#[test]
fn a_mail_that_is_written_twice_is_one_file() {
    let database = Database::fresh();
    let _app = App::over(&database);
    let mailbox = Mailbox::of(&database);
    insert(&database, MailKind::Confirm, "ann@example.org");
    let mail = mailbox.wait("ann@example.org", "Confirm");
    let written =
        || database.lines("SELECT sent_at::text AS line FROM mail.outbox WHERE sent_at IS NOT NULL");
    wait_until("marked as sent", || !written().is_empty());
    let first = written();
    database.execute("UPDATE mail.outbox SET sent_at = NULL");
    wait_until("marked as sent again", || {
        !written().is_empty() && written() != first
    });
    let all = mailbox.all();
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!((&all[0].id, &all[0].source), (&mail.id, &mail.source));
    let names = std::fs::read_dir(database.mail_folder()).unwrap();
    assert_eq!(names.count(), 1, "no temporary file remains");
}

/// I4: Only the owner can read the folder and its mails, which hold tokens.
#[test]
fn only_the_owner_can_read_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let database = Database::fresh();
    let _app = App::over(&database);
    insert(&database, MailKind::Reset, "ann@example.org");
    let mail = Mailbox::of(&database).wait("ann@example.org", "password");
    let folder = database.mail_folder();
    let mode = |path: &str| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(&folder), mode(&format!("{folder}/{}.eml", mail.id))),
        (0o700, 0o600)
    );
}

/// I2: Two replicas that share an outbox send each mail once.
#[test]
fn two_workers_send_each_mail_once() {
    let (database, server) = (Database::fresh(), SmtpServer::start(Tls::Never));
    let addresses: Vec<String> = (0..100).map(|number| format!("a{number}@example.org")).collect();
    insert_many(&database, MailKind::Invite, &addresses);
    let settings = server.settings();
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let apps = [1, 2].map(|_| App::start(&database.settings(&settings)));
    let unsent = "SELECT count(*)::text AS line FROM mail.outbox WHERE sent_at IS NULL";
    wait_until("all sent", || database.lines(unsent) == ["0"]);
    std::thread::sleep(Duration::from_millis(500));
    let mut sent: Vec<String> = server.mails().into_iter().flat_map(|mail| mail.to).collect();
    let mut expected = addresses;
    sent.sort();
    expected.sort();
    assert_eq!(sent, expected);
    apps.into_iter().for_each(App::stop);
}

/// I2: Finished mails are deleted after their retention, and expired ones are not sent.
#[test]
fn old_mails_are_deleted_and_expired_ones_are_not_sent() {
    let database = Database::fresh();
    let row = |name: &str, columns: &str, values: &str| {
        format!(
            "INSERT INTO mail.outbox (message_id, kind, recipient, {columns})
             VALUES (gen_random_uuid(), 'password_changed', '{name}@example.org', {values});"
        )
    };
    let (old, young) = ("now() - interval '8 days'", "now() - interval '6 days'");
    database.execute(
        &[
            row("old-sent", "sent_at", old),
            row("old-lost", "given_up_at", old),
            row("young-sent", "sent_at", young),
            row("young-lost", "given_up_at", young),
            row("later", "next_try_at", "now() + interval '1 hour'"),
            row("late", "expires_at", "now() - interval '1 second'"),
            row("good", "expires_at", "now() + interval '1 hour'"),
        ]
        .concat(),
    );
    let _app = App::over(&database);
    let mailbox = Mailbox::of(&database);
    mailbox.wait("good@example.org", "password");
    let rows = "SELECT concat_ws(' ', split_part(recipient, '@', 1), last_error,
                  CASE WHEN sent_at IS NOT NULL THEN 'sent' WHEN given_up_at IS NOT NULL THEN 'given up' ELSE 'pending' END) AS line
                FROM mail.outbox ORDER BY id";
    wait_until("five remain", || database.lines(rows).len() == 5);
    let remaining = database.lines(rows);
    assert_eq!(
        remaining,
        [
            "young-sent sent",
            "young-lost given up",
            "later pending",
            "late expired given up",
            "good sent"
        ]
    );
    assert_eq!(mailbox.all().len(), 1);
}

/// I2: A mail of a kind that this version does not know stays in the outbox for a later version.
#[test]
fn a_mail_of_an_unknown_kind_stays_in_the_outbox() {
    let database = Database::fresh();
    let _app = App::over(&database);
    database.execute(
        "INSERT INTO mail.outbox (message_id, kind, recipient) VALUES (gen_random_uuid(), 'of_tomorrow', 'ann@example.org')",
    );
    let rows =
        "SELECT concat_ws(' ', tries, last_error, given_up_at) AS line FROM mail.outbox WHERE tries > 0";
    wait_until("attempted", || !database.lines(rows).is_empty());
    assert_eq!(database.lines(rows), ["1 unknown kind"]);
    // It does not delay other mails.
    insert(&database, MailKind::Confirm, "bob@example.org");
    Mailbox::of(&database).wait("bob@example.org", "Confirm");
}

/// I2: The worker retries after a temporary failure and gives up after a permanent one.
#[test]
fn a_worker_retries_temporary_failures_and_gives_up_permanent_ones() {
    let database = Database::fresh();
    let settings = database.settings(&[]);
    let server = SmtpServer::start(Tls::Never);
    server.set_behaviour(SmtpBehaviour::RejectsEach(&[
        ("RCPT TO:<A@", "550 unknown"),
        ("RCPT TO:<B@", "450 busy"),
    ]));
    let smtp = Smtp::new(smtp_settings(&server, SmtpTls::None, None), "rates.example");
    let key = DataKey::parse(DATA_KEY).unwrap();
    let links =
        ["a", "b", "c"].map(|name| insert(&database, MailKind::Reset, &format!("{name}@example.org")));
    let context = WorkerContext {
        renderer: Renderer::new(
            "https://rates.example".to_owned(),
            DataKeys::parse(DATA_KEY).unwrap(),
        ),
        from: "Portcullis <post@rates.example>".parse().unwrap(),
        transport: Transport::Smtp(Arc::new(smtp.unwrap())),
        retention: std::time::Duration::from_secs(7 * 86_400),
        metrics: Telemetry::quiet().unwrap().metrics,
    };
    let connections = Connections::open(&settings.database, &settings.database.mail, Purpose::Mail);
    let worker = MailWorker::start(context, connections, || ()).unwrap();
    let rows = "SELECT concat_ws(' ', left(recipient, 1), tries, last_error, given_up_at IS NOT NULL, sent_at IS NOT NULL) AS line
                FROM mail.outbox ORDER BY id";
    wait_until("all three were attempted", || {
        database.lines(rows)
            == [
                "a 1 recipient: refused with 550 t f",
                "b 1 recipient: refused with 450 f f",
                "c 0 f t",
            ]
    });
    let [mail] = server.mails().try_into().unwrap();
    let message = MessageParser::default().parse(&mail.data).unwrap();
    let link = format!(
        "https://rates.example/reset?token={}",
        key.link_token(links[2].unwrap()).reveal()
    );
    assert!(message.body_text(0).unwrap().contains(&link) && mail.to == ["c@example.org"]);
    server.set_behaviour(SmtpBehaviour::Good);
    wait_until("the second is retried", || server.mails().len() == 2);
    worker.stop();
}
