//! All checks of the ledger and of the files it governs, over one folder on one day.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;
use chrono::NaiveDate;
use tools::table;

use crate::waivers::ignore_files::LISTS;
use crate::waivers::validate::{self, Known};
use crate::waivers::violation::Violation;
use crate::waivers::{Ledger, inline_ignores, sync_check, tool_configs};

/// Where GitHub looks for the owners of files.
const OWNERS: &[&str] = &[".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// Checks a folder; `files` are its files, with `/`.
pub fn folder<'a>(
    root: &Path,
    files: impl Iterator<Item = &'a str>,
    today: NaiveDate,
) -> Result<Vec<Violation>> {
    let ledger = Ledger::read(root)?;
    let read = |path: &str| fs::read_to_string(root.join(path)).ok();
    let files: Vec<&str> = files.collect();
    let mut violations = validate::violations(&ledger, &known(&files, read)?, today);
    violations.extend(sync_check::violations(&ledger, today, read));
    violations.extend(tool_configs::violations(files.iter().copied()));
    for path in files {
        // Binary files contain no comments.
        if let Some(text) = read(path) {
            violations.extend(inline_ignores::violations(&ledger, path, &text));
        }
    }
    Ok(violations)
}

fn known(files: &[&str], read: impl Fn(&str) -> Option<String>) -> Result<Known> {
    let table = table::all()?.into_iter().map(|tool| tool.name);
    let listed = LISTS.iter().map(|list| list.tool.to_owned());
    let codeowners = OWNERS.iter().find_map(|path| read(path));
    Ok(Known {
        tools: table.chain(listed).chain(["cargo-deny".to_owned()]).collect(),
        owners: codeowners.map(|text| owners(&text)),
        files: files.iter().map(|path| (*path).to_owned()).collect(),
    })
}

/// The names after each pattern of a CODEOWNERS file.
fn owners(text: &str) -> BTreeSet<String> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    let names = lines.flat_map(|line| line.split_whitespace().skip(1));
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_the_names_in_codeowners() {
        let found = owners("# us\n* @team @other # both\n/terraform/ infra@example.org\n");
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            ["@other", "@team", "infra@example.org"]
        );
    }
}
