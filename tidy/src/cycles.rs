//! Rule: no crate of the workspace has an import cycle between its modules.

use std::collections::{HashMap, VecDeque};

use super::{
    finding::Finding,
    imports::{Edge, Imports},
    modules::{modules, roots},
    tokens::Tests,
    tree::Tree,
};

/// Reports the shortest cycle through each module that is in one, once.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for root in roots(tree) {
        let modules = modules(tree, &root, Tests::Excluded);
        let edges = Imports::of(&modules).edges();
        let mut told = vec![false; modules.len()];
        for start in 0..modules.len() {
            if told[start] {
                continue;
            }
            let Some(cycle) = shortest_cycle(start, &edges) else {
                continue;
            };
            let name = |module: usize| {
                let path = &modules[module].path;
                if path.is_empty() {
                    "the root".to_owned()
                } else {
                    path.join("::")
                }
            };
            let mut way: Vec<String> = cycle.iter().map(|edge| name(edge.from)).collect();
            way.push(name(start));
            for edge in &cycle {
                told[edge.from] = true;
            }
            let what = format!("import cycle: {}", way.join(" → "));
            findings.push(Finding::new("cycles", &modules[start].file, cycle[0].line, what));
        }
    }
    findings
}

/// Breadth-first search from `start` back to it.
fn shortest_cycle(start: usize, edges: &[Edge]) -> Option<Vec<Edge>> {
    let mut reached: HashMap<usize, Edge> = HashMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(module) = open.pop_front() {
        for edge in edges.iter().filter(|edge| edge.from == module) {
            if reached.contains_key(&edge.to) {
                continue;
            }
            reached.insert(edge.to, *edge);
            if edge.to == start {
                let mut cycle = vec![*edge];
                while cycle[0].from != start {
                    cycle.insert(0, *reached.get(&cycle[0].from)?);
                }
                return Some(cycle);
            }
            open.push_back(edge.to);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let mut all = vec![("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n")];
        all.extend_from_slice(files);
        check(&Tree::of(&all)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_cycle_over_three_modules_is_found_once() {
        let found = findings(&[
            ("a/src/main.rs", "mod x; mod y; mod z; struct Local; fn main() {}"),
            ("a/src/x.rs", "\nuse crate::y::Y;"),
            ("a/src/y.rs", "fn f() -> super::z::Z {}"),
            (
                "a/src/z.rs",
                "use crate::Local;
use crate::x;",
            ),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        let ways = ["x → y → z → x", "y → z → x → y", "z → x → y → z"];
        assert!(ways.iter().any(|way| found[0].ends_with(way)), "{found:?}");
    }

    #[test]
    fn finds_a_child_that_needs_its_parent_which_needs_it() {
        let found = findings(&[
            ("a/src/lib.rs", "mod p;"),
            (
                "a/src/p/mod.rs",
                "mod child; pub struct P; fn f() { child::go() }",
            ),
            ("a/src/p/child.rs", "use super::P; pub fn go() {}"),
        ]);
        assert_eq!(
            found,
            ["a/src/p/mod.rs:1: cycles: import cycle: p → p::child → p"]
        );
    }

    #[test]
    fn a_reexport_of_a_submodule_is_not_a_cycle() {
        let found = findings(&[
            ("a/src/lib.rs", "mod p; pub use p::{One, Two};"),
            (
                "a/src/p/mod.rs",
                "mod one; mod two; pub use one::One; pub use two::*;",
            ),
            ("a/src/p/one.rs", "use super::Two; pub struct One;"),
            (
                "a/src/p/two.rs",
                "pub struct Two; #[cfg(test)] mod tests { use crate::One; }",
            ),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_table_of_contents_that_uses_what_it_lists_is_one() {
        let found = findings(&[
            ("a/src/lib.rs", "mod p;"),
            ("a/src/p/mod.rs", "mod one; pub use one::One; pub struct P(One);"),
            ("a/src/p/one.rs", "use super::P; pub struct One;"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
