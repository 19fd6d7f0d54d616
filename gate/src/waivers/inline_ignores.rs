//! The reverse check: ignores between the lines of a file, each of which needs an entry of its tool, rule and path.
//! Some tools drop what is ignored without a trace, so that only the comment tells of it.

use crate::file_kinds;
use crate::waivers::ledger::Ledger;
use crate::waivers::violation::{UNLEDGERED, Violation};

/// One form of such a comment. The words are written in two halves, for this file is looked through as well.
struct Form {
    tool: &'static str,
    /// What stands before the rules; how much space is between its letters does not matter.
    starts: &'static [&'static str],
    /// The files in which its tool looks for it.
    files: fn(&str) -> bool,
    /// The rules in what follows; none: it is about all of them.
    rules: fn(&str) -> Vec<&str>,
}

const FORMS: &[Form] = &[
    Form {
        tool: "hadolint",
        starts: &[
            concat!("hadolint", " ignore="),
            concat!("hadolint", " global ignore="),
        ],
        files: file_kinds::is_dockerfile,
        rules: by_comma,
    },
    Form {
        tool: "checkov",
        starts: &[
            concat!("checkov", ":skip="),
            concat!("bridgecrew", ":skip="),
            concat!("cortex", ":skip="),
        ],
        files: is_no_prose,
        rules: first_word,
    },
    Form {
        tool: "zizmor",
        starts: &[concat!("zizmor", ": ignore[")],
        files: |path| path.ends_with(".yml") || path.ends_with(".yaml"),
        rules: |rest| by_comma(rest.split_once(']').map_or(rest, |(rules, _)| rules)),
    },
    Form {
        tool: "trivy",
        starts: &[concat!("trivy", ":ignore:"), concat!("tfsec", ":ignore:")],
        files: is_no_prose,
        rules: first_word,
    },
    Form {
        tool: "tflint",
        starts: &[concat!("tflint", "-ignore:"), concat!("tflint", "-ignore-file:")],
        files: |path| {
            [".tf", ".tofu", ".tfvars", ".hcl"]
                .iter()
                .any(|end| path.ends_with(end))
        },
        rules: by_comma,
    },
    Form {
        tool: "actionlint",
        starts: &[concat!("shellcheck", " disable=")],
        files: file_kinds::is_workflow,
        rules: by_comma,
    },
    Form {
        tool: "gitleaks",
        starts: &[concat!("gitleaks", ":allow")],
        files: |_| true,
        rules: |_| Vec::new(),
    },
    Form {
        tool: "rustfmt",
        starts: &[concat!("rustfmt", "::skip"), concat!("rustfmt", "_skip")],
        files: |path| path.ends_with(".rs"),
        rules: |_| Vec::new(),
    },
];

