//! Rust source as a flat list of tokens without comments and literals, optionally without test code.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    /// From 1.
    pub line: usize,
}

/// The kind of a token. Literals and lifetimes are omitted: no rule needs them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// An identifier or keyword, without `r#`.
    Word(String),
    Sign(char),
    /// `(`, `[` or `{`.
    Open(char),
    /// `)`, `]` or `}`.
    Close(char),
}

impl Token {
    pub(super) fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(super) fn is_word(&self, expected: &str) -> bool {
        self.word() == Some(expected)
    }

    pub(super) fn is_sign(&self, expected: char) -> bool {
        self.kind == Kind::Sign(expected)
    }
}

/// Whether code under `#[cfg(test)]` is included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tests {
    Included,
    Excluded,
}

/// The tokens of a file; empty if it does not parse, which the compiler reports.
pub(super) fn tokens(text: &str, tests: Tests) -> Vec<Token> {
    let mut flat = Vec::new();
    if let Ok(stream) = text.parse::<TokenStream>() {
        flatten(stream, tests, &mut flat);
    }
    flat
}

fn flatten(stream: TokenStream, tests: Tests, flat: &mut Vec<Token>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        if tests == Tests::Excluded && is_test_attribute(&trees[at..]) {
            if matches!(trees.get(at + 1), Some(TokenTree::Punct(_))) {
                return; // `#![cfg(test)]`: all of this file or block is test code
            }
            at += item_length(&trees[at..]);
            continue;
        }
        at += 1;
        let line = tree.span().start().line;
        match tree {
            TokenTree::Ident(ident) => {
                let word = ident.to_string();
                let word = word.strip_prefix("r#").unwrap_or(&word).to_owned();
                flat.push(Token {
                    kind: Kind::Word(word),
                    line,
                });
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => at += 1, // a lifetime's name is not a path
            TokenTree::Punct(punct) => flat.push(Token {
                kind: Kind::Sign(punct.as_char()),
                line,
            }),
            TokenTree::Literal(_) => {}
            TokenTree::Group(group) => flatten_group(group, tests, flat),
        }
    }
}

fn flatten_group(group: &Group, tests: Tests, flat: &mut Vec<Token>) {
    let (open, close) = match group.delimiter() {
        Delimiter::Parenthesis => ('(', ')'),
        Delimiter::Bracket => ('[', ']'),
        Delimiter::Brace => ('{', '}'),
        Delimiter::None => return flatten(group.stream(), tests, flat),
    };
    flat.push(Token {
        kind: Kind::Open(open),
        line: group.span_open().start().line,
    });
    flatten(group.stream(), tests, flat);
    flat.push(Token {
        kind: Kind::Close(close),
        line: group.span_close().start().line,
    });
}

/// `#[cfg(test)]`, `#[cfg(all(test, …))]`, `#[test]`, or the same with `#!`.
fn is_test_attribute(trees: &[TokenTree]) -> bool {
    let attribute = match trees {
        [TokenTree::Punct(hash), TokenTree::Group(group), ..] if hash.as_char() == '#' => group,
        [
            TokenTree::Punct(hash),
            TokenTree::Punct(bang),
            TokenTree::Group(group),
            ..,
        ] if hash.as_char() == '#' && bang.as_char() == '!' => group,
        _ => return false,
    };
    let text: String = attribute.stream().to_string().split_whitespace().collect();
    text == "test" || text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// The number of token trees of the item that starts here with its attributes.
fn item_length(trees: &[TokenTree]) -> usize {
    let mut at = 0;
    while let (Some(TokenTree::Punct(hash)), Some(TokenTree::Group(_))) = (trees.get(at), trees.get(at + 1))
        && hash.as_char() == '#'
    {
        at += 2;
    }
    // These items end at a semicolon even if braces precede it. The keyword is among the first few tokens, `pub(crate)`
    // included, and before any brace: what follows a brace may be the next item.
    let brace =
        |tree: &TokenTree| matches!(tree, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    let head = trees[at..].iter().take_while(|tree| !brace(tree)).take(4);
    let to_semicolon = head.into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => ["use", "static", "type", "let"].iter().any(|word| ident == word),
        _ => false,
    });
    for tree in &trees[at..] {
        at += 1;
        match tree {
            TokenTree::Punct(punct) if punct.as_char() == ';' => break,
            _ if !to_semicolon && brace(tree) => break,
            _ => {}
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identifiers(text: &str, tests: Tests) -> Vec<String> {
        tokens(text, tests)
            .iter()
            .filter_map(|token| token.word().map(str::to_owned))
            .collect()
    }

    #[test]
    fn comments_strings_and_lifetimes_are_omitted() {
        let text = "/* a */ fn f<'db>(x: &'db str) -> char { /* b */ let s = \"poem::x\"; 'c' } // d";
        assert_eq!(
            identifiers(text, Tests::Included),
            ["fn", "f", "x", "str", "char", "let", "s"]
        );
    }

    #[test]
    fn test_code_is_excluded_and_following_code_included() {
        let text = "#[cfg(test)] use a::{b, c}; fn keep() {} #[cfg(test)] #[path = \"x\"] mod tests { fn t() {} } \
                    #[test] fn u() { v } #[cfg(all(test, unix))] pub fn w(x: u8) -> u8 { x } #[cfg(not(test))] fn z() {}";
        assert_eq!(
            identifiers(text, Tests::Excluded),
            ["fn", "keep", "cfg", "not", "test", "fn", "z"]
        );
    }

    #[test]
    fn an_item_directly_after_test_code_is_included() {
        for test in [
            "mod t { fn x() {} }",
            "fn x() {}",
            "use a::{b, c};",
            "mod t;",
            "pub(crate) static X: T = T {};",
        ] {
            let text = format!("#[cfg(test)] {test} use kept::here; fn last() {{}}");
            assert_eq!(
                identifiers(&text, Tests::Excluded),
                ["use", "kept", "here", "fn", "last"],
                "{test}"
            );
        }
    }

    #[test]
    fn a_test_file_is_excluded_and_lines_are_counted() {
        assert_eq!(
            identifiers("//! Tests.\n#![cfg(test)]\nfn x() {}", Tests::Excluded),
            ["doc"]
        );
        assert_eq!(tokens("// a\n\nfn\nb", Tests::Included)[1].line, 4);
    }
}
