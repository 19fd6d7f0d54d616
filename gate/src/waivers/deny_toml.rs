//! The section of `deny.toml` that is generated from the ledger: the advisories that cargo-deny ignores.

use chrono::NaiveDate;
use serde::Deserialize;
use toml::Spanned;

use crate::waivers::entry::Waiver;
use crate::waivers::ignore_files::{is_advisory, quoted, reason};
use crate::waivers::ledger::{Ledger, line_of};

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

/// The file's text with the ledger's section as of this day.
pub fn with(text: &str, ledger: &Ledger, today: NaiveDate) -> Result<String, String> {
    let lines = lines(ledger, today);
    let Some((start, end)) = section(text) else {
        if lines.is_empty() {
            return Ok(text.to_owned());
        }
        return Err(format!(
            "{PATH} lacks the ledger's section: within `ignore = [ ]` of [advisories], the lines `{BEGIN}` and `{END}`"
        ));
    };
    let (before, after) = (text.get(..start), text.get(end..));
    Ok([before.unwrap_or_default(), &lines, after.unwrap_or_default()].concat())
}

/// The lines of ignored advisories outside of the ledger's section.
pub fn by_hand(text: &str) -> Result<Vec<u64>, String> {
    let deny: Deny = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let (start, end) = section(text).unwrap_or((0, 0));
    let starts = deny.advisories.ignore.iter().map(|entry| entry.span().start);
    let outside = starts.filter(|entry| !(start..end).contains(entry));
    Ok(outside.map(|start| line_of(text, start)).collect())
}

fn lines(ledger: &Ledger, today: NaiveDate) -> String {
    let line = |waiver: &Waiver| {
        let (rule, reason) = (quoted(&waiver.rule), quoted(&reason(waiver)));
        format!("  {{ id = {rule}, reason = {reason} }},\n")
    };
    ledger
        .of("cargo-deny")
        .filter(|waiver| is_advisory(waiver) && waiver.is_valid_on(today))
        .map(line)
        .collect()
}

/// The byte range of the section, between its first and its last line.
fn section(text: &str) -> Option<(usize, usize)> {
    let begin = text.find(BEGIN)?;
    let start = begin + text.get(begin..)?.find('\n')? + 1;
    let end = start + text.get(start..)?.find(END)?;
    let end = text.get(..end)?.rfind('\n')? + 1;
    Some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waivers::sample_entry;

    const EMPTY: &str = "[advisories]\nignore = [\n  # waivers: begin, written by `cargo xtask waivers sync`\n  # waivers: end\n]\n";

    fn ledger() -> Ledger {
        let entry = sample_entry("cargo-deny", "RUSTSEC-2026-0194", "");
        Ledger::parse(&entry.replace("\"r\"", "\"no\\nXML\""))
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_section_is_rewritten_in_place_and_idempotently() {
        let (ledger, empty) = (ledger(), Ledger::default());
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
    fn a_missing_section_is_an_error_only_if_it_is_needed() {
        let bare = "[advisories]\nyanked = \"deny\"\n";
        assert_eq!(with(bare, &Ledger::default(), day("2026-12-01")).unwrap(), bare);
        assert!(
            with(bare, &ledger(), day("2026-12-01"))
                .unwrap_err()
                .contains("lacks the ledger's section")
        );
    }

    #[test]
    fn an_exception_outside_of_the_section_is_reported_by_line() {
        let own = EMPTY.replace("ignore = [\n", "ignore = [\n  \"RUSTSEC-2020-0071\",\n");
        assert_eq!(by_hand(&own), Ok(vec![3]));
        assert!(by_hand("[").is_err());
    }
}
