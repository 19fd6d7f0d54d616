//! The lists of folders and crates in documents.

#![expect(clippy::unwrap_used, reason = "the whole file is tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap_or_default()
}

/// The members of the workspace.
fn members() -> BTreeSet<String> {
    let text = read("Cargo.toml");
    let line = text.lines().find(|line| line.starts_with("members = ")).unwrap();
    line.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The members that a crate depends on, without those of its tests.
fn dependencies(member: &str) -> BTreeSet<String> {
    let text = read(&format!("{member}/Cargo.toml"));
    let (_, rest) = text.split_once("[dependencies]").unwrap();
    let section = rest.split("\n[").next().unwrap();
    let names = section.lines().filter_map(|line| line.split(['.', ' ']).next());
    let members = members();
    names
        .filter(|name| members.contains(*name))
        .map(str::to_owned)
        .collect()
}

/// The cells of a table's rows that begin so.
fn rows<'t>(text: &'t str, start: &str) -> Vec<Vec<&'t str>> {
    let rows = text.lines().filter(|line| line.starts_with(start));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// The names between backticks.
fn names(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_readme_lists_each_folder_once() {
    let text = read("README.md");
    let listed: Vec<&str> = rows(&text, "| [`").into_iter().map(|row| row[0]).collect();
    assert!(listed.len() > 20, "{listed:?}");
    let distinct: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(listed.len(), distinct.len(), "{listed:?}");
}

/// What a crate uses as a program is listed after a semicolon.
#[test]
fn the_code_map_lists_each_crate_of_the_harness_once_with_the_crates_that_it_uses() {
    let text = read("docs/ARCHITECTURE.md");
    let (_, section) = text.split_once("### The harness").unwrap();
    let (table, _) = section.split_once("| folder of").unwrap();
    let mut found = BTreeMap::new();
    for row in rows(table, "| `") {
        let name = row[0].trim_matches('`').trim_end_matches('/').to_owned();
        let uses = names(row[2].split(';').next().unwrap());
        assert_eq!(uses, dependencies(&name), "{name}");
        assert_eq!(found.insert(name, ()), None, "twice: {row:?}");
    }
    // Described elsewhere in the code map.
    let elsewhere = ["features", "service", "xtask"];
    let expected: BTreeSet<String> = members()
        .into_iter()
        .filter(|member| !elsewhere.contains(&member.as_str()))
        .collect();
    assert_eq!(found.into_keys().collect::<BTreeSet<_>>(), expected);
}
