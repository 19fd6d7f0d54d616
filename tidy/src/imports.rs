//! The import graph of a crate: `use` and inline paths, resolved through re-exports to the defining file.

use std::collections::HashSet;

use super::{
    modules::{Module, Scope},
    tokens::{Kind, Token},
};

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
                for to in self.resolve(&reference.path, 0) {
                    let below = self.modules[to].path.starts_with(&module.path);
                    let used = reference
                        .alias
                        .as_ref()
                        .is_none_or(|alias| mentioned.contains(alias.as_str()));
                    if to != from && !(reference.exported && below && !used) {
                        edges.push(Edge {
                            from,
                            to,
                            line: reference.line,
                        });
                    }
                }
            }
        }
        edges
    }

    /// The modules that define the item of a path of this crate.
    fn resolve(&self, path: &[String], depth: usize) -> Vec<usize> {
        let known = |length: usize| {
            self.modules
                .iter()
                .position(|module| module.path == path[..length])
        };
        let Some((at, length)) = (0..=path.len())
            .rev()
            .find_map(|length| Some((known(length)?, length)))
        else {
            return Vec::new();
        };
        let Some(name) = path
            .get(length)
            .filter(|name| !self.modules[at].items.contains(*name))
        else {
            return vec![at];
        };
        if depth > 16 {
            return vec![at]; // cyclic re-exports
        }
        let follow = |target: &Reference, rest: &[String]| {
            let path: Vec<String> = target.path.iter().chain(rest).cloned().collect();
            self.resolve(&path, depth + 1)
        };
        let aliases = || self.references[at].iter().filter(|reference| reference.own);
        if let Some(alias) = aliases().find(|reference| reference.alias.as_ref() == Some(name)) {
            return follow(alias, &path[length + 1..]);
        }
        let globs = aliases().filter(|reference| reference.alias.as_deref() == Some("*"));
        let defining = |module: &usize| self.modules[*module].items.contains(name);
        globs
            .flat_map(|glob| follow(glob, &path[length..]))
            .find(defining)
            .map_or_else(|| vec![at], |module| vec![module])
    }
}

/// The identifiers of a file outside `use`.
fn mentioned(tokens: &[Token]) -> HashSet<&str> {
    let mut in_use = false;
    let mut words = HashSet::new();
    for token in tokens {
        in_use = token.is_word("use") || in_use && !token.is_sign(';');
        words.extend(token.word().filter(|_| !in_use));
    }
    words
}

fn references(modules: &[Module], module: &Module) -> Vec<Reference> {
    let tokens = &module.tokens;
    let mut scope = Scope::default();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        scope.step(tokens, at);
        let here: Vec<String> = module.path.iter().cloned().chain(scope.names()).collect();
        let mut walk = Walk {
            modules,
            here: &here,
            tokens,
            at,
            exported: false,
            import: false,
            found: &mut found,
        };
        if tokens[at].is_word("use") && !walk.is_sign(at + 1, '<') {
            walk.exported = at.checked_sub(1).is_some_and(|before| {
                tokens[before].is_word("pub") || tokens[before].kind == Kind::Close(')')
            });
            walk.import = true;
            walk.at += 1;
            walk.skip_colons();
            walk.tree(&[]);
            at = walk.at;
        } else if tokens[at].word().is_some() && walk.is_path(at + 1) && !(at >= 2 && walk.is_path(at - 2)) {
            walk.tree(&[]);
            at = walk.at;
        } else {
            at += 1;
        }
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
            match self.tokens.get(self.at).map(|token| &token.kind) {
                Some(Kind::Word(word)) => path.push(word.clone()),
                Some(Kind::Sign('*')) if self.import => path.push("*".to_owned()),
                Some(Kind::Open('{')) if self.import => return self.branches(&path),
                _ => break,
            }
            self.at += 1;
            if !self.is_path(self.at) {
                break;
            }
            self.at += 2;
        }
        let mut alias = path.last().cloned();
        if self.import && self.tokens.get(self.at).is_some_and(|token| token.is_word("as")) {
            alias = self
                .tokens
                .get(self.at + 1)
                .and_then(|token| token.word().map(str::to_owned));
            self.at += 2;
        }
        self.record(path, alias, line);
    }

    /// `{a, b::c, d as e}` after a path.
    fn branches(&mut self, prefix: &[String]) {
        self.at += 1;
        while let Some(token) = self.tokens.get(self.at) {
            match token.kind {
                Kind::Close('}') => {
                    self.at += 1;
                    return;
                }
                Kind::Word(_) | Kind::Open('{') | Kind::Sign('*') => self.tree(prefix),
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
        let mut base = self.here.to_vec();
        let mut names = path.iter().peekable();
        match names.peek().map(|first| first.as_str()) {
            Some("crate") => {
                base.clear();
                names.next();
            }
            Some("self" | "super") => {
                while let Some(word) = names.next_if(|word| *word == "self" || *word == "super") {
                    if word == "super" {
                        base.pop();
                    }
                }
            }
            Some(first) => {
                let child: Vec<&str> = base.iter().map(String::as_str).chain([first]).collect();
                if !self.modules.iter().any(|module| module.path == child) {
                    return (false, path);
                }
            }
            None => return (false, path),
        }
        base.extend(names.cloned());
        (true, base)
    }

    fn skip_colons(&mut self) {
        while self.is_sign(self.at, ':') {
            self.at += 1;
        }
    }

    fn is_path(&self, at: usize) -> bool {
        self.is_sign(at, ':') && self.is_sign(at + 1, ':')
    }

    fn is_sign(&self, at: usize, sign: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_sign(sign))
    }
}
