//! The page's rows of the ledger, with days left.

use crate::report::document::Document;
use crate::report::waiver_status::{WaiverStatus, WaiverUse};
use crate::waivers::Waiver;

pub(super) struct Row<'a> {
    pub id: &'a str,
    pub class: &'static str,
    pub worth: String,
    pub days: u64,
    pub days_word: &'static str,
    /// Of 90.
    pub bar: i64,
    pub rule: &'a str,
    pub tools: String,
    pub only: Option<String>,
    pub reason: &'a str,
    pub owner: &'a str,
    pub created: String,
    pub expires: String,
    pub link: &'a str,
    /// Whether it may be followed: a ledger can hold any text.
    pub has_link: bool,
}

pub(super) fn rows(document: &Document) -> Vec<Row<'_>> {
    let waivers = document.run.waivers.iter();
    waivers
        .zip(&document.standing)
        .map(|(waiver, standing)| Row::of(waiver, standing))
        .collect()
}

impl<'a> Row<'a> {
    fn of(waiver: &'a Waiver, standing: &WaiverUse) -> Row<'a> {
        let (class, worth) = match (standing.worth, standing.covers) {
            (WaiverStatus::Used, 1) => ("used", "covers 1 finding".to_owned()),
            (WaiverStatus::Used, many) => ("used", format!("covers {many} findings")),
            (WaiverStatus::Unused, _) => ("unused", "unused: it can go".to_owned()),
            (WaiverStatus::NotAsked, _) => ("not-asked", "not asked: its tools did not run".to_owned()),
            (WaiverStatus::Expired, _) => ("expired", "expired: it covers nothing".to_owned()),
        };
        let only: Vec<&str> = [&waiver.path, &waiver.package]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        Row {
            id: &waiver.id,
            class,
            worth,
            days: standing.days_left.unsigned_abs(),
            days_word: match standing.days_left {
                1 => "day left",
                0.. => "days left",
                -1 => "day over",
                _ => "days over",
            },
            bar: standing.days_left.clamp(0, 90),
            rule: &waiver.rule,
            tools: waiver.tools.join(", "),
            only: (!only.is_empty()).then(|| only.join(" ")),
            reason: &waiver.reason,
            owner: &waiver.owner,
            created: waiver.created.to_string(),
            expires: waiver.expires.to_string(),
            link: &waiver.link,
            has_link: ["https://", "http://"]
                .iter()
                .any(|start| waiver.link.starts_with(start)),
        }
    }
}
