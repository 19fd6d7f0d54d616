//! Rule: certain constructs are allowed in listed files only. A list may only shrink, so an unneeded entry is a finding too.

use crate::finding::Findings;
use crate::tokens::{Tests, Token, tokens};
use crate::tree::Tree;

const HERE: &str = "tidy/src/restricted_constructs.rs";

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
        starts: |tokens| tokens[0].is("expose_secret"),
        tests: Tests::Excluded,
        files: &[
            "service/src/crypto/password_hash.rs",
            "service/src/db/conninfo.rs",
            "service/src/db/pool/manager.rs",
            "service/src/db/prepare/statements.rs",
            "service/src/domain/access/issuing.rs",
            "service/src/domain/accounts/passwords.rs",
            "service/src/http/access/dto.rs",
            "service/src/mail/smtp.rs",
            "service/src/secrets/credentials.rs",
            "service/src/secrets/document.rs",
            "service/src/secrets/entra/answer.rs",
            "service/src/secrets/entra/endpoint.rs",
            "service/src/secrets/vault/call.rs",
            "service/src/secrets/vault/documents.rs",
            "service/src/secrets/vault/http_client.rs",
            "service/src/secrets/vault/login.rs",
            "service/src/secrets/vault/secret_id.rs",
            "service/tests/it/secrets/entra_tokens.rs",
            "service/tests/it/vault/server.rs",
        ],
    },
    // Environment, clock and processes are confined to one file each; clippy.toml states the reasons.
    Rule {
        what: "an exception from `clippy::disallowed_methods`",
        starts: |tokens| match tokens {
            [lint, open, lints @ ..] if (lint.is("expect") || lint.is("allow")) && open.is("(") => {
                let mut inside = lints.iter().take_while(|token| !token.is(")"));
                inside.any(|token| token.is("disallowed_methods"))
            }
            _ => false,
        },
        tests: Tests::Included,
        files: &[
            "fake-vault/src/clock.rs",
            "fake-vault/tests/it/contract/target.rs",
            "fake-vault/tests/it/restart.rs",
            "fake-vault/tests/it/support/postgres.rs",
            "features/operator.rs",
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
pub(super) fn check(tree: &Tree, findings: &mut Findings) {
    for rule in RULES {
        check_rule(tree, rule, rule.files, findings);
    }
}

fn check_rule(tree: &Tree, rule: &Rule, listed: &[&str], findings: &mut Findings) {
    let mut idle: Vec<&str> = listed.to_vec();
    for (path, text) in tree.rust_files() {
        let tokens = tokens(text, rule.tests);
        for at in (0..tokens.len()).filter(|at| (rule.starts)(&tokens[*at..])) {
            idle.retain(|file| *file != path);
            if !listed.contains(&path) {
                let what = format!("{} in a file that is not listed in {HERE}", rule.what);
                findings.add(path, tokens[at].line, what);
            }
        }
    }
    for file in idle {
        let what = format!("{file} does not need {}: remove it from the list", rule.what);
        findings.add(HERE, 1, what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::places;

    fn found(rule: &Rule, listed: &[&str], text: &str) -> Vec<String> {
        places(
            |tree, findings| check_rule(tree, rule, listed, findings),
            &[("a.rs", text)],
        )
    }

    #[test]
    fn a_secret_is_exposed_in_listed_files_only() {
        let [secrets, _] = RULES else { panic!("two rules") };
        let exposed = "fn x() {\n y.expose_secret();\n }";
        assert_eq!(found(secrets, &[], exposed), ["a.rs:2"]);
        assert_eq!(found(secrets, &["a.rs"], exposed), [""; 0]);
        for text in [
            "// expose_secret\nfn x() { \"expose_secret\"; }",
            "#[cfg(test)] mod tests { fn x() { y.expose_secret(); } }",
        ] {
            assert_eq!(found(secrets, &[], text), [""; 0]);
        }
    }

    #[test]
    fn an_entry_that_nothing_needs_is_found() {
        let [secrets, _] = RULES else { panic!("two rules") };
        let unneeded = |tree: &Tree, findings: &mut Findings| {
            check_rule(tree, secrets, &["a.rs", "gone.rs"], findings);
        };
        let found = crate::finding::found(unneeded, &[("a.rs", "fn x() {}")]);
        let of = |file| format!("{HERE}:1: {file} does not need `expose_secret`: remove it from the list");
        assert_eq!(found, ["a.rs", "gone.rs"].map(of));
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
        let text = "fn x() { y.expect(z); disallowed_methods() }";
        assert_eq!(found(lints, &[], text), [""; 0]);
    }
}
