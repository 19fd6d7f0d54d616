//! Rule: a module of the service uses only modules above it in lib.rs.

use super::{
    finding::Finding,
    imports::Imports,
    modules::{Module, modules},
    tokens::Tests,
    tree::Tree,
};

const RULE: &str = "layers";
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
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.find(ROOT) else {
        return Vec::new();
    };
    let modules = modules(tree, ROOT, Tests::Excluded);
    let order = order(text);
    let mut findings = form(text);
    let imports = Imports::of(&modules);
    for edge in imports.edges() {
        let (from, to) = (&modules[edge.from], &modules[edge.to]);
        let (Some(user), Some(used)) = (from.path.first(), to.path.first()) else {
            continue;
        };
        let place = |name: &String| order.iter().position(|declared| declared == name);
        if user != used && place(used) > place(user) {
            let what = format!("`{user}` uses `{used}`, which is below it in {ROOT}");
            findings.push(Finding::new(RULE, &from.file, edge.line, what));
        }
    }
    for (module, references) in modules.iter().zip(&imports.references) {
        let paths = references.iter().map(|reference| {
            let path = reference.path.join("::");
            (
                if reference.own {
                    format!("crate::{path}")
                } else {
                    path
                },
                reference.line,
            )
        });
        let words = module
            .tokens
            .iter()
            .filter_map(|token| Some((token.word()?.to_owned(), token.line)));
        findings.extend(never(
            module,
            paths.chain(words.filter(|(word, _)| word == "StatusCode")),
        ));
    }
    findings
}

fn never(module: &Module, named: impl Iterator<Item = (String, usize)>) -> Vec<Finding> {
    let Some(layer) = module.path.first() else {
        return Vec::new();
    };
    let Some((_, words, why)) = NEVER.iter().find(|(name, _, _)| name == layer) else {
        return Vec::new();
    };
    let is_below = |name: &str, word: &str| {
        name.strip_prefix(word)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    named
        .filter_map(|(name, line)| {
            let word = words.iter().find(|word| is_below(&name, word))?;
            Some(Finding::new(
                RULE,
                &module.file,
                line,
                format!("`{layer}` names `{word}`: {why}"),
            ))
        })
        .collect()
}

/// The top-level modules in their order.
fn order(text: &str) -> Vec<String> {
    text.lines().filter_map(declared).map(str::to_owned).collect()
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
fn form(text: &str) -> Vec<Finding> {
    let lines: Vec<&str> = text.lines().collect();
    let mut findings = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = declared(line) else { continue };
        let above: Vec<&&str> = lines[..at]
            .iter()
            .rev()
            .filter(|line| !line.starts_with("#["))
            .take(2)
            .collect();
        let documented = above.iter().take_while(|line| line.starts_with("///")).count();
        if documented != 1 {
            findings.push(Finding::new(
                RULE,
                ROOT,
                at + 1,
                format!("`{name}` needs one line of `///` above it"),
            ));
        }
        if lines.get(at + 1).is_some_and(|next| !next.trim().is_empty()) {
            findings.push(Finding::new(
                RULE,
                ROOT,
                at + 1,
                format!("`{name}` needs a blank line after it"),
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str =
        "//! X.\n\n/// A.\nmod types;\n\n/// B.\npub mod db;\n\n/// C.\nmod domain;\n\n/// D.\nmod http;\n";

    fn findings(file: &str, text: &str) -> Vec<String> {
        let mut files = vec![
            ("service/src/lib.rs", LIB),
            ("service/src/types.rs", ""),
            ("service/src/db.rs", ""),
        ];
        files.extend([
            ("service/src/domain.rs", ""),
            ("service/src/http.rs", ""),
            (file, text),
        ]);
        check(&Tree::of(&files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn looking_up_is_allowed_and_looking_down_is_found() {
        assert_eq!(
            findings("service/src/domain.rs", "use crate::{db::Rows, types};"),
            [""; 0]
        );
        for text in [
            "use crate::http;",
            "use crate::{types, http::X};",
            "fn x() { super::http::go() }",
            "use super::http as h;",
        ] {
            assert_eq!(
                findings("service/src/domain.rs", &format!("\n{text}")),
                [
                    "service/src/domain.rs:2: layers: `domain` uses `http`, which is below it in service/src/lib.rs"
                ]
            );
        }
    }

    #[test]
    fn tests_comments_and_strings_may_name_anything() {
        let text = "// crate::http\nconst X: &str = \"crate::http::x\";\n#[cfg(test)]\nmod tests { use crate::http; }";
        assert_eq!(findings("service/src/domain.rs", text), [""; 0]);
    }

    #[test]
    fn some_names_are_never_named() {
        assert_eq!(findings("service/src/http.rs", "use crate::db::Rows;").len(), 1);
        assert_eq!(
            findings("service/src/http.rs", "use diesel::prelude::*;").len(),
            1
        );
        assert_eq!(findings("service/src/domain.rs", "use std::{env, fs};").len(), 1);
        assert_eq!(
            findings("service/src/domain.rs", "fn x() -> StatusCode {}").len(),
            1
        );
        assert_eq!(
            findings("service/src/db.rs", "fn x() -> poem::Result<()> {}").len(),
            1
        );
        assert_eq!(findings("service/src/db.rs", "use std::env;"), [""; 0]);
    }

    #[test]
    fn each_module_has_one_doc_line_and_a_blank_line_after_it() {
        for lib in [
            "mod types;\n",
            "/// A.\n/// B.\nmod types;\n",
            "/// A.\nmod types;\nuse types::X;\n",
        ] {
            assert_eq!(check(&Tree::of(&[("service/src/lib.rs", lib)])).len(), 1, "{lib}");
        }
    }
}
