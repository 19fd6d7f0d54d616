//! Our rule: a step that locks an existing table changes no rows in the same transaction, which would hold the lock until the last
//! row is changed; `lock_timeout` limits only the wait for it. squawk has no such rule and prints no syntax tree. The text is
//! split into words, because the rule concerns a few kinds of statements and a parser must accept all that PostgreSQL does.

use std::collections::BTreeSet;

/// A statement that changes rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// From 1.
    pub line: u64,
    /// A table that the step locks.
    pub locked: String,
}

/// A word in lower case, a name with its schema, or one other character.
#[derive(Debug)]
struct Token {
    text: String,
    line: u64,
}

/// What a step does, in its order.
#[derive(Default)]
struct Step {
    created: BTreeSet<String>,
    locked: BTreeSet<String>,
    changes: Vec<u64>,
}

/// The statements that change rows in a step that also locks a table which it does not create.
pub(super) fn changes(sql: &str) -> Vec<Change> {
    let mut step = Step::default();
    step.read(sql, 1, false);
    let Some(locked) = step.locked.difference(&step.created).next() else {
        return Vec::new();
    };
    let change = |line| Change {
        line,
        locked: locked.clone(),
    };
    step.changes.into_iter().map(change).collect()
}

impl Step {
    /// Reads statements; in the body of a block they also begin after a keyword.
    fn read(&mut self, sql: &str, line: u64, in_block: bool) {
        let (tokens, bodies) = tokens(sql, line);
        let begins =
            |text: &str| text == ";" || in_block && ["begin", "then", "loop", "else"].contains(&text);
        for statement in tokens.split(|token| begins(&token.text)) {
            let words: Vec<&str> = statement.iter().map(|token| token.text.as_str()).collect();
            self.locks(&words);
            for at in changes_in(&words) {
                self.changes.push(statement[at].line);
            }
            if words.first() == Some(&"do") {
                let within = |line: u64| {
                    statement
                        .iter()
                        .any(|token| token.line == line && token.text == BODY)
                };
                for (line, body) in bodies.iter().filter(|(line, _)| within(*line)) {
                    self.read(body, *line, true);
                }
            }
        }
    }

    fn locks(&mut self, words: &[&str]) {
        let name_after = |keyword: &str| {
            let at = words.iter().position(|word| *word == keyword)?;
            let optional = ["if", "not", "exists", "only", "table"];
            words[at + 1..].iter().find(|word| !optional.contains(word))
        };
        let has = |keyword: &str| words.iter().take(5).any(|word| *word == keyword);
        let locked = match words.first() {
            Some(&"create") if has("table") => {
                self.created
                    .extend(name_after("table").map(|name| (*name).to_owned()));
                None
            }
            Some(&("alter" | "drop")) if words.get(1) == Some(&"table") => name_after("table"),
            Some(&("create" | "alter" | "drop"))
                if ["index", "trigger", "policy", "rule"].into_iter().any(has) =>
            {
                name_after("on").or(name_after("to").filter(|_| has("rule")))
            }
            Some(first @ &("truncate" | "lock")) => name_after(first),
            _ => None,
        };
        self.locked.extend(locked.map(|name| (*name).to_owned()));
        // A foreign key also locks the table that it refers to.
        if has("table") && matches!(words.first(), Some(&("create" | "alter"))) {
            let referred = words.windows(2).filter(|pair| pair[0] == "references");
            self.locked.extend(referred.map(|pair| pair[1].to_owned()));
        }
    }
}

/// Where a statement changes rows that it does not list itself.
fn changes_in(words: &[&str]) -> Vec<usize> {
    // Definitions and privileges name the same commands.
    let is_definition = ["create", "alter", "drop", "grant", "revoke", "comment"];
    if words.first().is_some_and(|first| is_definition.contains(first)) {
        return Vec::new();
    }
    let changes = |at: usize| {
        let next = words.get(at + 1).copied().unwrap_or_default();
        let before = at.checked_sub(1).map_or("", |before| words[before]);
        let rest = &words[at + 1..];
        match words[at] {
            // Neither `FOR UPDATE` nor `ON CONFLICT … DO UPDATE`.
            "update" => !["for", "do"].contains(&before) && rest.contains(&"set"),
            "delete" => next == "from",
            "merge" => next == "into",
            "insert" => next == "into" && ["select", "table"].iter().any(|source| rest.contains(source)),
            _ => false,
        }
    };
    (0..words.len()).filter(|at| changes(*at)).collect()
}

/// Stands for a dollar-quoted text.
const BODY: &str = "$$";

/// The tokens without comments and texts, and the dollar-quoted texts with their lines.
fn tokens(sql: &str, first_line: u64) -> (Vec<Token>, Vec<(u64, String)>) {
    let (mut tokens, mut bodies) = (Vec::new(), Vec::new());
    let mut rest = sql;
    let mut line = first_line;
    while let Some(character) = rest.chars().next() {
        let mut text = None;
        let length = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else if character == '\'' {
            quoted(rest, false)
        } else if rest.starts_with("e'") || rest.starts_with("E'") {
            1 + quoted(&rest[1..], true)
        } else if let Some((length, body)) = dollar_quoted(rest) {
            bodies.push((line, body.to_owned()));
            text = Some(BODY.to_owned());
            length
        } else if is_name(character) || character == '"' {
            let length = name(rest);
            text = Some(rest[..length].to_lowercase().replace('"', ""));
            length
        } else {
            text = (!character.is_whitespace()).then(|| character.to_string());
            character.len_utf8()
        };
        tokens.extend(text.map(|text| Token { text, line }));
        line += rest[..length].matches('\n').count() as u64;
        rest = &rest[length..];
    }
    (tokens, bodies)
}

