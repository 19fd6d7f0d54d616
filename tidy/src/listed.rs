//! Rule: certain constructs are allowed in listed files only. A list may only shrink, so an unneeded entry is a finding too.

use super::{
    finding::Finding,
    tokens::{Kind, Tests, Token, tokens},
    tree::Tree,
};

const RULE: &str = "listed";
const HERE: &str = "tidy/src/listed.rs";

/// One restricted construct.
struct Rule {
    what: &'static str,
    /// Whether the construct starts with these tokens.
    starts: fn(&[Token]) -> bool,
    /// Whether test code is checked.
    tests: Tests,
    files: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        what: "`expose_secret`",
        starts: |tokens| tokens[0].is_word("expose_secret"),
        tests: Tests::Excluded,
        files: &[
            "service/src/crypto/password_hash.rs",
            "service/src/db/conninfo.rs",
            "service/src/db/pool.rs",
            "service/src/db/prepare.rs",
            "service/src/domain/accounts/passwords.rs",
            "service/src/domain/sessions/factor.rs",
            "service/src/mail/smtp.rs",
            "service/src/startup/keys.rs",
            "service/src/startup/signing_key_reload.rs",
        ],
    },
    // Environment, clock and processes are confined to one file each; clippy.toml states the reasons.
    Rule {
        what: "an exception from `clippy::disallowed_methods`",
        starts: |tokens| match tokens {
            [lint, open, lints @ ..] if lint.is_word("expect") || lint.is_word("allow") => {
                let inside = lints.iter().take_while(|token| token.kind != Kind::Close(')'));
                open.kind == Kind::Open('(')
                    && inside
                        .into_iter()
                        .any(|token| token.is_word("disallowed_methods"))
            }
            _ => false,
        },
        tests: Tests::Included,
        files: &[
            "private-postgres/src/spawn.rs",
            "private-postgres/tests/cluster.rs",
            "service/build.rs",
            "service/src/config/source.rs",
            "service/src/types/clock.rs",
            "service/tests/it/support/environment.rs",
            "service/tests/it/support/program.rs",
            "gate/tests/end_to_end/main.rs",
            "harness/src/clock.rs",
            "harness/src/process/command.rs",
            "harness/src/settings.rs",
            "stack/tests/commands.rs",
            "tools/tests/install/machine.rs",
            "xtask/src/main.rs",
            "xtask/tests/commands.rs",
        ],
    },
];

/// Checks every Rust file against every rule.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    RULES
        .iter()
        .flat_map(|rule| check_rule(tree, rule, rule.files))
        .collect()
}

fn check_rule(tree: &Tree, rule: &Rule, listed: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut idle: Vec<&str> = listed.to_vec();
    for (path, text) in tree.rust_files() {
        let tokens = tokens(text, rule.tests);
        for at in (0..tokens.len()).filter(|at| (rule.starts)(&tokens[*at..])) {
            idle.retain(|file| *file != path);
            if !listed.contains(&path) {
                let what = format!("{} in a file that is not listed in {HERE}", rule.what);
                findings.push(Finding::new(RULE, path, tokens[at].line, what));
            }
        }
    }
    findings.extend(idle.into_iter().map(|file| {
        Finding::new(
            RULE,
            HERE,
            1,
            format!("{file} does not need {}: remove it from the list", rule.what),
        )
    }));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rule: &Rule, listed: &[&str], text: &str) -> Vec<String> {
        let tree = Tree::of(&[("a.rs", text)]);
        check_rule(&tree, rule, listed)
            .into_iter()
            .map(|finding| format!("{}:{}", finding.path, finding.line))
            .collect()
    }

    #[test]
    fn a_secret_is_exposed_in_listed_files_only() {
        let [secrets, _] = RULES else { panic!("two rules") };
        assert_eq!(
            found(secrets, &[], "// expose_secret\nfn x() { \"expose_secret\"; }"),
            [""; 0]
        );
        assert_eq!(
            found(
                secrets,
                &[],
                "#[cfg(test)] mod tests { fn x() { y.expose_secret(); } }"
            ),
            [""; 0]
        );
        assert_eq!(
            found(secrets, &[], "fn x() {\n y.expose_secret();\n }"),
            ["a.rs:2"]
        );
        assert_eq!(
            found(secrets, &["a.rs"], "fn x() { y.expose_secret(); }"),
            [""; 0]
        );
    }

    #[test]
    fn an_entry_that_nothing_needs_is_found() {
        let [secrets, _] = RULES else { panic!("two rules") };
        assert_eq!(
            found(secrets, &["a.rs", "gone.rs"], "fn x() {}"),
            [format!("{HERE}:1"), format!("{HERE}:1")]
        );
    }

    #[test]
    fn an_exception_is_found_in_every_form() {
        let [_, lints] = RULES else { panic!("two rules") };
        for text in [
            "#[expect(clippy::disallowed_methods, reason = \"x\")]\nfn x() {}",
            "#![allow(clippy::panic, clippy::disallowed_methods)]",
            "#[cfg_attr(test, allow(clippy::disallowed_methods))]\nfn x() {}",
            "#[cfg(test)] mod tests { #[expect(clippy::disallowed_methods)] fn x() {} }",
        ] {
            assert_eq!(found(lints, &[], text), ["a.rs:1"], "{text}");
        }
        assert_eq!(
            found(lints, &[], "fn x() { y.expect(z); disallowed_methods() }"),
            [""; 0]
        );
    }
}
