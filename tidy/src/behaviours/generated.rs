//! The generated part of the list: what shows a behaviour, by file and without line numbers, so that it changes only when
//! a test or scenario does.

use std::cmp::Reverse;

use super::list::Behaviour;
use super::mentions::{Kind, Mention, showing};

/// The lines below a behaviour's `Code:` line. Files keep the order of the list, so that an author can put the one that checks
/// the title first; behind them, the file that shows most comes first.
pub(super) fn shown_by(behaviour: &Behaviour, mentions: &[Mention]) -> Vec<String> {
    let start = |kind: Kind, file: &str| format!("- {}: `{file}`: ", kind.label());
    let place = |kind: Kind, file: &str| {
        let listed = behaviour.shown.iter();
        listed
            .clone()
            .position(|line| line.starts_with(&start(kind, file)))
            .unwrap_or(listed.len())
    };
    let mut lines: Vec<String> = Vec::new();
    for kind in Kind::SHOWING {
        let mut files: Vec<(&str, Vec<String>)> = Vec::new();
        for mention in showing(mentions, &behaviour.id, kind) {
            // In backticks, because titles contain `<placeholders>`.
            let name = format!("`{}`", mention.name.replace('`', "'"));
            match files.last_mut().filter(|(file, _)| *file == mention.path) {
                Some((_, names)) => names.push(name),
                None => files.push((&mention.path, vec![name])),
            }
        }
        files.sort_by_key(|(file, names)| (place(kind, file), Reverse(names.len())));
        let line = |(file, names): (&str, Vec<String>)| start(kind, file) + &names.join(", ");
        lines.extend(files.into_iter().map(line));
    }
    lines
}

/// The whole file with its generated lines as they should be.
pub(super) fn regenerated(text: &str, list: &[Behaviour], mentions: &[Mention]) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut new: Vec<String> = Vec::new();
    let mut at = 0;
    for behaviour in list {
        let Some(code_line) = behaviour.code_line else {
            continue;
        };
        new.extend(lines[at..code_line].iter().map(ToString::to_string));
        new.push(String::new());
        new.extend(shown_by(behaviour, mentions));
        let is_heading = |line: &&str| line.starts_with("## ") || line.starts_with("### ");
        let next = lines[code_line..].iter().position(is_heading);
        at = next.map_or(lines.len(), |next| code_line + next);
        if at < lines.len() {
            new.push(String::new());
        }
    }
    new.extend(lines[at..].iter().map(ToString::to_string));
    new.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::list::parse;
    use super::*;

    fn mention(kind: Kind, path: &str, name: &str) -> Mention {
        Mention::new("B7", kind, (path, 1), name, "")
    }

    #[test]
    fn stale_lines_are_replaced_and_all_else_stays() {
        let mentions = [
            mention(Kind::Scenario, "b.feature", "Bad <x>"),
            mention(Kind::Test, "0.rs", "also"),
            mention(Kind::Test, "a.rs", "one"),
            mention(Kind::Test, "a.rs", "two"),
            mention(Kind::Comment, "a.rs", "helper"),
            mention(Kind::Measurement, "bench.rs", "B7-memory"),
        ];
        let text =
            "# All\n\n## B. Rates\n\n### B7 – Bad\n\nText.\n\nCode: `a.rs`\n- stale\n\n## C. Next\n\nText.\n";
        let expected = "# All\n\n## B. Rates\n\n### B7 – Bad\n\nText.\n\nCode: `a.rs`\n\n\
                        - Tests: `a.rs`: `one`, `two`\n- Tests: `0.rs`: `also`\n- Scenarios: `b.feature`: `Bad <x>`\n- Bench: `bench.rs`: `B7-memory`\n\n\
                        ## C. Next\n\nText.\n";
        let again = |text: &str| regenerated(text, &parse(text).0, &mentions);
        assert_eq!(again(text), expected);
        assert_eq!(again(expected), expected, "a second time changes nothing");
        let by_hand = text.replace("- stale", "- Tests: `0.rs`: `former`");
        let order = |text: &str| text.find("`0.rs`") < text.find("`a.rs`: ");
        assert!(
            order(&again(&by_hand)) && !order(expected),
            "the order is the author's"
        );
    }
}
