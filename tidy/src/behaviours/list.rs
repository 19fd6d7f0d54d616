//! `docs/behaviours.md`, parsed: one behaviour per level-3 heading, `### B7 – Title`, then its text, its `Docs:`
//! and `Code:` lines, and the generated lines up to the next heading.

use super::code::{self, CodeFile};

/// The list's place in the repository.
pub(super) const PATH: &str = "docs/behaviours.md";

const DOCS: &str = "Docs:";

const CODE: &str = "Code:";

/// One promise.
#[derive(Debug, Default)]
pub(super) struct Behaviour {
    pub id: String,
    pub title: String,
    /// Of the heading, from 1.
    pub line: usize,
    /// What is promised, in one paragraph.
    pub text: String,
    /// The documents that explain it: paths from the root of the repository.
    pub docs: Vec<String>,
    /// The files that decide it, the most important first.
    pub code: Vec<CodeFile>,
    /// Of the `Code:` line, from 1.
    pub code_line: Option<usize>,
    /// The generated lines, without blank ones.
    pub shown: Vec<String>,
}

/// All behaviours in the order of the file; and the lines of headings that are malformed or in the wrong section, each with
/// the reason.
pub(super) fn parse(text: &str) -> (Vec<Behaviour>, Vec<(usize, String)>) {
    let (mut list, mut malformed): (Vec<Behaviour>, _) = (Vec::new(), Vec::new());
    let mut section = None;
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(heading) = line.strip_prefix("### ") {
            let Some((id, title)) = heading.split_once(" – ").filter(|(id, _)| is_id(id)) else {
                malformed.push((number, "not of the form `### B7 – Title`".to_owned()));
                continue;
            };
            if section.is_none_or(|letter| !id.starts_with(letter)) {
                malformed.push((number, format!("{id} is in the wrong section")));
            }
            list.push(Behaviour {
                id: id.to_owned(),
                title: title.trim().to_owned(),
                line: number,
                ..Behaviour::default()
            });
        } else if let Some(heading) = line.strip_prefix("## ") {
            section = heading.chars().next();
        } else if let Some(behaviour) = list.last_mut() {
            behaviour.add(number, line.trim());
        }
    }
    (list, malformed)
}

impl Behaviour {
    fn add(&mut self, number: usize, line: &str) {
        if line.is_empty() {
        } else if self.code_line.is_some() {
            self.shown.push(line.to_owned());
        } else if let Some(line) = line.strip_prefix(DOCS) {
            self.docs = paths(line);
        } else if let Some(line) = line.strip_prefix(CODE) {
            self.code_line = Some(number);
            self.code = code::parse(line);
        } else {
            let space = if self.text.is_empty() { "" } else { " " };
            self.text.extend([space, line]);
        }
    }
}

/// The paths in backticks.
fn paths(line: &str) -> Vec<String> {
    let quoted = line.split('`').skip(1).step_by(2);
    let paths = quoted.filter(|name| name.contains(['/', '.']));
    paths.map(str::to_owned).collect()
}

/// `B7`, `E17`, `P1b`: a section letter, a number, perhaps a variant.
pub(super) fn is_id(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(|first: char| first.is_ascii_uppercase()) else {
        return false;
    };
    let number = rest.trim_end_matches(|last: char| last.is_ascii_lowercase());
    (1..=2).contains(&number.len())
        && number.bytes().all(|digit| digit.is_ascii_digit())
        && rest.len() - number.len() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_behaviour_is_read_with_its_parts() {
        let text = "# Behaviours\n\nIntro.\n\n## B. Rates\n\n### B7 – Bad\n\nTwo\nlines.\n\nDocs: `d.md`\n\nCode: `a/b.rs` (`f`, `g`), `c/`\n\n- Tests: x\n\n## C. More\n";
        let (list, malformed) = parse(text);
        assert_eq!(malformed, []);
        let [one] = list.as_slice() else {
            panic!("{list:?}");
        };
        assert_eq!((one.id.as_str(), one.title.as_str(), one.line), ("B7", "Bad", 7));
        assert_eq!(one.text, "Two lines.");
        assert_eq!(one.docs, ["d.md"]);
        assert_eq!(one.code, code::parse("`a/b.rs` (`f`, `g`), `c/`"));
        assert_eq!(one.code_line, Some(14));
        assert_eq!(one.shown, ["- Tests: x"]);
    }

    #[test]
    fn malformed_headings_are_found() {
        let text = "## B. Rates\n\n### B7: Bad\n\n### C1 – Wrong section\n";
        let (_, malformed) = parse(text);
        let lines: Vec<usize> = malformed.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 5]);
    }

    #[test]
    fn ids_differ_from_other_names() {
        for id in ["A1", "E17", "P1b"] {
            assert!(is_id(id), "{id}");
        }
        for other in ["", "A", "a1", "AB1", "B123", "P1bc", "CWE-20", "É1", "B1é"] {
            assert!(!is_id(other), "{other}");
        }
    }
}
