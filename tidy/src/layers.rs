//! Rule: a module of the service uses only modules above it in lib.rs.

use crate::finding::Findings;
use crate::imports::Imports;
use crate::modules::modules;
use crate::tokens::Tests;
use crate::tree::Tree;

const ROOT: &str = "service/src/lib.rs";

/// Names that a layer may not use although the order would allow it, with the reason.
const NEVER: &[(&str, &[&str], &str)] = &[
    (
        "http",
        &["diesel", "crate::db"],
        "the edge calls the domain and never opens a connection",
    ),
    (
        "domain",
        &["poem", "poem_openapi", "http", "hyper", "StatusCode", "std::env"],
        "the rules know no HTTP and no environment",
    ),
    (
        "db",
        &["poem", "poem_openapi", "hyper"],
        "SQL and nothing but SQL",
    ),
];

/// Checks the order, the forbidden names and the form of lib.rs.
pub(super) fn check(tree: &Tree, findings: &mut Findings) {
    let Some(text) = tree.find(ROOT) else {
        return;
    };
    check_form(text, findings);
    let order: Vec<&str> = text.lines().filter_map(declared).collect();
    let place = |name: &str| order.iter().position(|declared| *declared == name);
    let modules = modules(tree, ROOT, Tests::Excluded);
    let imports = Imports::of(&modules);
    for edge in imports.edges() {
        let from = &modules[edge.from];
        let (Some(user), Some(used)) = (from.path.first(), modules[edge.to].path.first()) else {
            continue;
        };
        if user != used && place(used) > place(user) {
            let what = format!("`{user}` uses `{used}`, which is below it in {ROOT}");
            findings.add(&from.file, edge.line, what);
        }
    }
    for (module, references) in modules.iter().zip(&imports.references) {
        let is_its = |layer: &str| module.path.first().is_some_and(|name| name == layer);
        let Some((layer, forbidden, why)) = NEVER.iter().find(|(layer, ..)| is_its(layer)) else {
            continue;
        };
        let paths = references.iter().map(|reference| {
            let start = if reference.own { "crate::" } else { "" };
            (start.to_owned() + &reference.path.join("::"), reference.line)
        });
        let statuses = module.tokens.iter().filter(|token| token.is("StatusCode"));
        for (path, line) in paths.chain(statuses.map(|token| (token.text.clone(), token.line))) {
            let starts_with = |name: &str| {
                let rest = path.strip_prefix(name);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            };
            if let Some(name) = forbidden.iter().find(|name| starts_with(name)) {
                findings.add(&module.file, line, format!("`{layer}` names `{name}`: {why}"));
            }
        }
    }
}

/// The name in `mod name;`, with or without `pub`, at the left margin.
fn declared(line: &str) -> Option<&str> {
    let line = line
        .strip_prefix("pub ")
        .or_else(|| line.strip_prefix("pub(crate) "))
        .unwrap_or(line);
    line.strip_prefix("mod ")?.strip_suffix(';')
}

/// One line of documentation above each module, and a blank line after it so that rustfmt keeps the order.
fn check_form(text: &str, findings: &mut Findings) {
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = declared(line) else { continue };
        let above = lines[..at].iter().rev().filter(|line| !line.starts_with("#["));
        if above.take(2).take_while(|line| line.starts_with("///")).count() != 1 {
            findings.add(ROOT, at + 1, format!("`{name}` needs one line of `///` above it"));
        }
        if lines.get(at + 1).is_some_and(|next| !next.trim().is_empty()) {
            findings.add(ROOT, at + 1, format!("`{name}` needs a blank line after it"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::found;

    const LIB: &str =
        "//! X.\n\n/// A.\nmod types;\n\n/// B.\npub mod db;\n\n/// C.\nmod domain;\n\n/// D.\nmod http;\n";

    /// What is found in a module of the service.
    fn findings(module: &str, text: &str) -> Vec<String> {
        let modules = ["types", "db", "domain", "http"].map(|name| format!("service/src/{name}.rs"));
        let mut files: Vec<(&str, &str)> = modules.iter().map(|path| (path.as_str(), "")).collect();
        let path = format!("service/src/{module}.rs");
        files.extend([(ROOT, LIB), (&path, text)]);
        found(check, &files)
    }

    #[test]
    fn looking_up_is_allowed_and_looking_down_is_found() {
        assert_eq!(findings("domain", "use crate::{db::Rows, types};"), [""; 0]);
        let expected =
            "service/src/domain.rs:2: `domain` uses `http`, which is below it in service/src/lib.rs";
        for text in [
            "use crate::http;",
            "use crate::{types, http::X};",
            "fn x() { super::http::go() }",
            "use super::http as h;",
        ] {
            assert_eq!(findings("domain", &format!("\n{text}")), [expected]);
        }
    }

    #[test]
    fn tests_comments_and_strings_may_name_anything() {
        let text = "// crate::http\nconst X: &str = \"crate::http::x\";\n#[cfg(test)]\nmod tests { use crate::http; }";
        assert_eq!(findings("domain", text), [""; 0]);
    }

    #[test]
    fn some_names_are_never_named() {
        for (module, text, count) in [
            ("http", "use crate::db::Rows;", 1),
            ("http", "use diesel::prelude::*;", 1),
            ("domain", "use std::{env, fs};", 1),
            ("domain", "fn x() -> StatusCode {}", 1),
            ("db", "fn x() -> poem::Result<()> {}", 1),
            ("db", "use std::env;", 0),
        ] {
            assert_eq!(findings(module, text).len(), count, "{text}");
        }
    }

    #[test]
    fn each_module_has_one_doc_line_and_a_blank_line_after_it() {
        for lib in [
            "mod types;\n",
            "/// A.\n/// B.\nmod types;\n",
            "/// A.\nmod types;\nuse types::X;\n",
        ] {
            assert_eq!(found(check, &[(ROOT, lib)]).len(), 1, "{lib}");
        }
    }
}
