//! Comments in files that make a tool ignore something: each needs an entry for its tool, rule and path. Some tools omit
//! ignored findings from their reports, so only the comment shows them.

use crate::file_kinds;
use crate::waivers::ledger::Ledger;
use crate::waivers::violation::{UNLEDGERED, Violation};

/// The syntax of such a comment. Its start is written in two halves because this file is checked too.
struct Syntax {
    tool: &'static str,
    /// The text before the rules, disregarding whitespace.
    starts: &'static [&'static str],
    /// The files in which the tool recognizes it.
    files: fn(&str) -> bool,
    /// The rules in the text after the start; none means all rules.
    rules: fn(&str) -> Vec<&str>,
}

const SYNTAXES: &[Syntax] = &[
    Syntax {
        tool: "hadolint",
        starts: &[
            concat!("hadolint", " ignore="),
            concat!("hadolint", " global ignore="),
        ],
        files: file_kinds::is_dockerfile,
        rules: by_comma,
    },
    Syntax {
        tool: "checkov",
        starts: &[
            concat!("checkov", ":skip="),
            concat!("bridgecrew", ":skip="),
            concat!("cortex", ":skip="),
        ],
        files: is_not_prose,
        rules: first_word,
    },
    Syntax {
        tool: "zizmor",
        starts: &[concat!("zizmor", ": ignore[")],
        files: |path| path.ends_with(".yml") || path.ends_with(".yaml"),
        rules: |text| by_comma(text.split_once(']').map_or(text, |(rules, _)| rules)),
    },
    Syntax {
        tool: "trivy",
        starts: &[concat!("trivy", ":ignore:"), concat!("tfsec", ":ignore:")],
        files: is_not_prose,
        rules: first_word,
    },
    Syntax {
        tool: "tflint",
        starts: &[concat!("tflint", "-ignore:"), concat!("tflint", "-ignore-file:")],
        files: |path| {
            [".tf", ".tofu", ".tfvars", ".hcl"]
                .iter()
                .any(|end| path.ends_with(end))
        },
        rules: by_comma,
    },
    Syntax {
        tool: "actionlint",
        starts: &[concat!("shellcheck", " disable=")],
        files: file_kinds::is_workflow,
        rules: by_comma,
    },
    Syntax {
        tool: "squawk",
        starts: &[concat!("squawk", "-ignore")],
        files: |path| path.ends_with(".sql"),
        rules: |text| by_comma(text.strip_prefix("-file").unwrap_or(text)),
    },
    Syntax {
        tool: "gitleaks",
        starts: &[concat!("gitleaks", ":allow")],
        files: |_| true,
        rules: |_| Vec::new(),
    },
    Syntax {
        tool: "rustfmt",
        starts: &[concat!("rustfmt", "::skip"), concat!("rustfmt", "_skip")],
        files: |path| path.ends_with(".rs"),
        rules: |_| Vec::new(),
    },
];

/// Checks one file.
pub fn violations(ledger: &Ledger, path: &str, text: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    for syntax in SYNTAXES.iter().filter(|syntax| (syntax.files)(path)) {
        for (number, line) in (1..).zip(text.lines()) {
            for after_start in syntax.starts.iter().flat_map(|start| after(line, start)) {
                let entries = || ledger.of(syntax.tool).filter(|waiver| waiver.applies_to(path));
                let rules = (syntax.rules)(after_start);
                let mut violation = |rule: &str| {
                    let tool = syntax.tool;
                    let what =
                        format!("{tool} ignores {rule} here without an entry in security/waivers.toml");
                    violations.push(Violation::new(UNLEDGERED, path, Some(number), what));
                };
                if rules.is_empty() && entries().next().is_none() {
                    violation("everything");
                }
                for rule in rules {
                    if !entries().any(|waiver| waiver.rule == rule) {
                        violation(rule);
                    }
                }
            }
        }
    }
    violations
}

/// The text after each occurrence of the start, disregarding whitespace, which tools accept in different places.
fn after<'a>(line: &'a str, start: &str) -> Vec<&'a str> {
    let start: Vec<char> = start
        .chars()
        .filter(|character| !character.is_whitespace())
        .collect();
    let characters = line
        .char_indices()
        .filter(|(_, character)| !character.is_whitespace());
    let characters: Vec<(usize, char)> = characters.collect();
    let windows = characters.windows(start.len().max(1));
    let same = windows.filter(|window| window.iter().map(|(_, character)| character).eq(&start));
    let ends = same
        .filter_map(|window| window.last())
        .map(|(at, character)| at + character.len_utf8());
    ends.filter_map(|end| line.get(end..)).collect()
}

