//! The names of a Rust file's items: functions, types, modules, constants, fields of structs and variants of enums.

use crate::tokens::{Kind, Tests, Token, tokens};

const KEYWORDS: [&str; 9] = [
    "fn", "struct", "enum", "union", "trait", "type", "mod", "const", "static",
];

/// Each with its line. Tests count as well: their names are documentation.
pub(super) fn items(text: &str) -> Vec<(String, usize)> {
    let tokens = tokens(text, Tests::Included);
    let mut names = Vec::new();
    for at in 0..tokens.len() {
        let Some(keyword) = tokens[at].word().filter(|word| KEYWORDS.contains(word)) else {
            continue;
        };
        // `static mut X`, `const fn x`, `*const T`: the next pass finds the second, the last names nothing.
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        let name = tokens.get(at + 1).and_then(Token::word);
        let Some(name) = name.filter(|name| !["fn", "mut", "unsafe", "_"].contains(name)) else {
            continue;
        };
        if before.is_some_and(|before| before.is_sign('*') || before.is_sign('.')) {
            continue;
        }
        names.push((name.to_owned(), tokens[at + 1].line));
        if ["struct", "enum", "union"].contains(&keyword) {
            members(&tokens[at + 2..], keyword == "enum", &mut names);
        }
    }
    names
}

/// The fields or variants of the type whose name has just been read; none when it has no braces.
fn members(tokens: &[Token], is_enum: bool, names: &mut Vec<(String, usize)>) {
    let ends = |token: &Token| token.is_sign(';') || token.kind == Kind::Open('{');
    let Some(start) = tokens.iter().position(ends) else {
        return;
    };
    if tokens[start].is_sign(';') {
        return;
    }
    let mut depth = 0_usize;
    // A member's name comes first, behind its attributes and `pub(…)`.
    let mut is_first = true;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match &token.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) if depth == 1 => return,
            Kind::Close(_) => depth -= 1,
            Kind::Sign(',') if depth == 1 => is_first = true,
            Kind::Word(word) if depth == 1 && is_first && word != "pub" => {
                let is_field = tokens.get(at + 1).is_some_and(|next| next.is_sign(':'));
                if is_enum || is_field {
                    names.push((word.clone(), token.line));
                }
                is_first = false;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_fields_and_variants_are_named_and_locals_are_not() {
        let text = "pub struct A<T: B> where T: C { #[x(y)] pub(crate) d: Vec<E, F>, g: h::I }\n\
                    struct J(K); struct L;\n\
                    pub enum M { #[x] N, O(P, Q), R { s: T } = 3, }\n\
                    const fn u(v: W) { let x: *const Y = z; mod_a::b(); }\n\
                    static mut AA: BB = 1; trait CC { type DD; const EE: u8; }\n\
                    #[cfg(test)] mod tests { #[test] fn ff() { let gg = 1; } }";
        let names: Vec<String> = items(text).into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "A", "d", "g", "J", "L", "M", "N", "O", "R", "u", "CC", "DD", "EE", "tests", "ff"
            ]
        );
    }
}
