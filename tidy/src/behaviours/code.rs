//! The `Code:` line of a behaviour: files, the one that decides it first, each with definitions that are in it. A reader has
//! nothing but the list to find them.

use crate::items::items;
use crate::tokens::{Tests, tokens};
use crate::tree::Tree;

/// One file of a `Code:` line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CodeFile {
    /// From the root of the repository.
    pub path: String,
    /// The functions, types, constants or database objects in parentheses behind it.
    pub names: Vec<String>,
}

/// The words that follow `CREATE` in the definition of an object of the database.
const CREATED: [&str; 6] = [
    "or",
    "replace",
    "unique",
    "materialized",
    "unlogged",
    "constraint",
];

/// What may be between the kind of an object and its name.
const BEFORE_NAME: [&str; 5] = ["if", "not", "exists", "concurrently", "recursive"];

/// The files in backticks, each with the names behind it. A name contains neither a slash nor a dot.
pub(super) fn parse(line: &str) -> Vec<CodeFile> {
    let mut files: Vec<CodeFile> = Vec::new();
    for quoted in line.split('`').skip(1).step_by(2) {
        if quoted.contains(['/', '.']) {
            let path = quoted.to_owned();
            files.push(CodeFile {
                path,
                names: Vec::new(),
            });
        } else if let Some(file) = files.last_mut() {
            file.names.push(quoted.to_owned());
        }
    }
    files
}

/// What is wrong with the files of one behaviour.
pub(super) fn defects(tree: &Tree, files: &[CodeFile]) -> Vec<String> {
    let mut defects = Vec::new();
    for (index, CodeFile { path, names }) in files.iter().enumerate() {
        let Some(text) = tree.find(path) else {
            defects.push(format!("`Code:` names `{path}`, which is no file"));
            continue;
        };
        // SQL may create what it has no name for, such as roles in a loop.
        if names.is_empty() && (path.ends_with(".rs") || (index == 0 && path.ends_with(".sql"))) {
            defects.push(format!("`Code:` names no function or table of `{path}`"));
        }
        let missing = names.iter().filter(|name| !defines(path, text, name));
        defects.extend(missing.map(|name| format!("`{path}` does not define `{name}`")));
    }
    defects
}

/// Whether a file defines a name. Test code decides nothing.
fn defines(path: &str, text: &str, name: &str) -> bool {
    if path.ends_with(".rs") {
        let tokens = tokens(text, Tests::Excluded);
        items(&tokens).any(|(_, at)| tokens[at].is(name))
    } else if path.ends_with(".sql") {
        is_created(text, name)
    } else {
        // Templates and configuration: any mention.
        words(text).any(|word| word == name)
    }
}

/// `CREATE OR REPLACE FUNCTION schema.name`, `CONSTRAINT name`.
fn is_created(sql: &str, name: &str) -> bool {
    let code: Vec<&str> = sql
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default())
        .collect();
    let code = code.join("\n");
    let words: Vec<&str> = words(&code).collect();
    (0..words.len()).any(|at| words[at].rsplit('.').next() == Some(name) && is_definition(&words[..at]))
}

/// Whether the next word is the name of what a statement creates.
fn is_definition(before: &[&str]) -> bool {
    let is_one_of = |word: &str, list: &[&str]| list.iter().any(|other| word.eq_ignore_ascii_case(other));
    let mut before = before
        .iter()
        .rev()
        .skip_while(|word| is_one_of(word, &BEFORE_NAME));
    let kind = before.next().copied().unwrap_or_default();
    if is_one_of(kind, &["constraint"]) {
        // `ON CONFLICT ON CONSTRAINT name`, `DROP CONSTRAINT name`, `COMMENT ON CONSTRAINT name` define none.
        return !before
            .next()
            .is_some_and(|word| is_one_of(word, &["on", "drop", "validate", "rename"]));
    }
    let mut before = before.skip_while(|word| is_one_of(word, &CREATED));
    before.next().is_some_and(|word| is_one_of(word, &["create"]))
}

/// Names, with their schemas.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '.');
    parts.filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<String> {
        let rust = "//! F.\n\nconst LIMIT: u8 = 1;\nstruct A { field: u8 }\nimpl A { fn f() { g(); } }\n\
                    #[cfg(test)]\nmod tests { fn helper() {} }\n";
        let sql = "CREATE TABLE a.t (\n  CONSTRAINT t_pkey PRIMARY KEY (x)\n);\n-- CREATE TABLE a.gone ();\n\
                   CREATE OR REPLACE FUNCTION a.f() AS $$ INSERT INTO a.other ON CONFLICT ON CONSTRAINT u DO NOTHING $$;\n\
                   CREATE UNIQUE INDEX IF NOT EXISTS i ON a.other (x);\nDROP TABLE a.dropped;\n";
        let files = [("src/a.rs", rust), ("up.sql", sql), ("a.html", "{% macro m() %}")];
        defects(&Tree::of(&files), &parse(line))
    }

    #[test]
    fn files_are_read_with_their_names() {
        let file = |path: &str, names: &[&str]| CodeFile {
            path: path.to_owned(),
            names: names.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(
            parse(" `a/b.rs` (`f`, `g`), `c.sql`"),
            [file("a/b.rs", &["f", "g"]), file("c.sql", &[])]
        );
    }

    #[test]
    fn defined_names_pass() {
        let line = "`src/a.rs` (`LIMIT`, `A`, `f`), `up.sql` (`t`, `t_pkey`, `f`, `i`), `a.html` (`m`)";
        assert_eq!(found(line), [""; 0]);
    }

    #[test]
    fn names_that_are_only_mentioned_are_found() {
        for name in ["g", "field", "helper", "absent"] {
            let expected = format!("`src/a.rs` does not define `{name}`");
            assert_eq!(found(&format!("`src/a.rs` (`{name}`)")), [expected]);
        }
        for name in ["gone", "other", "u", "dropped", "x", "T_PKEY"] {
            let expected = format!("`up.sql` does not define `{name}`");
            assert_eq!(found(&format!("`up.sql` (`{name}`)")), [expected]);
        }
        assert_eq!(found("`a.html` (`n`)"), ["`a.html` does not define `n`"]);
    }

    #[test]
    fn folders_and_files_without_a_name_are_found() {
        let no_name = |path: &str| format!("`Code:` names no function or table of `{path}`");
        assert_eq!(found("`src/a.rs`, `up.sql`"), [no_name("src/a.rs")]);
        assert_eq!(found("`a.html`, `src/a.rs`"), [no_name("src/a.rs")]);
        assert_eq!(
            found("`up.sql`, `src/a.rs`"),
            [no_name("up.sql"), no_name("src/a.rs")]
        );
        assert_eq!(found("`src/a.rs` (`f`), `up.sql`, `a.html`"), [""; 0]);
        assert_eq!(
            found("`up.sql` (`t`), `src/` (files: `f`)"),
            ["`Code:` names `src/`, which is no file"]
        );
    }
}
