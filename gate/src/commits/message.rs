//! One message: a Conventional Commit (conventionalcommits.org, 1.0.0) of an accepted type, with an imperative subject.

use git_conventional::{Commit, ErrorKind};

/// The accepted types.
pub const TYPES: &[&str] = &[
    "feat", "fix", "docs", "test", "refactor", "style", "perf", "build", "ci", "chore", "revert",
];

/// Characters of the first line, type included: `git log --oneline` fits a terminal of 80 columns.
const MAX_SUBJECT: usize = 72;

/// Verbs that a subject may begin with. No rule of English distinguishes an imperative from a noun, so they are listed; the
/// list may grow.
const VERBS: &str = include_str!("verbs.txt");

/// Comments that git writes above a message for an editor.
const TEMPLATES: [&str; 2] = ["# Please enter the commit message", "# This is a combination of"];

/// The part of a semantic version that a change raises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SemverImpact {
    /// No part: users notice nothing.
    None,
    /// The patch version.
    Fix,
    /// The minor version.
    Feature,
    /// The major version.
    Breaking,
}

/// The form of a Conventional Commit is violated.
pub const FORM: &str = "conventional-commit";

/// The style of the subject is violated.
pub const STYLE: &str = "commit-style";

/// A rule that a message violates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// [`FORM`] or [`STYLE`].
    pub rule: &'static str,
    /// The line of the message, from 1.
    pub line: usize,
    /// The problem and the expectation.
    pub what: String,
}

/// The impact of a Conventional Commit.
pub fn impact(message: &str) -> Result<SemverImpact, Violation> {
    let (commit, kind) = parse(message)?;
    Ok(match kind {
        _ if commit.breaking() => SemverImpact::Breaking,
        "feat" => SemverImpact::Feature,
        "fix" | "perf" | "revert" => SemverImpact::Fix,
        _ => SemverImpact::None,
    })
}

/// Checks form and style: a Conventional Commit whose subject is short and begins with a verb in the imperative.
pub fn check(message: &str) -> Result<(), Violation> {
    let (commit, _) = parse(message)?;
    let violation = |what: String| {
        Err(Violation {
            rule: STYLE,
            line: 1,
            what,
        })
    };
    let length = message.lines().next().unwrap_or_default().chars().count();
    if length > MAX_SUBJECT {
        return violation(format!(
            "the first line has {length} characters, expected at most {MAX_SUBJECT}"
        ));
    }
    let subject = commit.description();
    if subject.ends_with('.') {
        return violation("the subject ends with a full stop, expected none".to_owned());
    }
    let verb = subject.split([' ', ',', ':']).next().unwrap_or_default();
    if !VERBS.split_whitespace().any(|known| known == verb) {
        return violation(format!(
            "the subject begins with {verb:?}, expected a verb in the imperative and in lower case, such as `add` or \
             `reject` (commits/verbs.txt lists them)"
        ));
    }
    Ok(())
}

fn parse(message: &str) -> Result<(Commit<'_>, &str), Violation> {
    let message = message.trim_end();
    let first = message.lines().next().unwrap_or_default();
    let commit = Commit::parse(message).map_err(|error| malformed(error.kind(), first))?;
    let kind = TYPES.iter().find(|kind| commit.type_().as_str() == **kind);
    let kind = kind.ok_or_else(|| Violation {
        rule: FORM,
        line: 1,
        what: format!(
            "type {:?} is not accepted, expected one of {}",
            commit.type_().as_str(),
            TYPES.join(", ")
        ),
    })?;
    Ok((commit, kind))
}

/// The message as git stores it: without comments and without the text below the scissors line.
fn without_comments(text: &str) -> String {
    let lines = text
        .lines()
        .take_while(|line| !(line.starts_with('#') && line.contains(">8")));
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with('#')).collect();
    lines.join("\n").trim_start_matches('\n').to_owned()
}

