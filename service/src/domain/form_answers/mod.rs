//! A form that arrives twice, from a second click or a repeated request, is processed once: the second arrival gets the first
//! one's answer, also while the first is still being processed, and at any replica. Answers are encrypted with a key that
//! follows from the browser's cookie and the form, so neither the database nor the service can read them by itself.

use super::StorageError;
use crate::crypto::data_key::DataKey;
use crate::crypto::tokens::PlainToken;
use crate::db::form_answers::{self, FormState};
use crate::db::{Db, PgConnection};
use std::time::Duration;

/// How long the answer to a processed form is stored.
pub const ANSWER_TTL: Duration = Duration::from_secs(300);

/// How long the answer to a rejected form is stored, for arrivals that wait already.
const REJECTION_TTL: Duration = Duration::from_secs(10);

/// How long the entries of a form are stored while its user signs in.
pub const ENTRIES_TTL: Duration = Duration::from_secs(900);

/// How long a form counts as being processed: longer than queues and statements take. If the replica dies meanwhile, the next
/// arrival is processed after it.
const PROCESSING_TIMEOUT: Duration = Duration::from_secs(30);

/// How often an arrival that waits looks for the answer.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Maximum number of forms. Beyond it, forms are processed without keeping their answers.
const MAX_FORMS: i64 = 10_000;

/// Maximum length of an answer. Longer ones are not stored.
const MAX_ANSWER_LENGTH: usize = 60_000;

/// Maximum length of the entries of a form. Longer ones are not stored.
const MAX_ENTRIES_LENGTH: usize = 20_000;

/// Rows deleted by one statement, so that row locks are held only briefly.
const BATCH_SIZE: i64 = 1000;

/// Identifies a submitted form and encrypts its answer.
#[derive(Clone, Debug)]
pub struct FormKey {
    id: [u8; 32],
    key: DataKey,
}

/// What is to be done with a form that arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArrivalOutcome {
    /// It is the first one: process it, and then keep or discard its answer.
    First,
    /// This is the answer to the first one.
    Repeated(Vec<u8>),
}

/// The operations on the answers of forms. Cheap to clone.
#[derive(Clone)]
pub struct FormAnswers {
    db: Db,
}

impl FormKey {
    /// For the form with these contents, from the browser with this secret.
    pub fn of(secret: &PlainToken, contents: &[&[u8]]) -> Self {
        let key = DataKey::of_client(secret, contents);
        Self {
            id: key.mac("form id", b""),
            key,
        }
    }

    fn seal(&self, answer: &[u8]) -> Option<Vec<u8>> {
        self.key.seal("form answer", "", answer)
    }

    fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        self.key.open("form answer", "", sealed)
    }
}

impl FormAnswers {
    /// Over the accounts login's connections.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Admits a form. If it has arrived before and is still being processed, waits for its answer.
    pub async fn admit(&self, key: &FormKey) -> Result<ArrivalOutcome, StorageError> {
        let mut waits = false;
        loop {
            let id = key.id;
            let found = self.db.tx("admit_form", move |conn| admit(conn, &id, waits));
            match found.await? {
                Admission::First => return Ok(ArrivalOutcome::First),
                Admission::Answered(sealed) => {
                    let answer = key.open(&sealed).ok_or(StorageError::Failed)?;
                    return Ok(ArrivalOutcome::Repeated(answer));
                }
                Admission::Running => {
                    waits = true;
                    tokio::time::sleep(POLL_INTERVAL).await;
                }
            }
        }
    }

    /// The answer to a form that has arrived before. Waits while it is being processed.
    pub async fn find(&self, key: &FormKey) -> Result<Option<Vec<u8>>, StorageError> {
        loop {
            let id = key.id;
            let state = self
                .db
                .run("find_form_answer", move |conn| form_answers::find(conn, &id));
            match state.await? {
                None | Some(FormState::Rejected(_)) => return Ok(None),
                Some(FormState::Processed(sealed)) => return Ok(key.open(&sealed)),
                Some(FormState::Running) => tokio::time::sleep(POLL_INTERVAL).await,
            }
        }
    }

