//! The part of `deny.toml` that the ledger writes: the advisories that cargo-deny ignores. Reads and writes no file.

use chrono::NaiveDate;
use serde::Deserialize;
use toml::Spanned;

use crate::waivers::entry::Waiver;
use crate::waivers::ignore_files::{is_advisory, quoted, reason};
use crate::waivers::ledger::Ledger;

/// Where cargo-deny reads it.
pub const PATH: &str = "deny.toml";

const BEGIN: &str = "# waivers: begin, written by `cargo xtask waivers sync`";
const END: &str = "# waivers: end";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Deny {
    advisories: Advisories,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Advisories {
    ignore: Vec<Spanned<toml::Value>>,
}

/// The file with the ledger's part of this day in place.
pub fn with(text: &str, ledger: &Ledger, today: NaiveDate) -> Result<String, String> {
    let lines = lines(ledger, today);
    let Some((start, end)) = place(text) else {
        return match lines.is_empty() {
            true => Ok(text.to_owned()),
            false => Err(format!(
                "{PATH} has no place for the ledger's part: in [advisories], ignore = [, the line `{BEGIN}`, the line `{END}`, ]"
            )),
        };
    };
    let (before, after) = (text.get(..start), text.get(end..));
    Ok([before.unwrap_or_default(), &lines, after.unwrap_or_default()].concat())
}

/// Lines with an advisory that is ignored and that the ledger did not write.
pub fn by_hand(text: &str) -> Result<Vec<u64>, String> {
    let deny: Deny = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let ours = place(text).unwrap_or((0, 0));
    let starts = deny.advisories.ignore.iter().map(|entry| entry.span().start);
    let theirs = starts.filter(|start| *start < ours.0 || *start >= ours.1);
    let line = |start: usize| text.get(..start).unwrap_or_default().matches('\n').count() as u64 + 1;
    Ok(theirs.map(line).collect())
}

fn lines(ledger: &Ledger, today: NaiveDate) -> String {
    let line = |waiver: &Waiver| {
        format!(
            "  {{ id = {}, reason = {} }},\n",
            quoted(&waiver.rule),
            quoted(&reason(waiver))
        )
    };
    ledger
        .of("cargo-deny")
        .filter(|waiver| is_advisory(waiver) && waiver.counts_on(today))
        .map(line)
        .collect()
}

/// From the byte after the line of the beginning to the first of the line of the end.
fn place(text: &str) -> Option<(usize, usize)> {
    let begin = text.find(BEGIN)?;
    let start = begin + text.get(begin..)?.find('\n')? + 1;
    let end = start + text.get(start..)?.find(END)?;
    let end = text.get(..end)?.rfind('\n')? + 1;
    Some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waivers::parse;

    const EMPTY: &str = "[advisories]\nignore = [\n  # waivers: begin, written by `cargo xtask waivers sync`\n  # waivers: end\n]\n";
    const LEDGER: &str = "[[waiver]]\nid = \"W-1\"\ntools = [\"cargo-deny\"]\nrule = \"RUSTSEC-2026-0194\"\nreason = \"no\\nXML\"\n\
                          owner = \"o\"\ncreated = \"2026-11-01\"\nexpires = \"2026-12-01\"\nlink = \"#1\"\n";

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_ledgers_part_is_written_in_its_place_and_again_the_same() {
        let (ledger, empty) = (parse::ledger(LEDGER), Ledger::default());
        let (today, later) = (day("2026-12-01"), day("2026-12-02"));
        let full = with(EMPTY, &ledger, today).unwrap();
        let line = "  { id = \"RUSTSEC-2026-0194\", reason = \"W-1: no XML\" },\n";
        assert!(
            full.contains(&format!("sync`\n{line}  # waivers: end\n")),
            "{full}"
        );
        assert_eq!(with(&full, &ledger, today).unwrap(), full);
        assert_eq!(with(&full, &ledger, later).unwrap(), EMPTY, "it has expired");
        assert_eq!(with(&full, &empty, today).unwrap(), EMPTY);
        assert_eq!(by_hand(&full), Ok(vec![]));
    }

    #[test]
    fn without_a_place_nothing_is_written_in_silence() {
        let bare = "[advisories]\nyanked = \"deny\"\n";
        assert_eq!(with(bare, &Ledger::default(), day("2026-12-01")).unwrap(), bare);
        assert!(
            with(bare, &parse::ledger(LEDGER), day("2026-12-01"))
                .unwrap_err()
                .contains("no place")
        );
    }

    #[test]
    fn an_exception_by_hand_is_found_by_its_line() {
        let own = EMPTY.replace("ignore = [\n", "ignore = [\n  \"RUSTSEC-2020-0071\",\n");
        assert_eq!(by_hand(&own), Ok(vec![3]));
        assert!(by_hand("[").is_err());
    }
}
