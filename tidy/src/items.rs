//! The items of a Rust file: functions, types, modules, constants, macros, fields of structs and variants of enums.

use crate::tokens::Token;

const KEYWORDS: [&str; 10] = [
    "fn",
    "struct",
    "enum",
    "union",
    "trait",
    "type",
    "mod",
    "const",
    "static",
    "macro_rules",
];

/// The keyword of each item, and the index of its name; fields and variants are not included.
pub(super) fn items(tokens: &[Token]) -> impl Iterator<Item = (&str, usize)> {
    (0..tokens.len()).filter_map(|at| {
        let keyword = tokens[at].word().filter(|word| KEYWORDS.contains(word))?;
        // `*const T` names nothing.
        if at > 0 && (tokens[at - 1].is("*") || tokens[at - 1].is(".")) {
            return None;
        }
        let name = at + 1 + usize::from(keyword == "macro_rules");
        // `const fn x`: the name follows the second keyword.
        let word = tokens.get(name)?.word()?;
        (!["fn", "mut", "unsafe", "_"].contains(&word)).then_some((keyword, name))
    })
}

/// The indices of all names: of items, fields and variants.
pub(super) fn names(tokens: &[Token]) -> Vec<usize> {
    let mut names = Vec::new();
    for (keyword, name) in items(tokens) {
        names.push(name);
        if ["struct", "enum", "union"].contains(&keyword) {
            members(tokens, name, keyword == "enum", &mut names);
        }
    }
    names
}

/// The fields or variants of the type with this name; none when it has no braces.
fn members(tokens: &[Token], name: usize, is_enum: bool, names: &mut Vec<usize>) {
    let mut depth = 0_usize;
    // A member's name comes first, behind its attributes and `pub(…)`.
    let mut is_first = true;
    let body = tokens.iter().enumerate().skip(name + 1);
    for (at, token) in body.skip_while(|(_, token)| !token.is(";") && !token.is("{")) {
        match token.text.as_str() {
            ";" if depth == 0 => return,
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" if depth == 1 => return,
            ")" | "]" | "}" => depth -= 1,
            "," if depth == 1 => is_first = true,
            word if depth == 1 && is_first && word != "pub" && token.word().is_some() => {
                if is_enum || tokens.get(at + 1).is_some_and(|next| next.is(":")) {
                    names.push(at);
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
    use crate::tokens::{Tests, tokens};

    #[test]
    fn items_fields_and_variants_are_named_and_locals_are_not() {
        let text = "pub struct A<T: B> where T: C { #[x(y)] pub(crate) d: Vec<E, F>, g: h::I }\n\
                    struct J(K); struct L;\n\
                    pub enum M { #[x] N, O(P, Q), R { s: T } = 3, }\n\
                    const fn u(v: W) { let x: *const Y = z; mod_a::b(); }\n\
                    static mut AA: BB = 1; trait CC { type DD; const EE: u8; }\n\
                    #[cfg(test)] mod tests { #[test] fn ff() { let gg = 1; } }";
        let tokens = tokens(text, Tests::Included);
        let names: Vec<&str> = names(&tokens)
            .iter()
            .map(|at| tokens[*at].text.as_str())
            .collect();
        let expected = "A d g J L M N O R u CC DD EE tests ff";
        assert_eq!(names.join(" "), expected);
    }
}
