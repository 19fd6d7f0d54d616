//! The outbox and its worker, with mails that land in a folder.
use crate::support::app::App;
use crate::support::database::{DATA_KEY, Database};
use crate::support::mailbox::Mailbox;
use portcullis::crypto::data_key::DataKey;
use portcullis::mail::letter::{Letter, Link};
use portcullis::mail::text::Kind;
use portcullis::types::clock;
use portcullis::types::email::Email;
use uuid::Uuid;

/// Puts a letter into the outbox, as the login that may.
fn put(database: &Database, kind: Kind, to: &str) -> Option<Uuid> {
    let link = kind.has_token().then(|| Link {
        id: Uuid::new_v4(),
        expires_at: clock::now() + chrono::TimeDelta::hours(1),
    });
    let letter = Letter {
        kind,
        to: &Email::parse(to).unwrap(),
        name: "Ann",
        link,
    };
    letter.put(&mut database.login("accounts")).unwrap();
    link.map(|link| link.id)
}

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
