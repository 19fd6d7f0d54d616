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
        let here = [&module.path, &*tokens[at].scope].concat();
        let mut walk = Walk {
            modules,
            here: &here,
            tokens,
            at,
            exported: false,
            import: false,
            found: &mut found,
        };
        if tokens[at].is("use") && !walk.is(at + 1, "<") {
            walk.exported = at > 0 && (walk.is(at - 1, "pub") || walk.is(at - 1, ")"));
            walk.import = true;
            walk.at += 1 + usize::from(walk.is(at + 1, "::"));
            walk.tree(&[]);
        } else if tokens[at].word().is_some() && walk.is(at + 1, "::") && !(at > 0 && walk.is(at - 1, "::")) {
            walk.tree(&[]);
        } else {
            walk.at += 1;
        }
        at = walk.at;
    }
    found
}

/// A walk along one path or one tree of a `use`.
struct Walk<'a> {
    modules: &'a [Module],
    here: &'a [String],
    tokens: &'a [Token],
    at: usize,
    exported: bool,
    import: bool,
    found: &'a mut Vec<Reference>,
}

impl Walk<'_> {
    /// Reads a path, and in a `use` the trees in its braces; leaves `at` after it.
    fn tree(&mut self, prefix: &[String]) {
        let line = self.tokens.get(self.at).map_or(0, |token| token.line);
        let mut path = prefix.to_vec();
        loop {
            match self.tokens.get(self.at) {
                Some(token) if token.word().is_some() => path.push(token.text.clone()),
                Some(token) if self.import && token.is("*") => path.push("*".to_owned()),
                Some(token) if self.import && token.is("{") => return self.branches(&path),
                _ => break,
            }
            self.at += 1;
            if !self.is(self.at, "::") {
                break;
            }
            self.at += 1;
        }
        let mut alias = path.last().cloned();
        if self.import && self.is(self.at, "as") {
            alias = self
                .tokens
                .get(self.at + 1)
                .and_then(Token::word)
                .map(str::to_owned);
            self.at += 2;
        }
        self.record(path, alias, line);
    }

    /// `{a, b::c, d as e}` after a path.
    fn branches(&mut self, prefix: &[String]) {
        self.at += 1;
        while let Some(token) = self.tokens.get(self.at) {
            match token.text.as_str() {
                "}" => {
                    self.at += 1;
                    return;
                }
                "{" | "*" => self.tree(prefix),
                _ if token.word().is_some() => self.tree(prefix),
                _ => self.at += 1,
            }
        }
    }

    fn record(&mut self, mut path: Vec<String>, mut alias: Option<String>, line: usize) {
        if path.last().is_some_and(|last| last == "*") {
            path.pop();
        } else if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
            if alias.as_deref() == Some("self") {
                alias = path.last().cloned();
            }
        }
        let (own, path) = self.absolute(path);
        let alias = alias.filter(|_| self.import);
        self.found.push(Reference {
            path,
            own,
            line,
            alias,
            exported: self.exported,
        });
    }

    /// The path from the crate's root, when it is one of this crate.
    fn absolute(&self, path: Vec<String>) -> (bool, Vec<String>) {
        let is_child = |first: &String| {
            let mut modules = self.modules.iter();
            modules.any(|module| module.path.split_last() == Some((first, self.here)))
        };
        let (base, names) = match path.as_slice() {
            [first, rest @ ..] if first == "crate" => (&[][..], rest),
            [first, ..] if first == "self" || first == "super" => {
                let relative = path.iter().take_while(|name| *name == "self" || *name == "super");
                let (length, up) = relative.fold((0, 0), |(length, up), name| {
                    (length + 1, up + usize::from(name == "super"))
                });
                (&self.here[..self.here.len().saturating_sub(up)], &path[length..])
            }
            [first, ..] if is_child(first) => (self.here, path.as_slice()),
            _ => return (false, path),
        };
        (true, [base, names].concat())
    }

    fn is(&self, at: usize, expected: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(expected))
    }
}
