//! Where the next page of users begins, as a text that tells nobody anything: addresses would stand in links, and links
//! stand in logs. Sealed, so that it is ours or refused.
use crate::crypto::data_key::DataKey;
use crate::db::accounts::AccountRow;
use crate::db::users::list::Place;
use crate::types::user_sort::{Column, UserSort};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;

/// What the seal is for.
const USE: &str = "cursor";

/// The longest text that is looked at; the longest of ours has some 400 characters.
const LONGEST: usize = 600;

/// A text that leads behind this account in this order.
pub fn seal(key: &DataKey, sort: UserSort, last: &AccountRow) -> Option<String> {
    let id = last.id;
    let plain = match sort.column {
        Column::Id => id.to_string(),
        Column::Email => format!("{id} {}", last.email.to_ascii_lowercase()),
        Column::CreatedAt => format!("{id} {}", last.created_at.timestamp_micros()),
    };
    let sealed = key.seal(USE, &context(sort), plain.as_bytes())?;
    Some(URL_SAFE_NO_PAD.encode(sealed))
}

/// The place that a text leads behind; `None`: it is not ours, or of another order.
pub fn open(key: &DataKey, sort: UserSort, text: &str) -> Option<Place> {
    let text = Some(text).filter(|text| text.len() <= LONGEST)?;
    let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
    let plain = String::from_utf8(key.open(USE, &context(sort), &sealed)?).ok()?;
    let (id, rest) = plain.split_once(' ').unwrap_or((&plain, ""));
    let id = id.parse().ok()?;
    match sort.column {
        Column::Id => Some(Place::Id(id)),
        Column::Email => Some(Place::Email(rest.to_owned(), id)),
        Column::CreatedAt => {
            let at = rest.parse().ok().and_then(DateTime::from_timestamp_micros)?;
            Some(Place::CreatedAt(at, id))
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
    fn a_cursor_leads_back_and_tells_nothing() {
        let key = DataKey::parse(&DataKey::generate()).unwrap();
        for (_, sort) in UserSort::ALL {
            let text = seal(&key, sort, &row()).unwrap();
            let expected = match sort.column {
                Column::Id => Place::Id(7),
                Column::Email => Place::Email("ann@example.org".into(), 7),
                Column::CreatedAt => Place::CreatedAt(row().created_at, 7),
            };
            assert_eq!(open(&key, sort, &text), Some(expected));
            let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains("example"));
        }
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        let key = DataKey::parse(&DataKey::generate()).unwrap();
        let other = DataKey::parse(&DataKey::generate()).unwrap();
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
    fn the_longest_address_fits() {
        let key = DataKey::parse(&DataKey::generate()).unwrap();
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
