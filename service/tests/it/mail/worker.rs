//! The outbox and its worker, with mails that land in a folder.
use crate::support::app::App;
use crate::support::database::{DATA_KEY, Database};
use crate::support::mailbox::Mailbox;
use crate::support::outbox::{put, put_many, until};
use portcullis::crypto::data_key::DataKey;
use portcullis::mail::failure::Failure;
use portcullis::mail::text::{Kind, Renderer};
use portcullis::mail::transport::{Memory, Transport};
use portcullis::mail::worker::{Post, Worker};
use portcullis::telemetry::logs::Telemetry;
use std::time::Duration;

/// I4: every kind lands in the folder, with the token that follows from its link.
#[test]
fn mails_of_every_kind_land_in_the_folder() {
    let database = Database::fresh();
    let _app = App::over(&database);
    let mailbox = Mailbox::of(&database);
    let key = DataKey::parse(DATA_KEY).unwrap();
    for kind in Kind::ALL {
        let to = format!("{}@example.org", kind.word());
        let link = put(&database, kind, &to);
        let mail = mailbox.wait(&to, "");
        let token = link.map(|link| key.link_token(link).reveal().to_owned());
        assert_eq!(mail.token(), token.unwrap_or_default(), "{mail:?}");
        assert_eq!(mail.field("Message-ID"), format!("<{}@localhost>", mail.id));
        assert_eq!(mail.field("To"), format!("Ann <{to}>"));
        assert!(mail.source.contains("Hello Ann,"), "{mail:?}");
    }
}

/// I2: whoever dies between writing a mail and marking it writes it again: it is there once.
#[test]
fn a_mail_that_is_written_twice_is_there_once() {
    let database = Database::fresh();
    let _app = App::over(&database);
    let mailbox = Mailbox::of(&database);
    put(&database, Kind::Confirm, "ann@example.org");
    let mail = mailbox.wait("ann@example.org", "Confirm");
    let written =
        || database.lines("SELECT sent_at::text AS line FROM mail.outbox WHERE sent_at IS NOT NULL");
    until("marked", || !written().is_empty());
    let first = written();
    database.execute("UPDATE mail.outbox SET sent_at = NULL");
    until("marked again", || !written().is_empty() && written() != first);
    let all = mailbox.all();
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!((&all[0].id, &all[0].source), (&mail.id, &mail.source));
    let names = std::fs::read_dir(database.mail_folder()).unwrap();
    assert_eq!(names.count(), 1, "nothing unfinished is left");
}

/// I4: mails hold what signs people in.
#[test]
fn nobody_else_reads_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let database = Database::fresh();
    let _app = App::over(&database);
    put(&database, Kind::Reset, "ann@example.org");
    let mail = Mailbox::of(&database).wait("ann@example.org", "password");
    let folder = database.mail_folder();
    let mode = |path: &str| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(&folder), mode(&format!("{folder}/{}.eml", mail.id))),
        (0o700, 0o600)
    );
}

/// I2: two replicas over one outbox; a mail is taken by one of them.
#[test]
fn two_workers_send_each_mail_once() {
    use crate::support::smtp_server::{SmtpServer, Tls};
    let (database, server) = (Database::fresh(), SmtpServer::start(Tls::Never));
    let addresses: Vec<String> = (0..100).map(|number| format!("a{number}@example.org")).collect();
    put_many(&database, Kind::Invite, &addresses);
    let settings = server.settings();
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let apps = [1, 2].map(|_| App::start(&database.settings(&settings)));
    let unsent = "SELECT count(*)::text AS line FROM mail.outbox WHERE sent_at IS NULL";
    until("all sent", || database.lines(unsent) == ["0"]);
    std::thread::sleep(Duration::from_millis(500));
    let mut sent: Vec<String> = server.mails().into_iter().flat_map(|mail| mail.to).collect();
    let mut wanted = addresses;
    sent.sort();
    wanted.sort();
    assert_eq!(sent, wanted);
    apps.into_iter().for_each(App::stop);
}

/// I2: what nobody needs any more is not kept, and what waits is.
#[test]
fn old_mails_are_deleted_and_late_ones_are_not_sent() {
    let database = Database::fresh();
    let row = |name: &str, columns: &str, values: &str| {
        format!(
            "INSERT INTO mail.outbox (message_id, kind, recipient, {columns})
             VALUES (gen_random_uuid(), 'password_changed', '{name}@example.org', {values});"
        )
    };
    let (old, young) = ("now() - interval '31 days'", "now() - interval '29 days'");
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
                  CASE WHEN sent_at IS NOT NULL THEN 'sent' WHEN given_up_at IS NOT NULL THEN 'given up' ELSE 'waits' END) AS line
                FROM mail.outbox ORDER BY id";
    until("five are left", || database.lines(rows).len() == 5);
    let left = database.lines(rows);
    assert_eq!(
        left,
        [
            "young-sent sent",
            "young-lost given up",
            "later waits",
            "late expired given up",
            "good sent"
        ]
    );
    assert_eq!(mailbox.all().len(), 1);
}

/// I2: a kind that this version does not know is left for the one that does.
#[test]
fn an_unknown_kind_waits_for_a_later_version() {
    let database = Database::fresh();
    let _app = App::over(&database);
    database.execute(
        "INSERT INTO mail.outbox (message_id, kind, recipient) VALUES (gen_random_uuid(), 'of_tomorrow', 'ann@example.org')",
    );
    let rows =
        "SELECT concat_ws(' ', tries, last_error, given_up_at) AS line FROM mail.outbox WHERE tries > 0";
    until("tried", || !database.lines(rows).is_empty());
    assert_eq!(database.lines(rows), ["1 unknown kind"]);
    // It holds nobody up.
    put(&database, Kind::Confirm, "bob@example.org");
    Mailbox::of(&database).wait("bob@example.org", "Confirm");
}

/// I2: what becomes of a mail follows from how it failed; what arrives is what the words say.
#[test]
fn a_worker_by_itself_tries_again_and_gives_up() {
    let database = Database::fresh();
    let settings = database.settings(&[]);
    let memory = Memory::default();
    // The last of the list is the first to come.
    memory.fail_with(vec![Failure::Later("b".into()), Failure::Never("a".into())]);
    let key = DataKey::parse(DATA_KEY).unwrap();
    let links = ["a", "b", "c"].map(|name| put(&database, Kind::Reset, &format!("{name}@example.org")));
    let worker = Worker::start(Post {
        login: settings.database.mail.clone(),
        database: settings.database,
        renderer: Renderer::new("https://rates.example".to_owned(), key.clone()),
        from: "Portcullis <post@rates.example>".parse().unwrap(),
        transport: Transport::Memory(memory.clone()),
        metrics: Telemetry::quiet().unwrap().metrics,
    });
    let worker = worker.unwrap();
    let rows = "SELECT concat_ws(' ', left(recipient, 1), tries, last_error, given_up_at IS NOT NULL, sent_at IS NOT NULL) AS line
                FROM mail.outbox ORDER BY id";
    until("all three were tried", || {
        database.lines(rows) == ["a 1 a t f", "b 1 b f f", "c 0 f t"]
    });
    let [mail] = memory
        .messages()
        .try_into()
        .unwrap_or_else(|_| panic!("one mail"));
    let link = format!(
        "https://rates.example/reset?token={}",
        key.link_token(links[2].unwrap()).reveal()
    );
    assert!(mail.content.text.contains(&link) && mail.to.to_string() == "c@example.org");
    until("the second is tried again", || memory.messages().len() == 2);
    worker.stop();
}
