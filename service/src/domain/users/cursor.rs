//! Pagination cursors of the user list. They contain an address, and appear in links and logs: so they are encrypted
//! and authenticated.

use crate::crypto::data_keys::DataKeys;
use crate::db::accounts::AccountRow;
use crate::db::users::list::Position;
use crate::types::user_sort::{Column, UserSort};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;

/// Separates these ciphertexts from other uses of the key.
const PURPOSE: &str = "cursor";

/// Maximum length of a cursor; the longest valid one has some 400 characters.
const MAX_LENGTH: usize = 600;

/// Encrypts the position after this account in this order.
pub fn seal(key: &DataKeys, sort: UserSort, last: &AccountRow) -> Option<String> {
    let id = last.id;
    let plain = match sort.column {
        Column::Id => id.to_string(),
        Column::Email => format!("{id} {}", last.email.to_ascii_lowercase()),
        Column::CreatedAt => format!("{id} {}", last.created_at.timestamp_micros()),
    };
    let sealed = key.seal(PURPOSE, &context(sort), plain.as_bytes())?;
    Some(URL_SAFE_NO_PAD.encode(sealed))
}

/// Decrypts a cursor; `None`: it is invalid, or of another order.
pub fn open(key: &DataKeys, sort: UserSort, text: &str) -> Option<Position> {
    let text = Some(text).filter(|text| text.len() <= MAX_LENGTH)?;
    let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
    let plain = String::from_utf8(key.open(PURPOSE, &context(sort), &sealed)?).ok()?;
    let (id, rest) = plain.split_once(' ').unwrap_or((&plain, ""));
    let id = id.parse().ok()?;
    match sort.column {
        Column::Id => Some(Position::Id(id)),
        Column::Email => Some(Position::Email(rest.to_owned(), id)),
        Column::CreatedAt => {
            let at = rest.parse().ok().and_then(DateTime::from_timestamp_micros)?;
            Some(Position::CreatedAt(at, id))
        }
    }
}

fn context(sort: UserSort) -> String {
    format!("users by {}", sort.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::account::AccountState;

    fn row() -> AccountRow {
        let at = DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap();
        AccountRow {
            id: 7,
            email: "Ann@Example.org".into(),
            name: "Ann".into(),
            role: "user".into(),
            state: AccountState::Active.as_str().into(),
            version: 1,
            created_at: at,
            updated_at: at,
            confirmed_at: None,
            deleted_at: None,
        }
    }

    #[test]
    fn a_cursor_round_trips_and_reveals_no_address() {
        let key = DataKeys::random();
        for (_, sort) in UserSort::ALL {
            let text = seal(&key, sort, &row()).unwrap();
            let expected = match sort.column {
                Column::Id => Position::Id(7),
                Column::Email => Position::Email("ann@example.org".into(), 7),
                Column::CreatedAt => Position::CreatedAt(row().created_at, 7),
            };
            assert_eq!(open(&key, sort, &text), Some(expected));
            let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains("example"));
        }
    }

    #[test]
    fn an_invalid_or_foreign_cursor_is_rejected() {
        let key = DataKeys::random();
        let other = DataKeys::random();
        let sort = UserSort::default();
        let text = seal(&key, sort, &row()).unwrap();
        assert_eq!(open(&other, sort, &text), None);
        assert_eq!(open(&key, UserSort::parse("-id").unwrap(), &text), None);
        assert_eq!(open(&key, UserSort::parse("email").unwrap(), &text), None);
        for bad in [
            "",
            "7",
            "MQ",
            &text[1..],
            &format!("{text}A"),
            &"A".repeat(601),
            "%00",
            "é",
        ] {
            assert_eq!(open(&key, sort, bad), None, "{bad}");
        }
    }

    #[test]
    fn a_cursor_of_the_longest_address_is_accepted() {
        let key = DataKeys::random();
        let sort = UserSort::parse("email").unwrap();
        let long = AccountRow {
            id: i64::MAX,
            email: "a".repeat(254),
            ..row()
        };
        let text = seal(&key, sort, &long).unwrap();
        assert!(open(&key, sort, &text).is_some(), "{}", text.len());
    }
}
