//! The nesting of a statement: a semicolon in parentheses or in the SQL body of a function does not end it. The rule is
//! psql's, which recognizes `CREATE [OR REPLACE] FUNCTION` by its first words (`psqlscan.l`).

/// The nesting of a statement.
#[derive(Debug, Default)]
pub struct Nesting {
    /// Open parentheses.
    pub parentheses: u32,
    /// The initials of the first keywords of `CREATE [OR REPLACE] FUNCTION` or `PROCEDURE`, as psql recognizes them.
    initials: [u8; 4],
    words: usize,
    /// Nested `BEGIN` and `CASE` in the body of a function.
    pub blocks: u32,
}

impl Nesting {
    /// Records a word of the statement.
    pub fn word(&mut self, word: &str) {
        if let Some(initial) = self.initials.get_mut(self.words) {
            *initial = match word {
                "create" | "or" | "replace" | "function" | "procedure" => word.as_bytes()[0],
                _ => 0,
            };
        }
        self.words += 1;
        let creates_function = matches!(
            self.initials,
            [b'c', b'f' | b'p', ..] | [b'c', b'o', b'r', b'f' | b'p']
        );
        if self.parentheses > 0 || !creates_function {
            return;
        }
        match word {
            "begin" => self.blocks += 1,
            "case" if self.blocks > 0 => self.blocks += 1,
            "end" => self.blocks = self.blocks.saturating_sub(1),
            _ => {}
        }
    }
}
