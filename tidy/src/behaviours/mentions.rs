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

impl Kind {
    /// The kinds that show a behaviour.
    pub(super) const SHOWING: [Self; 3] = [Self::Test, Self::Scenario, Self::Measurement];

    /// The kind as a heading in the list.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Test => "Tests",
            Self::Scenario => "Scenarios",
            Self::Measurement => "Bench",
            Self::Comment => "Comments",
        }
    }
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

impl Mention {
    pub(super) fn new(id: &str, kind: Kind, (path, line): (&str, usize), name: &str, text: &str) -> Self {
        Self {
            id: id.to_owned(),
            kind,
            path: path.to_owned(),
            line,
            name: name.to_owned(),
            text: text.to_owned(),
        }
    }
}

/// Those of one kind that show a behaviour.
pub(super) fn showing<'a>(
    mentions: &'a [Mention],
    id: &str,
    kind: Kind,
) -> impl Iterator<Item = &'a Mention> {
    let of_id = mentions.iter().filter(move |mention| mention.id == id);
    of_id.filter(move |mention| mention.kind == kind)
}

/// All mentions, by path and line.
pub(super) fn mentions(tree: &Tree) -> Vec<Mention> {
    let mut found = Vec::new();
    for (path, text) in tree.files() {
        if path.ends_with(".rs") {
            comments(path, text, &mut found);
        } else if path.ends_with(".feature") {
            scenarios(path, text, &mut found);
        }
        if path.ends_with(".rs") && path.split('/').any(|folder| folder == "bench") {
            rows(path, text, &mut found);
        }
    }
    found
}

fn comments(path: &str, text: &str, found: &mut Vec<Mention>) {
    // A doc comment and the attributes below it, until the item that they belong to.
    let (mut docs, mut is_test, mut in_attribute) = (Vec::new(), false, false);
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if let Some(doc) = line.strip_prefix("//!").or_else(|| line.strip_prefix("///")) {
            docs.push(doc.trim());
        } else if in_attribute || line.starts_with("#[") {
            is_test |= line.starts_with("#[") && is_test_attribute(line);
            in_attribute = !line.ends_with(']');
        } else if !line.starts_with("//") {
            let kind = if is_test { Kind::Test } else { Kind::Comment };
            let name = function(line).unwrap_or_default();
            let doc = docs.join(" ");
            let (ids, text) = ids_and_text(&doc);
            found.extend(ids.map(|id| Mention::new(id, kind, (path, number), name, text)));
            docs.clear();
            is_test = false;
        }
    }
}

/// `#[test]`, `#[tokio::test(…)]`.
fn is_test_attribute(attribute: &str) -> bool {
    let path = attribute.trim_start_matches("#[");
    let path = path.split(['(', ']']).next().unwrap_or_default();
    path.rsplit("::").next() == Some("test")
}

fn function(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("fn ")?;
    rest.split(['(', '<']).next()
}

/// `E17, CWE-400: text`: the ids, and what follows them. Weaknesses may stand between them.
fn ids_and_text(doc: &str) -> (impl Iterator<Item = &str>, &str) {
    let (mut names, mut rest) = (Vec::new(), doc);
    loop {
        let end = rest.find([':', ',', '.', ' ']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if !is_id(name) && !name.starts_with("CWE-") {
            break;
        }
        names.push(name);
        if let Some(next) = after.strip_prefix(", ") {
            rest = next;
            continue;
        }
        if after.starts_with(' ') {
            names.clear();
        }
        rest = after.trim_start_matches([':', ',', '.']).trim_start();
        break;
    }
    (names.into_iter().filter(|name| is_id(name)), rest)
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
            let tags = tags.drain(..).chain(inherited.iter().copied());
            let ids = tags.filter_map(|tag| tag.strip_prefix('@').filter(|id| is_id(id)));
            found.extend(ids.map(|id| Mention::new(id, Kind::Scenario, (path, number), title, "")));
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
    let mut lines = (1..).zip(text.lines()).peekable();
    while let Some((number, line)) = lines.next() {
        let Some(name) = quoted(line, "id:") else { continue };
        let id = name.split('-').next().unwrap_or_default();
        if is_id(id) {
            let what = lines.peek().and_then(|(_, next)| quoted(next, "what:"));
            let what = what.unwrap_or_default();
            found.push(Mention::new(id, Kind::Measurement, (path, number), name, what));
        }
    }
}

fn quoted<'a>(line: &'a str, field: &str) -> Option<&'a str> {
    let quoted = line.trim().strip_prefix(field)?.trim().strip_prefix('"')?;
    Some(quoted.rsplit_once('"')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let shown = |one: &Mention| {
            let Mention { id, kind, name, .. } = one;
            format!("{id} {kind:?} {} {name}: {}", one.line, one.text)
        };
        mentions(&Tree::of(&[(path, text)])).iter().map(shown).collect()
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