/// The length of a text in single quotes. Two quotes within it are read as two texts.
fn quoted(text: &str, has_escapes: bool) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().skip(1).find(|(_, character)| {
        let ends = *character == '\'' && !is_escaped;
        is_escaped = has_escapes && *character == '\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || "_.".contains(character)
}

/// The length of a name with its schema, quoted or not.
fn name(text: &str) -> usize {
    let mut quoted = false;
    let end = text.find(|character: char| {
        quoted ^= character == '"';
        !(quoted || character == '"' || is_name(character))
    });
    end.unwrap_or(text.len())
}

/// The length of a comment, which may contain others.
fn comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of a dollar-quoted text and what it contains.
fn dollar_quoted(text: &str) -> Option<(usize, &str)> {
    let tag = text.strip_prefix('$')?;
    let end = tag.find('$')?;
    if !tag[..end]
        .chars()
        .all(|character| character.is_alphanumeric() || character == '_')
    {
        return None;
    }
    let delimiter = &text[..end + 2];
    let body = &text[delimiter.len()..];
    let length = body.find(delimiter)?;
    Some((2 * delimiter.len() + length, &body[..length]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(sql: &str) -> Vec<u64> {
        changes(sql).into_iter().map(|change| change.line).collect()
    }

    /// L13: A step in a transaction does not change rows while it holds a lock on a table in use.
    #[test]
    fn rows_that_are_changed_under_a_lock_are_found() {
        let alter = "ALTER TABLE IF EXISTS ONLY a.\"t\" ADD COLUMN x int;\n";
        for change in [
            "UPDATE a.t SET x = 1;",
            "WITH old AS (SELECT 1) DELETE FROM a.t USING old;",
            "INSERT INTO a.u SELECT * FROM a.t;",
            "MERGE INTO a.t USING a.u ON true WHEN MATCHED THEN UPDATE SET x = 1;",
            "DO $body$ BEGIN IF true THEN UPDATE a.t AS t SET x = 1; END IF; END $body$;",
        ] {
            let found = changes(&format!("-- UPDATE\n{alter}{change}"));
            assert_eq!(found.first().map(|found| found.line), Some(3), "{change}");
            assert_eq!(found[0].locked, "a.t");
        }
        for lock in [
            "CREATE UNIQUE INDEX i ON a.t (x)",
            "CREATE TRIGGER t BEFORE UPDATE OF x ON a.t FOR EACH ROW EXECUTE FUNCTION f()",
            "DROP POLICY IF EXISTS p ON a.t",
            "LOCK TABLE a.t IN SHARE MODE",
            "TRUNCATE a.t",
            "ALTER TABLE a.t DISABLE TRIGGER append_only",
            "ALTER TABLE a.t ADD rule text DEFAULT E'it\\'s; ALTER'",
            "CREATE TABLE a.new (x int REFERENCES a.t (x) ON UPDATE SET NULL)",
            "DO $$ BEGIN ALTER TABLE a.t DROP COLUMN x; END $$",
        ] {
            assert_eq!(lines(&format!("UPDATE a.u SET x = 1;\n{lock}")), [1], "{lock}");
        }
    }

    #[test]
    fn other_steps_are_not_found() {
        for sql in [
            "UPDATE a.t SET x = 1; DELETE FROM a.u",
            "ALTER TABLE a.t ADD COLUMN x int; ALTER TABLE a.t ADD FOREIGN KEY (x) REFERENCES a.u ON UPDATE SET NULL",
            "ALTER TABLE a.t ADD COLUMN x int; INSERT INTO a.t (x) VALUES (1) ON CONFLICT (x) DO UPDATE SET x = 1",
            "ALTER TABLE a.t ADD COLUMN x int; GRANT SELECT, INSERT, UPDATE (x), DELETE ON a.t TO r",
            "ALTER TABLE a.t ADD COLUMN x int; CREATE FUNCTION f() RETURNS void AS $$ DELETE FROM a.t $$ LANGUAGE sql",
            "ALTER TABLE a.t ADD COLUMN x int; SELECT 'DELETE FROM a.t', 1 /* UPDATE /* a */ SET */ FROM a.t FOR UPDATE",
            "CREATE TABLE a.t (x int); CREATE INDEX i ON a.t (x); INSERT INTO a.t SELECT * FROM a.u",
            "CREATE FUNCTION f() RETURNS void AS $$ ALTER TABLE a.t ADD x int $$ LANGUAGE sql; DELETE FROM a.t",
        ] {
            assert_eq!(lines(sql), [0; 0], "{sql}");
        }
    }
}