/// Looks through one file.
pub fn of(ledger: &Ledger, path: &str, text: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    for form in FORMS.iter().filter(|form| (form.files)(path)) {
        for (number, line) in (1..).zip(text.lines()) {
            for rest in form.starts.iter().flat_map(|start| after(line, start)) {
                let entries = || ledger.of(form.tool).filter(|waiver| waiver.is_at(path));
                let rules = (form.rules)(rest);
                let mut violation = |rule: &str| {
                    violations.push(Violation {
                        rule: UNLEDGERED,
                        what: format!(
                            "{} is told to ignore {rule}, and security/waivers.toml has no such entry",
                            form.tool
                        ),
                        path: path.to_owned(),
                        line: Some(number),
                    });
                };
                if rules.is_empty() && entries().next().is_none() {
                    violation("whatever is here");
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

/// What follows each place in the line that is the start but for spaces: tools disagree on where they allow some.
fn after<'a>(line: &'a str, start: &str) -> Vec<&'a str> {
    let solid = |text: &'a str| text.char_indices().filter(|(_, letter)| !letter.is_whitespace());
    let letters: Vec<(usize, char)> = solid(line).collect();
    let start: Vec<char> = start.chars().filter(|letter| !letter.is_whitespace()).collect();
    let windows = letters.windows(start.len().max(1));
    let same = windows.filter(|window| window.iter().map(|(_, letter)| letter).eq(&start));
    let ends = same
        .filter_map(|window| window.last())
        .map(|(at, letter)| at + letter.len_utf8());
    ends.filter_map(|end| line.get(end..)).collect()
}

/// These tools read neither Rust nor prose, where such words are only spoken of.
fn is_no_prose(path: &str) -> bool {
    !path.ends_with(".rs") && !path.ends_with(".md")
}

fn by_comma(rest: &str) -> Vec<&str> {
    let part = |part: &'_ str| -> usize {
        part.find(|letter: char| !is_of_rule(letter))
            .unwrap_or(part.len())
    };
    rest.split(',')
        .map(str::trim_start)
        .map(|rule| &rule[..part(rule)])
        .filter(|rule| !rule.is_empty())
        .collect()
}

fn first_word(rest: &str) -> Vec<&str> {
    let rest = rest.trim_start();
    let end = rest
        .find(|letter: char| !is_of_rule(letter))
        .unwrap_or(rest.len());
    vec![&rest[..end]]
}

fn is_of_rule(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-_*".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waivers::parse;

    fn entry(tool: &str, rule: &str, path: &str) -> String {
        format!(
            "[[waiver]]\nid = \"W-1\"\ntools = [\"{tool}\"]\nrule = \"{rule}\"\npath = \"{path}\"\nreason = \"r\"\nowner = \"o\"\n\
             created = \"2026-11-01\"\nexpires = \"2026-12-01\"\nlink = \"#1\"\n"
        )
    }

    #[test]
    fn each_form_needs_an_entry_of_its_tool_rule_and_path() {
        for (tool, path, start, rest, rule) in [
            (
                "hadolint",
                "a/Dockerfile",
                "# hadolint",
                " ignore=DL3007",
                "DL3007",
            ),
            (
                "hadolint",
                "web.Dockerfile",
                "# hadolint",
                " global ignore=DL3008",
                "DL3008",
            ),
            (
                "checkov",
                "a.tf",
                "#checkov",
                ":skip=CKV_AZURE_164:a reason, with a comma",
                "CKV_AZURE_164",
            ),
            (
                "zizmor",
                ".github/workflows/a.yml",
                "uses: a/b@v1 # zizmor",
                ": ignore[unpinned-uses] why",
                "unpinned-uses",
            ),
            (
                "trivy",
                "a.tf",
                "#trivy",
                ":ignore:AVD-AZU-0015:exp:2027-01-01",
                "AVD-AZU-0015",
            ),
            ("trivy", "Dockerfile", "# tfsec", ":ignore:*", "*"),
            (
                "tflint",
                "a.tf",
                "# tflint",
                "-ignore: terraform_x # why",
                "terraform_x",
            ),
            (
                "hadolint",
                "Dockerfile",
                "# hadolint",
                "  ignore=DL3007",
                "DL3007",
            ),
            (
                "hadolint",
                "Dockerfile",
                "#hadolint",
                "\tignore = DL3007",
                "DL3007",
            ),
            ("rustfmt", "src/a.rs", "#[rustfmt", "::skip]", "every"),
            (
                "rustfmt",
                "src/a.rs",
                "#[cfg_attr(all(), rustfmt",
                " :: skip)]",
                "every",
            ),
            (
                "actionlint",
                ".github/workflows/a.yml",
                "# shellcheck",
                "   disable=SC2086",
                "SC2086",
            ),
            (
                "gitleaks",
                "src/a.rs",
                "key // gitleaks",
                ":allow",
                "generic-api-key",
            ),
        ] {
            let text = format!("first\n{start}{rest}\n");
            let found = |ledger: &str| of(&parse::ledger(ledger), path, &text);
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
    fn every_rule_of_a_comment_is_looked_up_and_what_only_speaks_of_it_is_not() {
        let text = concat!("# hadolint", " ignore=DL3007, DL3008,DL3009\n");
        let violations = of(
            &parse::ledger(&entry("hadolint", "DL3008", "Dockerfile")),
            "Dockerfile",
            text,
        );
        assert_eq!(violations.len(), 2, "{violations:?}");
        assert_eq!(of(&Ledger::default(), "docs/a.md", text), []);
        assert_eq!(
            of(&Ledger::default(), "a.rs", concat!("// checkov", ":skip=CKV_1")),
            []
        );
    }
}
