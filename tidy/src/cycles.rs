//! Rule: no crate of the workspace has an import cycle between its modules.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::finding::Findings;
use crate::imports::{Edge, Imports};
use crate::modules::{modules, roots};
use crate::tokens::Tests;
use crate::tree::Tree;

/// Reports the shortest cycle through each module that is in one, once.
pub(super) fn check(tree: &Tree, findings: &mut Findings) {
    for root in roots(tree) {
        let modules = modules(tree, &root, Tests::Excluded);
        let edges = Imports::of(&modules).edges();
        let mut reported = HashSet::new();
        for start in 0..modules.len() {
            if reported.contains(&start) {
                continue;
            }
            let Some(cycle) = shortest_cycle(start, &edges) else {
                continue;
            };
            reported.extend(cycle.iter().map(|edge| edge.from));
            let steps = cycle.iter().map(|edge| edge.from).chain([start]);
            let names: Vec<String> = steps.map(|module| modules[module].name()).collect();
            let what = format!("import cycle: {}", names.join(" → "));
            findings.add(&modules[start].file, cycle[0].line, what);
        }
    }
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
    use crate::finding::found;

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let manifest = ("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n");
        found(check, &[&[manifest], files].concat())
    }

    #[test]
    fn a_cycle_over_three_modules_is_found_once() {
        let found = findings(&[
            ("a/src/main.rs", "mod x; mod y; mod z; struct Local; fn main() {}"),
            ("a/src/x.rs", "\nuse crate::y::Y;"),
            ("a/src/y.rs", "fn f() -> super::z::Z {}"),
            ("a/src/z.rs", "use crate::Local;\nuse crate::x;"),
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
        assert_eq!(found, ["a/src/p/mod.rs:1: import cycle: p → p::child → p"]);
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
