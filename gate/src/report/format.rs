//! The formats of times, sizes, digests and names that all files of the report share.

use std::borrow::Borrow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use harness::output;
use serde::Serialize;

/// `2026-11-21 07:21 UTC`; a text that is not a time remains as it is.
pub fn when(time: &str) -> String {
    parsed(time).map_or_else(
        || time.to_owned(),
        |time| time.format("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

/// As [`when`], without the date if the other time is on the same day.
pub fn when_on(time: &str, other: &str) -> String {
    match (parsed(time), days_before(time, other)) {
        (Some(time), Some(0)) => time.format("%H:%M UTC").to_string(),
        _ => when(time),
    }
}

/// `2026-11-21`; a text that is not a time remains as it is.
pub fn day(time: &str) -> String {
    parsed(time).map_or_else(|| time.to_owned(), |time| time.format("%Y-%m-%d").to_string())
}

/// How many days before the other time.
pub fn days_before(time: &str, other: &str) -> Option<i64> {
    let (time, other) = (parsed(time)?, parsed(other)?);
    Some((other.date_naive() - time.date_naive()).num_days())
}

/// How many seconds before the other time.
pub fn seconds_between(time: &str, other: &str) -> Option<i64> {
    Some((parsed(other)? - parsed(time)?).num_seconds())
}

/// `of today`, `1 day old`, `92 days old`.
pub fn age(days: Option<i64>) -> String {
    match days {
        None => "of unknown age".to_owned(),
        Some(..=0) => "of today".to_owned(),
        Some(1) => "1 day old".to_owned(),
        Some(days) => format!("{days} days old"),
    }
}

/// `2.4 s`, `5 min 11 s`.
pub fn took(seconds: impl Borrow<f64>) -> String {
    output::seconds(Duration::try_from_secs_f64(*seconds.borrow()).unwrap_or_default())
}

/// The first characters of a digest or a commit.
pub fn short(digest: &str) -> String {
    digest.chars().take(9).collect()
}

/// `412 B`, `18.2 kB`, `1.3 MB`.
pub fn size(bytes: impl Borrow<usize>) -> String {
    match *bytes.borrow() {
        bytes @ 0..1000 => format!("{bytes} B"),
        bytes @ 1000..1_000_000 => format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100),
        bytes => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// `1 gate`, `3 gates`.
pub fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        many => format!("{many} {one}s"),
    }
}

/// The name of an enum's variant, as in `report.json`.
pub fn name(variant: &impl Serialize) -> String {
    let value = serde_json::to_value(variant).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn parsed(time: &str) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(time).ok()?.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_readable() {
        assert_eq!(when("2026-11-21T08:21:59+01:00"), "2026-11-21 07:21 UTC");
        let other = "2026-11-21T23:00:00Z";
        assert_eq!(when_on("2026-11-21T07:21:00Z", other), "07:21 UTC");
        assert_eq!(when_on("2026-11-20T07:21:00Z", other), "2026-11-20 07:21 UTC");
        assert_eq!(day("yesterday"), "yesterday");
        let days = days_before("2026-08-20T09:14:02+00:00", "2026-11-21T07:21:00+00:00");
        assert_eq!((days, age(days).as_str()), (Some(93), "93 days old"));
        assert_eq!(age(Some(0)), "of today");
        assert_eq!(age(days_before("?", "2026-11-21T07:21:00Z")), "of unknown age");
        assert_eq!(
            [size(999), size(18_250), size(1_390_000)],
            ["999 B", "18.2 kB", "1.3 MB"]
        );
        assert_eq!(took(f64::NAN), "0.0 s");
        assert_eq!([count(1, "gate"), count(0, "gate")], ["1 gate", "0 gates"]);
        assert_eq!(name(&crate::outcome::Verdict::NotRun), "not-run");
    }
}
