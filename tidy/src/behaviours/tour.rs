//! `cargo xtask tour ID`: a behaviour's text, its documents and code, and the tests, scenarios and measurements that
//! show it; without an id, the list.

use std::{fmt::Write as _, path::Path};

use anyhow::{Context as _, bail};

use crate::output::print;
use crate::tree::Tree;

use super::code::CodeFile;
use super::list::{Behaviour, PATH, parse};
use super::mentions::{Kind, Mention, mentions, showing};

/// Prints one behaviour, or the ids and titles of all.
pub fn print_tour(root: &Path, id: Option<&str>) -> anyhow::Result<()> {
    print(&text(&Tree::read(root)?, id)?)
}

fn text(tree: &Tree, id: Option<&str>) -> anyhow::Result<String> {
    let source = tree.find(PATH).with_context(|| format!("there is no {PATH}"))?;
    let (list, _) = parse(source);
    let Some(id) = id else {
        let lines = list.iter().map(|one| format!("{:<4} {}\n", one.id, one.title));
        return Ok(lines.collect());
    };
    match list.iter().find(|one| one.id.eq_ignore_ascii_case(id)) {
        Some(behaviour) => Ok(page(tree, behaviour, &mentions(tree))),
        None => bail!("there is no behaviour {id} in {PATH}; `cargo xtask tour` lists all"),
    }
}

fn page(tree: &Tree, behaviour: &Behaviour, mentions: &[Mention]) -> String {
    let Behaviour { id, title, text, .. } = behaviour;
    let mut page = format!("{id} – {title}\n{PATH}:{}\n\n{text}\n", behaviour.line);
    page.push_str("\nDocs\n");
    for path in &behaviour.docs {
        line_of(&mut page, path, header(tree, path).as_deref());
    }
    page.push_str("\nCode\n");
    for CodeFile { path, names } in &behaviour.code {
        let place = if names.is_empty() {
            path.clone()
        } else {
            format!("{path}: {}", names.join(", "))
        };
        line_of(&mut page, &place, header(tree, path).as_deref());
    }
    for kind in Kind::SHOWING {
        let mut shown = showing(mentions, id, kind).peekable();
        if shown.peek().is_some() {
            let _ = write!(page, "\n{}\n", kind.label());
        }
        for mention in shown {
            let place = format!("{}:{}  {}", mention.path, mention.line, mention.name);
            line_of(&mut page, &place, Some(mention.text.as_str()));
        }
    }
    page
}

fn line_of(page: &mut String, first: &str, second: Option<&str>) {
    let _ = writeln!(page, "  {first}");
    if let Some(second) = second.filter(|second| !second.is_empty()) {
        let _ = writeln!(page, "      {second}");
    }
}

/// The first comment or heading of a file; a folder speaks through its `mod.rs`, `lib.rs` or README.
fn header(tree: &Tree, path: &str) -> Option<String> {
    let folder = path.trim_end_matches('/');
    let inside = ["mod.rs", "lib.rs", "README.md"].map(|name| format!("{folder}/{name}"));
    let source = tree
        .find(path)
        .or_else(|| inside.iter().find_map(|path| tree.find(path)))?;
    let marker = ["//! ", "-- ", "# ", "/* "]
        .into_iter()
        .find(|marker| source.starts_with(marker))?;
    let lines = source.lines().map_while(|line| line.strip_prefix(marker));
    Some(lines.collect::<Vec<&str>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        Tree::of(&[
            (
                PATH,
                "## B. Rates\n\n### B7 – Bad days\n\nRefused.\n\nDocs: `days.md`\n\nCode: `src/days/`, `src/day.rs` (`f`, `g`)\n\n- Tests: x\n",
            ),
            ("days.md", "# Of days\n\nText.\n"),
            ("src/days/mod.rs", "//! Days.\n//! Many.\n\nuse x;\n"),
            ("src/day.rs", "//! A day.\n"),
            (
                "tests/day.rs",
                "/// B7: also leap days.\n#[test]\nfn a_bad_day_is_refused() {}\n",
            ),
            ("x.feature", "@B7\nFeature: Days\n  Scenario: A bad day\n"),
        ])
    }

    #[test]
    fn a_tour_leads_from_the_text_to_code_tests_and_scenarios() {
        let page = text(&tree(), Some("b7")).unwrap();
        assert_eq!(
            page,
            "B7 – Bad days\ndocs/behaviours.md:3\n\nRefused.\n\nDocs\n  days.md\n      Of days\n\nCode\n  src/days/\n      Days. Many.\n  src/day.rs: f, g\n      A day.\n\n\
             Tests\n  tests/day.rs:3  a_bad_day_is_refused\n      also leap days.\n\n\
             Scenarios\n  x.feature:3  A bad day\n"
        );
    }

    #[test]
    fn without_an_id_all_are_listed_and_an_unknown_one_is_an_error() {
        assert_eq!(text(&tree(), None).unwrap(), "B7   Bad days\n");
        assert!(text(&tree(), Some("B8")).is_err());
    }
}
