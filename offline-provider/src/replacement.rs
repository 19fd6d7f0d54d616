//! Changes that the real provider cannot make in place, as far as the schema file knows them.

use crate::messages::AttributePath;
use crate::schema::{Block, NestedBlock, Nesting};
use crate::value::{Object, Value};

/// Paths of changed attributes and blocks that have `force_new`.
pub fn causes(block: &Block, new: &Object, old: &Object) -> Vec<AttributePath> {
    let mut found = Vec::new();
    find(block, new, old, &AttributePath::default(), &mut found);
    found
}

fn find(block: &Block, new: &Object, old: &Object, at: &AttributePath, found: &mut Vec<AttributePath>) {
    let of = |object: &Object, name: &str| object.get(name).cloned().unwrap_or(Value::NULL);
    for (name, attribute) in &block.attributes {
        if attribute.force_new && of(new, name) != of(old, name) {
            found.push(at.name(name));
        }
    }
    for (name, nested) in &block.blocks {
        let (after, before) = (of(new, name), of(old, name));
        let (after, before) = (after.objects(nested.nesting), before.objects(nested.nesting));
        if nested.force_new && after.len() != before.len() {
            found.push(at.name(name));
        } else if nested.nesting == Nesting::List {
            for (index, (new, old)) in after.into_iter().zip(before).enumerate() {
                find(&nested.block, new, old, &at.name(name).index(index), found);
            }
        } else if nested.nesting == Nesting::Set && fixed(nested, &after) != fixed(nested, &before) {
            found.push(at.name(name));
        }
    }
}

/// What cannot be changed in the elements of a set, in an order of its own, because a set has none.
fn fixed(nested: &NestedBlock, elements: &[&Object]) -> Vec<String> {
    let attributes = nested.block.attributes.iter();
    let names: Vec<&String> = attributes
        .filter(|(_, attribute)| attribute.force_new)
        .map(|(name, _)| name)
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    let text = |element: &&Object| {
        let values: Vec<_> = names.iter().map(|name| element.get(*name)).collect();
        format!("{values:?}")
    };
    let mut texts: Vec<String> = elements.iter().map(text).collect();
    texts.sort_unstable();
    texts
}
