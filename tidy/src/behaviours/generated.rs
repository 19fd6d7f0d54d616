//! The generated part of the list: what shows a behaviour, by file and without line numbers, so that it changes only when
//! a test or scenario does.

use super::{
    list::List,
    mentions::{Kind, Mention},
};

/// The lines below a behaviour's `Code:` line.
pub(super) fn shown_by(id: &str, mentions: &[Mention]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (kind, label) in [
        (Kind::Test, "Tests"),
        (Kind::Scenario, "Scenarios"),
        (Kind::Measurement, "Bench"),
    ] {
        let mut file = "";
        for mention in mentions
            .iter()
            .filter(|mention| mention.kind == kind && mention.id == id)
        {
            // In backticks, because titles contain `<placeholders>`.
            let name = format!("`{}`", mention.name.replace('`', "'"));
            match lines.last_mut().filter(|_| file == mention.path) {
                Some(line) => *line = format!("{line}, {name}"),
                None => lines.push(format!("- {label}: `{}`: {name}", mention.path)),
            }
            file = &mention.path;
        }
    }
    lines
}

/// The whole file with its generated lines as they should be.
pub(super) fn regenerated(text: &str, list: &List, mentions: &[Mention]) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut new = String::new();
    let mut at = 0;
    for behaviour in &list.behaviours {
        let Some(code_line) = behaviour.code_line else {
            continue;
        };
        for line in &lines[at..code_line] {
            new.push_str(line);
            new.push('\n');
        }
        new.push('\n');
        for line in shown_by(&behaviour.id, mentions) {
            new.push_str(&line);
            new.push('\n');
        }
        let is_heading = |line: &&str| line.starts_with("## ") || line.starts_with("### ");
        let next = lines[code_line..].iter().position(is_heading);
        at = next.map_or(lines.len(), |next| code_line + next);
        if at < lines.len() {
            new.push('\n');
        }
    }
    for line in &lines[at..] {
        new.push_str(line);
        new.push('\n');
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mention(kind: Kind, path: &str, name: &str) -> Mention {
        Mention {
            id: "B7".to_owned(),
            kind,
            path: path.to_owned(),
            line: 1,
            name: name.to_owned(),
            text: String::new(),
        }
    }

    #[test]
    fn stale_lines_are_replaced_and_all_else_stays() {
        let mentions = [
            mention(Kind::Scenario, "b.feature", "Bad <x>"),
            mention(Kind::Test, "a.rs", "one"),
            mention(Kind::Test, "a.rs", "two"),
            mention(Kind::Comment, "a.rs", "helper"),
            mention(Kind::Measurement, "bench.rs", "B7-memory"),
        ];
        let text =
            "# All\n\n## B. Rates\n\n### B7 – Bad\n\nText.\n\nCode: `a.rs`\n- stale\n\n## C. Next\n\nText.\n";
        let expected = "# All\n\n## B. Rates\n\n### B7 – Bad\n\nText.\n\nCode: `a.rs`\n\n\
                        - Tests: `a.rs`: `one`, `two`\n- Scenarios: `b.feature`: `Bad <x>`\n- Bench: `bench.rs`: `B7-memory`\n\n\
                        ## C. Next\n\nText.\n";
        let (list, _) = List::parse(text);
        let new = regenerated(text, &list, &mentions);
        assert_eq!(new, expected);
        let (list, _) = List::parse(&new);
        assert_eq!(
            regenerated(&new, &list, &mentions),
            expected,
            "a second time changes nothing"
        );
    }
}