/// The message that git passes to a hook.
///
/// # Errors
/// When it begins with a comment that git would store: `git commit --message` keeps such lines, and only a message from an
/// editor is stripped of them.
pub fn of_hook(text: &str) -> Result<String, Violation> {
    let first = (1..).zip(text.lines()).find(|(_, line)| !line.trim().is_empty());
    match first {
        Some((line, text))
            if text.starts_with('#') && !TEMPLATES.iter().any(|template| text.starts_with(template)) =>
        {
            Err(Violation {
                rule: FORM,
                line,
                what: "a comment is in the place of the subject: git may store it".to_owned(),
            })
        }
        _ => Ok(without_comments(text)),
    }
}

fn malformed(kind: ErrorKind, first: &str) -> Violation {
    let (line, expected) = match kind {
        // The changelog and the next version are derived from types, so a revert needs one.
        _ if first.starts_with("Revert \"") || first.starts_with("Reapply \"") => (
            1,
            "`revert: subject` instead of the message that `git revert` proposes",
        ),
        ErrorKind::InvalidBody => (2, "an empty line between subject and body"),
        ErrorKind::InvalidScope => (1, "a scope as in `fix(service): …`, or none"),
        ErrorKind::MissingDescription => (1, "a subject after `: `"),
        _ => (
            1,
            "`type: subject` or `type(scope): subject`, `!` before the colon for a breaking change",
        ),
    };
    let shown: String = first.chars().take(80).collect();
    Violation {
        rule: FORM,
        line,
        what: format!("{shown:?}: expected {expected}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_impact_follows_from_the_type_and_breaking_marks() {
        for (message, expected) in [
            ("feat: new", SemverImpact::Feature),
            ("fix(xtask): stop in time", SemverImpact::Fix),
            ("perf(service): quicker\n\nWhy so.", SemverImpact::Fix),
            ("docs: said", SemverImpact::None),
            ("chore(release): release v0.2.0\n", SemverImpact::None),
            ("feat(service)!: other answers", SemverImpact::Breaking),
            (
                "fix: other answers\n\nWhy.\n\nBREAKING CHANGE: fields have other names",
                SemverImpact::Breaking,
            ),
        ] {
            assert_eq!(impact(message), Ok(expected), "{message}");
        }
    }

    #[test]
    fn a_bad_message_is_rejected_with_its_line_and_the_expectation() {
        let long = format!("feat: add {}", "x".repeat(63));
        for (message, line, expected) in [
            ("added things", 1, "type: subject"),
            ("", 1, "type: subject"),
            ("Merge branch 'main'", 1, "type: subject"),
            ("Revert \"feat: things\"\n\nThis reverts.", 1, "`revert: subject`"),
            ("feature: things", 1, "expected one of feat, fix"),
            ("Feat: things", 1, "expected one of feat, fix"),
            ("feat:", 1, "type: subject"),
            ("feat(): things", 1, "scope"),
            ("feat: add things\nat once", 2, "an empty line"),
            ("feat: add things.", 1, "full stop"),
            (long.as_str(), 1, "at most 72"),
            ("feat: what is new", 1, "imperative"),
            ("feat: added things", 1, "imperative"),
            ("feat: Add things", 1, "lower case"),
        ] {
            let violation = check(message).unwrap_err();
            assert_eq!(violation.line, line, "{message}: {violation:?}");
            assert!(violation.what.contains(expected), "{message}: {violation:?}");
        }
        check(&long[..72]).unwrap();
    }

    #[test]
    fn comments_of_git_are_not_part_of_a_message() {
        let text =
            "\nfeat: a\n\nb\n# Please enter\n# ------------------------ >8 ------------------------\ndiff\n";
        assert_eq!(of_hook(text).unwrap(), "feat: a\n\nb");
    }

    #[test]
    fn a_comment_above_the_subject_is_rejected_unless_git_wrote_it() {
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
