//! The changelog's section of a version: the text under Unreleased, then the commits.

use anyhow::{Result, ensure};
use chrono::NaiveDate;
use semver::Version;

pub const FILE: &str = "CHANGELOG.md";

const UNRELEASED: &str = "## Unreleased\n";

/// The section of the new version.
pub fn section(log: &str, version: &Version, date: NaiveDate, notes: &str) -> Result<String> {
    let title = format!("## {version} - ");
    ensure!(
        !log.contains(&format!("\n{title}")),
        "{FILE} has a section of {version} already"
    );
    let (_, written, _) = parts(log)?;
    let mut parts = vec![written.trim(), notes.trim()];
    parts.retain(|part| !part.is_empty());
    ensure!(
        !parts.is_empty(),
        "there are no changes for {version}: describe them under Unreleased in {FILE}"
    );
    Ok(format!("{title}{date}\n\n{}\n", parts.join("\n\n")))
}

/// The changelog with this section below an empty section Unreleased.
pub fn with(log: &str, section: &str) -> Result<String> {
    let (before, _, after) = parts(log)?;
    let blank = if after.is_empty() { "" } else { "\n" };
    Ok(format!("{before}{UNRELEASED}\n{section}{blank}{after}"))
}

/// The text before Unreleased, its content, and the sections after it.
fn parts(log: &str) -> Result<(&str, &str, &str)> {
    let split = log.split_once(UNRELEASED);
    ensure!(split.is_some(), "{FILE} has no `## Unreleased`");
    let (before, rest) = split.unwrap_or_default();
    let end = rest.find("\n## ").map_or(rest.len(), |place| place + 1);
    Ok((before, &rest[..end], &rest[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str =
        "# Changelog\n\nText.\n\n## Unreleased\n\n### Added\n\n- One.\n\n## 0.1.0 - 2026-01-01\n\n- Zero.\n";

    #[test]
    fn unreleased_becomes_the_new_section() {
        let (version, day) = (Version::new(0, 2, 0), "2026-11-21".parse().unwrap());
        let section = section(LOG, &version, day, "### Commits\n\n- feat: b\n").unwrap();
        assert_eq!(
            section,
            "## 0.2.0 - 2026-11-21\n\n### Added\n\n- One.\n\n### Commits\n\n- feat: b\n"
        );
        let log = with(LOG, &section).unwrap();
        let wanted =
            format!("# Changelog\n\nText.\n\n## Unreleased\n\n{section}\n## 0.1.0 - 2026-01-01\n\n- Zero.\n");
        assert_eq!(log, wanted);
        let again = super::section(&log, &version, day, "x").unwrap_err();
        assert!(again.to_string().contains("already"));
        let nothing = super::section(&log, &Version::new(0, 2, 1), day, " \n").unwrap_err();
        assert!(nothing.to_string().contains("no changes"));
        assert!(super::section("# Changelog\n", &version, day, "x").is_err());
    }
}
