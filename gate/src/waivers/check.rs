//! Every check of the ledger and of what stands beside it, over one folder on one day; changes nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;
use chrono::NaiveDate;
use tools::table;

use crate::waivers::ignore_files::LISTS;
use crate::waivers::inline_ignores;
use crate::waivers::parse;
use crate::waivers::sync_check;
use crate::waivers::tool_configs;
use crate::waivers::validate::{self, Known};
use crate::waivers::violation::Violation;

/// Where owners are named, as the code host looks for it.
const OWNERS: &[&str] = &[".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// Checks; `files` are the folder's files, with `/`.
pub fn folder<'a>(
    root: &Path,
    files: impl Iterator<Item = &'a str>,
    today: NaiveDate,
) -> Result<Vec<Violation>> {
    let ledger = parse::read(root)?;
    let read = |path: &str| fs::read_to_string(root.join(path)).ok();
    let files: Vec<&str> = files.collect();
    let mut violations = validate::of(&ledger, &known(&files, read)?, today);
    violations.extend(sync_check::of(&ledger, today, read));
    violations.extend(tool_configs::of(files.iter().copied()));
    for path in files {
        // What is no text holds no comment.
        if let Some(text) = read(path) {
            violations.extend(inline_ignores::of(&ledger, path, &text));
        }
    }
    Ok(violations)
}

fn known(files: &[&str], read: impl Fn(&str) -> Option<String>) -> Result<Known> {
    let table = table::all()?.into_iter().map(|tool| tool.name);
    let listed = LISTS.iter().map(|list| list.tool.to_owned());
    Ok(Known {
        tools: table.chain(listed).chain(["cargo-deny".to_owned()]).collect(),
        owners: OWNERS
            .iter()
            .find_map(|path| read(path))
            .map(|text| owners(&text)),
        files: files.iter().map(|path| (*path).to_owned()).collect(),
    })
}

/// Every name after a pattern.
fn owners(text: &str) -> BTreeSet<String> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    lines
        .flat_map(|line| {
            line.split_whitespace()
                .skip(1)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_whoever_codeowners_names() {
        let found = owners("# us\n* @team @other # both\n/terraform/ infra@example.org\n");
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            ["@other", "@team", "infra@example.org"]
        );
    }
}