/// Rust and prose, which these tools do not read, may mention such comments.
fn is_not_prose(path: &str) -> bool {
    !path.ends_with(".rs") && !path.ends_with(".md")
}

fn by_comma(text: &str) -> Vec<&str> {
    text.split(',')
        .map(rule_at_start)
        .filter(|rule| !rule.is_empty())
        .collect()
}

fn first_word(text: &str) -> Vec<&str> {
    vec![rule_at_start(text)]
}

fn rule_at_start(text: &str) -> &str {
    let text = text.trim_start();
    let is_in_rule = |character: char| character.is_ascii_alphanumeric() || "-_*".contains(character);
    let end = text
        .find(|character| !is_in_rule(character))
        .unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waivers::sample_entry;

    fn entry(tool: &str, rule: &str, path: &str) -> String {
        sample_entry(tool, rule, &format!("path = \"{path}\""))
    }

    #[test]
    fn each_comment_needs_an_entry_for_its_tool_rule_and_path() {
        // Each comment is written in two halves because this file is checked too.
        for row in [
            "hadolint | a/Dockerfile | DL3007 | # hadolint~ ignore=DL3007",
            "hadolint | web.Dockerfile | DL3008 | # hadolint~ global ignore=DL3008",
            "checkov | a.tf | CKV_AZURE_164 | #checkov~:skip=CKV_AZURE_164:a reason, with a comma",
            "zizmor | .github/workflows/a.yml | unpinned-uses | uses: a/b@v1 # zizmor~: ignore[unpinned-uses] why",
            "trivy | a.tf | AVD-AZU-0015 | #trivy~:ignore:AVD-AZU-0015:exp:2027-01-01",
            "trivy | Dockerfile | * | # tfsec~:ignore:*",
            "tflint | a.tf | terraform_x | # tflint~-ignore: terraform_x # why",
            "hadolint | Dockerfile | DL3007 | # hadolint~  ignore=DL3007",
            "hadolint | Dockerfile | DL3007 | #hadolint~\tignore = DL3007",
            "rustfmt | src/a.rs | every | #[rustfmt~::skip]",
            "rustfmt | src/a.rs | every | #[cfg_attr(all(), rustfmt~ :: skip)]",
            "actionlint | .github/workflows/a.yml | SC2086 | # shellcheck~   disable=SC2086",
            "squawk | a/up.sql | ban-drop-column | -- squawk~-ignore ban-drop-column",
            "squawk | a/up.sql | ban-drop-table | -- squawk~-ignore-file ban-drop-table",
            "gitleaks | src/a.rs | generic-api-key | key // gitleaks~:allow",
        ] {
            let columns: Vec<&str> = row.split(" | ").collect();
            let [tool, path, rule, comment] = columns[..] else {
                panic!("{row}");
            };
            let text = format!("first\n{}\n", comment.replace('~', ""));
            let found = |ledger: &str| violations(&Ledger::parse(ledger), path, &text);
            assert_eq!(found(&entry(tool, rule, path)), [], "{text}");
            let violations = found("");
            assert_eq!(
                (violations.len(), violations[0].line),
                (1, Some(2)),
                "{text}: {violations:?}"
            );
            assert_eq!(found(&entry("other", rule, path)).len(), 1, "another tool's");
            assert_eq!(found(&entry(tool, rule, "elsewhere")).len(), 1, "another file's");
            if !["gitleaks", "rustfmt"].contains(&tool) {
                assert_eq!(found(&entry(tool, "other", path)).len(), 1, "another rule's");
            }
        }
    }

    #[test]
    fn every_rule_of_a_comment_is_checked_but_prose_is_not() {
        let text = concat!("# hadolint", " ignore=DL3007, DL3008,DL3009\n");
        let ledger = Ledger::parse(&entry("hadolint", "DL3008", "Dockerfile"));
        let found = violations(&ledger, "Dockerfile", text);
        assert_eq!(found.len(), 2, "{found:?}");
        let empty = Ledger::default();
        assert_eq!(violations(&empty, "docs/a.md", text), []);
        let mention = concat!("// checkov", ":skip=CKV_1");
        assert_eq!(violations(&empty, "a.rs", mention), []);
    }
}
