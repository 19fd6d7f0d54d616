//! One message: is it a Conventional Commit (conventionalcommits.org, 1.0.0) of a type in use? Reads no repository.

use git_conventional::{Commit, ErrorKind};

/// The types in use.
pub const TYPES: &[&str] = &[
    "feat", "fix", "docs", "test", "refactor", "style", "perf", "build", "ci", "chore", "revert",
];

/// How long the subject after the type may be, in letters: the longest of this repository's history.
const LONGEST: usize = 110;

/// What git itself writes above a message for an editor.
const TEMPLATES: [&str; 2] = ["# Please enter the commit message", "# This is a combination of"];

/// What a change is for those who use the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SemverImpact {
    /// Nothing to notice.
    None,
    /// Something works better.
    Fix,
    /// Something is new.
    Feature,
    /// Something no longer works as it did.
    Breaking,
}

/// What is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The line of the message, from 1.
    pub line: usize,
    /// What is wrong, and what is expected.
    pub what: String,
}

/// What the change is.
pub fn read(message: &str) -> Result<SemverImpact, Violation> {
    let message = message.trim_end();
    let first = message.lines().next().unwrap_or_default();
    let commit = Commit::parse(message).map_err(|error| malformed(error.kind(), first))?;
    let kind = commit.type_().as_str();
    let violation = |what: String| Err(Violation { line: 1, what });
    if !TYPES.contains(&kind) {
        return violation(format!(
            "type {kind:?} is not in use, expected one of {}",
            TYPES.join(", ")
        ));
    }
    let subject = commit.description();
    let letters = subject.chars().count();
    if letters > LONGEST {
        return violation(format!(
            "the subject has {letters} letters, expected at most {LONGEST}"
        ));
    }
    if subject.ends_with('.') {
        return violation("the subject ends with a full stop, expected none".to_owned());
    }
    Ok(match kind {
        _ if commit.breaking() => SemverImpact::Breaking,
        "feat" => SemverImpact::Feature,
        "fix" | "perf" | "revert" => SemverImpact::Fix,
        _ => SemverImpact::None,
    })
}

/// The message as git will keep it: without comments, and without what stands below the scissors.
fn without_comments(text: &str) -> String {
    let kept = text
        .lines()
        .take_while(|line| !(line.starts_with('#') && line.contains(">8")));
    let kept: Vec<&str> = kept.filter(|line| !line.starts_with('#')).collect();
    kept.join("\n").trim_start_matches('\n').to_owned()
}

/// The message that git hands to a hook.
///
/// # Errors
/// When it begins with a comment that git would keep: `git commit --message` leaves such lines in, and only what an editor
/// wrote is freed from them.
pub fn of_hook(text: &str) -> Result<String, Violation> {
    let first = (1..).zip(text.lines()).find(|(_, line)| !line.trim().is_empty());
    match first {
        Some((line, words))
            if words.starts_with('#') && !TEMPLATES.iter().any(|ours| words.starts_with(ours)) =>
        {
            Err(Violation {
                line,
                what: "a comment stands where the subject has to: git may keep it".to_owned(),
            })
        }
        _ => Ok(without_comments(text)),
    }
}

fn malformed(kind: ErrorKind, first: &str) -> Violation {
    let (line, expected) = match kind {
        // The changelog and the next version read types: what takes something back has one.
        _ if first.starts_with("Revert \"") || first.starts_with("Reapply \"") => {
            (1, "`revert: subject` in place of what `git revert` proposes")
        }
        ErrorKind::InvalidBody => (2, "an empty line between the subject and what follows"),
        ErrorKind::InvalidScope => (1, "a scope as in `fix(service): …`, or none"),
        ErrorKind::MissingDescription => (1, "a subject after `: `"),
        _ => (
            1,
            "`type: subject` or `type(scope): subject`, `!` before the colon when it breaks something",
        ),
    };
    let shown: String = first.chars().take(80).collect();
    Violation {
        line,
        what: format!("{shown:?}: expected {expected}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_change_is_follows_from_its_type_and_from_what_breaks() {
        for (message, weight) in [
            ("feat: new", SemverImpact::Feature),
            ("fix(xtask): mended", SemverImpact::Fix),
            ("perf(service): quicker\n\nWhy so.", SemverImpact::Fix),
            ("docs: said", SemverImpact::None),
            ("chore(release): v0.2.0\n", SemverImpact::None),
            ("feat(service)!: other answers", SemverImpact::Breaking),
            (
                "fix: other answers\n\nWhy.\n\nBREAKING CHANGE: fields have other names",
                SemverImpact::Breaking,
            ),
        ] {
            assert_eq!(read(message), Ok(weight), "{message}");
        }
    }

    #[test]
    fn a_bad_message_is_refused_with_its_line_and_what_is_expected() {
        let long = format!("feat: {}", "x".repeat(111));
        for (message, line, expected) in [
            ("added things", 1, "type: subject"),
            ("", 1, "type: subject"),
            ("Merge branch 'main'", 1, "type: subject"),
            ("Revert \"feat: things\"\n\nThis reverts.", 1, "`revert: subject`"),
            ("feature: things", 1, "expected one of feat, fix"),
            ("Feat: things", 1, "expected one of feat, fix"),
            ("feat:", 1, "type: subject"),
            ("feat(): things", 1, "scope"),
            ("feat: things\nat once", 2, "an empty line"),
            ("feat: things.", 1, "full stop"),
            (long.as_str(), 1, "at most 110"),
        ] {
            let violation = read(message).unwrap_err();
            assert_eq!(violation.line, line, "{message}: {violation:?}");
            assert!(violation.what.contains(expected), "{message}: {violation:?}");
        }
        assert!(read(&long[..116]).is_ok());
    }

    #[test]
    fn comments_of_git_are_no_part_of_a_message() {
        let text =
            "\nfeat: a\n\nb\n# Please enter\n# ------------------------ >8 ------------------------\ndiff\n";
        assert_eq!(of_hook(text).unwrap(), "feat: a\n\nb");
    }

    #[test]
    fn a_comment_above_the_subject_is_refused_unless_git_wrote_it() {
        let violation = of_hook("\n# utter rubbish\nfeat: x\n").unwrap_err();
        assert_eq!(violation.line, 2);
        assert!(of_hook("# utter rubbish\nfeat: x").is_err());
        let squashed =
            "# This is a combination of 2 commits.\n# This is the 1st commit message:\n\nfeat: a\n";
        assert_eq!(of_hook(squashed).unwrap(), "feat: a");
        let below = "\n# Please enter the commit message for your changes. Lines starting\n\nfeat: a\n";
        assert_eq!(of_hook(below).unwrap(), "feat: a");
    }
}
