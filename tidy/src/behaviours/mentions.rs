//! Where behaviour ids are mentioned: at the beginning of doc comments (`/// E17, E16: …`), in the tags of scenarios
//! (`@B7`) and in the ids of the bench's rows (`P7-memory`).

use crate::tree::Tree;

use super::list::is_id;

/// What mentions an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Test,
    Scenario,
    Measurement,
    /// A comment on code that is no test; it shows nothing.
    Comment,
}

/// One id at one place.
#[derive(Debug)]
pub(super) struct Mention {
    pub id: String,
    pub kind: Kind,
    pub path: String,
    /// Of the test, scenario or row, from 1.
    pub line: usize,
    /// Of the test or row, or the title of the scenario.
    pub name: String,
    /// What a comment says behind the ids, or what a row measures.
    pub text: String,
}

/// All mentions, by path and line.
pub(super) fn mentions(tree: &Tree) -> Vec<Mention> {
    let mut found = Vec::new();
    for (path, text) in tree.files() {
        if path.ends_with(".rs") {
            comments(path, text, &mut found);
            if path.split('/').any(|folder| folder == "bench") {
                rows(path, text, &mut found);
            }
        } else if path.ends_with(".feature") {
            scenarios(path, text, &mut found);
        }
    }
    found
}

/// A doc comment with the attributes below it, until the item that they belong to.
#[derive(Default)]
struct Pending {
    doc: Vec<String>,
    is_test: bool,
    in_attribute: bool,
}

fn comments(path: &str, text: &str, found: &mut Vec<Mention>) {
    let mut pending = Pending::default();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if let Some(doc) = line.strip_prefix("//!").or_else(|| line.strip_prefix("///")) {
            pending.doc.push(doc.trim().to_owned());
        } else if pending.in_attribute || line.starts_with("#[") {
            pending.is_test |= line.starts_with("#[") && is_test(line);
            pending.in_attribute = !line.ends_with(']');
        } else if !line.starts_with("//") {
            let Pending { doc, is_test, .. } = std::mem::take(&mut pending);
            let (ids, text) = ids_and_text(&doc.join(" "));
            for id in ids {
                found.push(Mention {
                    id,
                    kind: if is_test { Kind::Test } else { Kind::Comment },
                    path: path.to_owned(),
                    line: number,
                    name: function(line).unwrap_or_default().to_owned(),
                    text: text.clone(),
                });
            }
        }
    }
}

/// `#[test]`, `#[tokio::test(…)]`.
fn is_test(attribute: &str) -> bool {
    let path = attribute.trim_start_matches("#[");
    let path = path.split(['(', ']']).next().unwrap_or_default();
    path.rsplit("::").next() == Some("test")
}

fn function(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("fn ")?;
    rest.split(['(', '<']).next()
}

/// `E17, CWE-400: text`: the ids, and what follows them. Weaknesses may stand between them.
fn ids_and_text(doc: &str) -> (Vec<String>, String) {
    let (mut ids, mut rest) = (Vec::new(), doc);
    loop {
        let end = rest.find([':', ',', '.', ' ']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if is_id(name) {
            ids.push(name.to_owned());
        } else if !name.starts_with("CWE-") {
            break;
        }
        match after.strip_prefix(", ") {
            Some(next) => rest = next,
            None if after.starts_with(' ') => return (Vec::new(), doc.to_owned()),
            None => {
                rest = after.trim_start_matches([':', ',', '.']).trim_start();
                break;
            }
        }
    }
    (ids, rest.to_owned())
}

fn scenarios(path: &str, text: &str, found: &mut Vec<Mention>) {
    let (mut tags, mut inherited): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.starts_with('@') {
            tags.extend(line.split_whitespace());
        } else if line.starts_with("Feature:") {
            inherited = std::mem::take(&mut tags);
        } else if let Some(title) = title(line) {
            for id in tags.drain(..).chain(inherited.iter().copied()) {
                if let Some(id) = id.strip_prefix('@').filter(|id| is_id(id)) {
                    found.push(Mention {
                        id: id.to_owned(),
                        kind: Kind::Scenario,
                        path: path.to_owned(),
                        line: number,
                        name: title.to_owned(),
                        text: String::new(),
                    });
                }
            }
        } else if !line.is_empty() && !line.starts_with('#') {
            tags.clear();
        }
    }
}

fn title(line: &str) -> Option<&str> {
    let (keyword, title) = line.split_once(':')?;
    ["Scenario", "Scenario Outline", "Example"]
        .contains(&keyword)
        .then(|| title.trim())
}

/// `id: "P7-memory",` and, in the next line, `what: "…",`.
fn rows(path: &str, text: &str, found: &mut Vec<Mention>) {
    let value = |line: &str, name: &str| {
        let quoted = line.trim().strip_prefix(name)?.trim().strip_prefix('"')?;
        Some(quoted.rsplit_once('"')?.0.to_owned())
    };
    let mut lines = (1..).zip(text.lines()).peekable();
    while let Some((number, line)) = lines.next() {
        let Some(name) = value(line, "id:") else { continue };
        let id = name.split('-').next().unwrap_or_default();
        if is_id(id) {
            found.push(Mention {
                id: id.to_owned(),
                kind: Kind::Measurement,
                path: path.to_owned(),
                line: number,
                text: lines
                    .peek()
                    .and_then(|(_, next)| value(next, "what:"))
                    .unwrap_or_default(),
                name,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        mentions(&Tree::of(&[(path, text)]))
            .iter()
            .map(|mention| {
                let Mention {
                    id,
                    kind,
                    line,
                    name,
                    text,
                    ..
                } = mention;
                format!("{id} {kind:?} {line} {name}: {text}")
            })
            .collect()
    }

    #[test]
    fn a_test_names_its_ids_first() {
        let text = "/// B7, CWE-20, O5: two\n/// lines.\n#[test]\n#[ignore = \"a\"]\nfn one() {}\n\n/// A1\n#[tokio::test(\nflavor = \"x\"\n)]\nasync fn two() {}\n\n\
                    /// E17: no test.\nfn three() {}\n\n/// C1 control characters.\n#[test]\nfn four() {}\n";
        assert_eq!(
            found("service/tests/it/x.rs", text),
            [
                "B7 Test 5 one: two lines.",
                "O5 Test 5 one: two lines.",
                "A1 Test 11 two: ",
                "E17 Comment 14 three: no test.",
            ]
        );
    }

    #[test]
    fn a_scenario_has_its_tags_and_those_of_its_feature() {
        let text = "@A1\nFeature: Root\n\n  @B7 @asvs:1.2.3\n  @B8\n  # why\n  Scenario: One\n    When x\n\n  Scenario Outline: Two <x>\n    When <x>\n    @B9\n    Examples:\n";
        assert_eq!(
            found("features/features/x.feature", text),
            [
                "B7 Scenario 7 One: ",
                "B8 Scenario 7 One: ",
                "A1 Scenario 7 One: ",
                "A1 Scenario 10 Two <x>: ",
            ]
        );
    }

    #[test]
    fn rows_of_the_bench_are_measurements() {
        let text = "Row {\n    id: \"P7-memory\",\n    what: \"idle memory\",\n},\n";
        assert_eq!(
            found("bench/src/rows.rs", text),
            ["P7 Measurement 2 P7-memory: idle memory"]
        );
        assert_eq!(found("xtask/src/other.rs", text), [""; 0]);
    }
}
