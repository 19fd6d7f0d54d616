//! Rust source as a flat list of tokens without comments and literals, optionally without test code.

use std::rc::Rc;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

/// One token. Literals and lifetimes are omitted: no rule needs them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// An identifier or keyword without `r#`, a bracket, `::`, or one character of punctuation.
    pub text: String,
    /// From 1.
    pub line: usize,
    /// The inline modules around it, the outermost first.
    pub scope: Rc<[String]>,
}

impl Token {
    pub(super) fn is(&self, expected: &str) -> bool {
        self.text == expected
    }

    /// The identifier or keyword.
    pub(super) fn word(&self) -> Option<&str> {
        let is_word = self
            .text
            .starts_with(|first: char| first.is_alphabetic() || first == '_');
        is_word.then_some(&self.text)
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
        flatten(stream, tests, &Rc::default(), &mut flat);
    }
    flat
}

fn flatten(stream: TokenStream, tests: Tests, scope: &Rc<[String]>, flat: &mut Vec<Token>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let push = |flat: &mut Vec<Token>, text: String, span: Span| {
        let (line, scope) = (span.start().line, Rc::clone(scope));
        flat.push(Token { text, line, scope });
    };
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
        let span = tree.span();
        match tree {
            TokenTree::Ident(ident) => {
                push(flat, ident.to_string().trim_start_matches("r#").to_owned(), span)
            }
            TokenTree::Punct(_) if is_sign(tree, '\'') => at += 1, // a lifetime's name is not a path
            TokenTree::Punct(_)
                if is_sign(tree, ':') && trees.get(at).is_some_and(|next| is_sign(next, ':')) =>
            {
                push(flat, "::".to_owned(), span);
                at += 1;
            }
            TokenTree::Punct(punct) => push(flat, punct.to_string(), span),
            TokenTree::Literal(_) => {}
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    // Only the compiler makes such groups.
                    Delimiter::None => continue,
                };
                let inner = match flat.as_slice() {
                    [.., keyword, name] if keyword.is("mod") && open == "{" => {
                        scope.iter().chain([&name.text]).cloned().collect()
                    }
                    _ => Rc::clone(scope),
                };
                push(flat, open.to_owned(), group.span_open());
                flatten(group.stream(), tests, &inner, flat);
                push(flat, close.to_owned(), group.span_close());
            }
        }
    }
}

fn is_sign(tree: &TokenTree, sign: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// `#[cfg(test)]`, `#[cfg(all(test, …))]`, `#[test]`, or the same with `#!`.
fn is_test_attribute(trees: &[TokenTree]) -> bool {
    let attribute = match trees {
        [hash, TokenTree::Group(group), ..] if is_sign(hash, '#') => group,
        [hash, bang, TokenTree::Group(group), ..] if is_sign(hash, '#') && is_sign(bang, '!') => group,
        _ => return false,
    };
    let text: String = attribute.stream().to_string().split_whitespace().collect();
    text == "test" || text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// The number of token trees of the item that starts here with its attributes.
fn item_length(trees: &[TokenTree]) -> usize {
    let mut at = 0;
    while let [hash, TokenTree::Group(_), ..] = &trees[at..]
        && is_sign(hash, '#')
    {
        at += 2;
    }
    // These items end at a semicolon even if braces precede it. The keyword is among the first few tokens, `pub(crate)`
    // included, and before any brace: what follows a brace may be the next item.
    let brace =
        |tree: &TokenTree| matches!(tree, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    let mut head = trees[at..].iter().take_while(|tree| !brace(tree)).take(4);
    let to_semicolon = head.any(|tree| match tree {
        TokenTree::Ident(ident) => ["use", "static", "type", "let"].iter().any(|word| ident == word),
        _ => false,
    });
    let is_end = |tree: &TokenTree| is_sign(tree, ';') || !to_semicolon && brace(tree);
    let end = trees[at..].iter().position(is_end);
    end.map_or(trees.len(), |end| at + end + 1)
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
        let expected = ["fn", "f", "x", "str", "char", "let", "s"];
        assert_eq!(identifiers(text, Tests::Included), expected);
    }

    #[test]
    fn test_code_is_excluded_and_following_code_included() {
        let text = "#[cfg(test)] use a::{b, c}; fn keep() {} #[cfg(test)] #[path = \"x\"] mod tests { fn t() {} } \
                    #[test] fn u() { v } #[cfg(all(test, unix))] pub fn w(x: u8) -> u8 { x } #[cfg(not(test))] fn z() {}";
        let expected = ["fn", "keep", "cfg", "not", "test", "fn", "z"];
        assert_eq!(identifiers(text, Tests::Excluded), expected);
    }

    #[test]
    fn an_item_directly_after_test_code_is_included() {
        let expected = ["use", "kept", "here", "fn", "last"];
        for test in [
            "mod t { fn x() {} }",
            "fn x() {}",
            "use a::{b, c};",
            "mod t;",
            "pub(crate) static X: T = T {};",
        ] {
            let text = format!("#[cfg(test)] {test} use kept::here; fn last() {{}}");
            assert_eq!(identifiers(&text, Tests::Excluded), expected, "{test}");
        }
    }

    #[test]
    fn a_test_file_is_excluded_and_lines_are_counted() {
        let text = "//! Tests.\n#![cfg(test)]\nfn x() {}";
        assert_eq!(identifiers(text, Tests::Excluded), ["doc"]);
        assert_eq!(tokens("// a\n\nfn\nb", Tests::Included)[1].line, 4);
    }
}
