//! The import graph of a crate: `use` and inline paths, resolved through re-exports to the defining file.

use std::collections::HashSet;

use crate::modules::Module;
use crate::tokens::Token;

/// A path that a module mentions.
#[derive(Debug)]
pub(super) struct Reference {
    /// From the crate's root when `own`, else as written.
    pub path: Vec<String>,
    /// Whether it is a path of this crate.
    pub own: bool,
    pub line: usize,
    /// The name that a `use` binds, `*` for a glob.
    alias: Option<String>,
    /// `pub use`, `pub(crate) use`.
    exported: bool,
}

/// One module depends on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    /// Index of the module.
    pub from: usize,
    /// Index of the module that it depends on.
    pub to: usize,
    pub line: usize,
}

/// A crate's modules with the paths that each mentions.
#[derive(Debug)]
pub(super) struct Imports<'a> {
    pub modules: &'a [Module],
    /// In the order of `modules`.
    pub references: Vec<Vec<Reference>>,
}

impl<'a> Imports<'a> {
    pub(super) fn of(modules: &'a [Module]) -> Self {
        Self {
            modules,
            references: modules.iter().map(|module| references(modules, module)).collect(),
        }
    }

    /// The dependencies. A `pub use` of a submodule is a re-export and not a dependency, unless its name is used too.
    pub(super) fn edges(&self) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (from, references) in self.references.iter().enumerate() {
            let module = &self.modules[from];
            let mentioned = mentioned(&module.tokens);
            for reference in references.iter().filter(|reference| reference.own) {
                let Some(to) = self.resolve(&reference.path, 0).filter(|to| *to != from) else {
                    continue;
                };
                let is_below = self.modules[to].path.starts_with(&module.path);
                let alias = reference.alias.as_deref();
                let is_used = alias.is_none_or(|alias| mentioned.contains(alias));
                if !(reference.exported && is_below && !is_used) {
                    let line = reference.line;
                    edges.push(Edge { from, to, line });
                }
            }
        }
        edges
    }

    /// The module that defines the item of a path of this crate.
    fn resolve(&self, path: &[String], depth: usize) -> Option<usize> {
        let find = |path: &[String]| self.modules.iter().position(|module| module.path == path);
        let lengths = (0..=path.len()).rev();
        let (at, rest) = lengths
            .map(|length| path.split_at(length))
            .find_map(|(module, rest)| Some((find(module)?, rest)))?;
        let defines = |module: usize, name: &String| self.modules[module].items.contains(name);
        let name = rest.first().filter(|name| !defines(at, name));
        // The limit ends cyclic re-exports.
        let Some(name) = name.filter(|_| depth <= 16) else {
            return Some(at);
        };
        let follow =
            |target: &Reference, rest: &[String]| self.resolve(&[&target.path, rest].concat(), depth + 1);
        let own = || self.references[at].iter().filter(|reference| reference.own);
        if let Some(alias) = own().find(|reference| reference.alias.as_ref() == Some(name)) {
            return follow(alias, &rest[1..]);
        }
        let globs = own().filter(|reference| reference.alias.as_deref() == Some("*"));
        let mut targets = globs.filter_map(|glob| follow(glob, rest));
        Some(targets.find(|module| defines(*module, name)).unwrap_or(at))
    }
}

/// The identifiers of a file outside `use`.
fn mentioned(tokens: &[Token]) -> HashSet<&str> {
    let mut in_use = false;
    let mut words = HashSet::new();
    for token in tokens {
        in_use = token.is("use") || in_use && !token.is(";");
        words.extend(token.word().filter(|_| !in_use));
    }
    words
}

fn references(modules: &[Module], module: &Module) -> Vec<Reference> {
    let tokens = &module.tokens;
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_use = tokens[at].is("use") && !is(tokens, at + 1, "<");
        let is_after = |expected: &str| at > 0 && tokens[at - 1].is(expected);
        let is_path = tokens[at].word().is_some() && is(tokens, at + 1, "::") && !is_after("::");
        if !is_use && !is_path {
            at += 1;
            continue;
        }
        let exported = is_use && (is_after("pub") || is_after(")"));
        let here = [&module.path, &*tokens[at].scope].concat();
        let start = if is_use {
            at + 1 + usize::from(is(tokens, at + 1, "::"))
        } else {
            at
        };
        let mut names = Vec::new();
        at = read(tokens, start, is_use, &[], &mut names);
        found.extend(names.into_iter().map(|Named { path, alias, line }| {
            let (own, path) = absolute(modules, &here, path);
            let alias = alias.filter(|_| is_use);
            Reference {
                path,
                own,
                line,
                alias,
                exported,
            }
        }));
    }
    found
}

fn is(tokens: &[Token], at: usize, expected: &str) -> bool {
    tokens.get(at).is_some_and(|token| token.is(expected))
}

/// A path as written, and the name that it binds.
struct Named {
    path: Vec<String>,
    alias: Option<String>,
    line: usize,
}

/// Reads a path, and in a `use` the trees in its braces; returns the index after it.
fn read(tokens: &[Token], mut at: usize, is_use: bool, prefix: &[String], found: &mut Vec<Named>) -> usize {
    let line = tokens.get(at).map_or(0, |token| token.line);
    let mut path = prefix.to_vec();
    while let Some(token) = tokens.get(at) {
        if is_use && token.is("{") {
            return read_branches(tokens, at + 1, &path, found);
        }
        if token.word().is_none() && !(is_use && token.is("*")) {
            break;
        }
        path.push(token.text.clone());
        at += 1;
        if !is(tokens, at, "::") {
            break;
        }
        at += 1;
    }
    let mut alias = path.last().cloned();
    if alias.as_deref() == Some("*") {
        path.pop();
    } else if path.len() > 1 && alias.as_deref() == Some("self") {
        path.pop();
        alias = path.last().cloned();
    }
    if is_use && is(tokens, at, "as") {
        alias = tokens.get(at + 1).and_then(Token::word).map(str::to_owned);
        at += 2;
    }
    found.push(Named { path, alias, line });
    at
}

/// `a, b::c, d as e}` after a path and `{`.
fn read_branches(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut Vec<Named>) -> usize {
    while let Some(token) = tokens.get(at).filter(|token| !token.is("}")) {
        at = if token.word().is_some() || token.is("{") || token.is("*") {
            read(tokens, at, true, prefix, found)
        } else {
            at + 1
        };
    }
    at + 1
}

/// The path from the crate's root, when it is one of this crate.
fn absolute(modules: &[Module], here: &[String], path: Vec<String>) -> (bool, Vec<String>) {
    let is_child = |first: &String| {
        let mut modules = modules.iter();
        modules.any(|module| module.path.split_last() == Some((first, here)))
    };
    let (base, names) = match path.as_slice() {
        [first, rest @ ..] if first == "crate" => (&[][..], rest),
        [first, ..] if first == "self" || first == "super" => {
            let relative = path.iter().take_while(|name| *name == "self" || *name == "super");
            let up = relative.clone().filter(|name| *name == "super").count();
            (&here[..here.len().saturating_sub(up)], &path[relative.count()..])
        }
        [first, ..] if is_child(first) => (here, path.as_slice()),
        _ => return (false, path),
    };
    (true, [base, names].concat())
}