    /// Keeps the answer to a form that was processed.
    pub async fn keep(&self, key: &FormKey, answer: &[u8]) -> Result<(), StorageError> {
        let (id, sealed) = (key.id, sealed(key, answer));
        let store = move |conn: &mut PgConnection| match &sealed {
            Some(sealed) => form_answers::store(conn, &id, sealed, true, ANSWER_TTL),
            None => form_answers::delete(conn, &id),
        };
        self.db.tx("keep_form_answer", store).await
    }

    /// Passes the answer to a form that changed nothing on to the arrivals that wait for it. Later ones are processed anew.
    pub async fn keep_rejection(&self, key: &FormKey, answer: &[u8]) -> Result<(), StorageError> {
        let (id, sealed) = (key.id, sealed(key, answer));
        let store = move |conn: &mut PgConnection| match &sealed {
            _ if form_answers::delete_unless_awaited(conn, &id)? => Ok(()),
            Some(sealed) => form_answers::store(conn, &id, sealed, false, REJECTION_TTL),
            None => form_answers::delete(conn, &id),
        };
        self.db.tx("keep_form_rejection", store).await
    }

    /// Keeps what was entered into a form that was not accepted, unless too many answers are stored.
    pub async fn keep_entries(&self, key: &FormKey, entries: &[u8]) -> Result<(), StorageError> {
        let (id, sealed) = (key.id, sealed(key, entries));
        let store = move |conn: &mut PgConnection| match &sealed {
            Some(sealed) if sealed.len() <= MAX_ENTRIES_LENGTH && form_answers::count(conn)? < MAX_FORMS => {
                form_answers::begin(conn, &id, ENTRIES_TTL)?;
                form_answers::store(conn, &id, sealed, true, ENTRIES_TTL)
            }
            _ => Ok(()),
        };
        self.db.tx("keep_form_entries", store).await
    }

    /// Forgets a form, so that its next arrival is processed.
    pub async fn discard(&self, key: &FormKey) -> Result<(), StorageError> {
        let id = key.id;
        let delete = move |conn: &mut PgConnection| form_answers::delete(conn, &id);
        self.db.tx("discard_form", delete).await
    }

    /// Deletes expired answers.
    pub async fn delete_expired(&self) -> Result<(), StorageError> {
        let batch_size = usize::try_from(BATCH_SIZE).unwrap_or_default();
        let delete = |conn: &mut PgConnection| form_answers::delete_expired(conn, BATCH_SIZE);
        while self.db.tx("delete_old_form_answers", delete).await? >= batch_size {}
        Ok(())
    }
}

enum Admission {
    First,
    Running,
    Answered(Vec<u8>),
}

fn admit(conn: &mut PgConnection, id: &[u8], waits: bool) -> crate::db::QueryResult<Admission> {
    match form_answers::find(conn, id)? {
        Some(FormState::Processed(sealed)) => return Ok(Admission::Answered(sealed)),
        Some(FormState::Rejected(sealed)) if waits => return Ok(Admission::Answered(sealed)),
        Some(FormState::Running) => {
            if !waits {
                form_answers::mark_awaited(conn, id)?;
            }
            return Ok(Admission::Running);
        }
        Some(FormState::Rejected(_)) | None => {}
    }
    if form_answers::count(conn)? >= MAX_FORMS || form_answers::begin(conn, id, PROCESSING_TIMEOUT)? {
        Ok(Admission::First)
    } else {
        Ok(Admission::Running)
    }
}

/// The encrypted answer; `None` if it is too long.
fn sealed(key: &FormKey, answer: &[u8]) -> Option<Vec<u8>> {
    (answer.len() <= MAX_ANSWER_LENGTH)
        .then(|| key.seal(answer))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_readable_with_its_form_and_browser_only() {
        let (browser, other) = (PlainToken::random(), PlainToken::random());
        let key = FormKey::of(&browser, &[b"token", b"/path", b"title=a"]);
        let sealed = key.seal(b"answer").unwrap();
        assert_eq!(key.open(&sealed).as_deref(), Some(b"answer".as_slice()));
        for different in [
            FormKey::of(&other, &[b"token", b"/path", b"title=a"]),
            FormKey::of(&browser, &[b"token", b"/path", b"title=b"]),
            FormKey::of(&browser, &[b"token", b"/path", b"title", b"=a"]),
            FormKey::of(&browser, &[b"token", b"/pathtitle=a"]),
        ] {
            assert_ne!(different.id, key.id);
            assert_eq!(different.open(&sealed), None);
        }
    }
}
