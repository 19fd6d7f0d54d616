//! What a plan adds to the configuration: defaults, unknown values for computed ones, null for write-only ones.
//!
//! Three habits of Terraform's SDKv2, which most providers are built on, are imitated, as policies over plans meet them: a list with one
//! unknown element is unknown as a whole; a computed block that is left out is unknown; unset strings and lists in elements of a set
//! are empty.

use crate::schema::{Attribute, Block, Nesting};
use crate::value::{Object, Value};

/// Completes `new`. `old` is the state, if the resource exists.
pub fn complete(block: &Block, new: &mut Object, old: Option<&Object>) {
    complete_block(block, new, old, false);
}

fn complete_block(block: &Block, new: &mut Object, old: Option<&Object>, in_set: bool) {
    for (name, attribute) in &block.attributes {
        let value = new.entry(name.clone()).or_insert(Value::NULL);
        if attribute.write_only {
            *value = Value::NULL;
        } else if attribute.is_collection() && value.has_unknown_element() {
            *value = Value::unknown();
        } else if value.is_null() {
            *value = unset(attribute, name, old, in_set);
        } else if let Some(nested) = &attribute.nested {
            let before = old.and_then(|old| old.get(name));
            complete_each(&nested.block, nested.nesting, value, before);
        }
    }
    for (name, nested) in &block.blocks {
        let value = new.entry(name.clone()).or_insert(Value::NULL);
        let before = old.and_then(|old| old.get(name));
        complete_each(&nested.block, nested.nesting, value, before);
        if nested.computed && value.is_empty_list() {
            *value = match old {
                None => Value::unknown(),
                Some(_) => before.cloned().unwrap_or(Value::NULL),
            };
        }
    }
}

/// The value of an attribute that the configuration does not set.
fn unset(attribute: &Attribute, name: &str, old: Option<&Object>, in_set: bool) -> Value {
    match (&attribute.default, old) {
        (Some(default), _) => default.into(),
        (None, None) if attribute.computed => Value::unknown(),
        (None, Some(old)) if attribute.computed => old.get(name).cloned().unwrap_or(Value::NULL),
        _ if in_set && attribute.is_collection() => Value::List(Vec::new()),
        _ if in_set && attribute.is_string() => Value::text(""),
        _ => Value::NULL,
    }
}

fn complete_each(block: &Block, nesting: Nesting, value: &mut Value, before: Option<&Value>) {
    let before = before.map(|before| before.objects(nesting)).unwrap_or_default();
    for (index, object) in value.objects_mut(nesting).into_iter().enumerate() {
        let old = if nesting == Nesting::Set {
            before.iter().find(|old| is_state_of(block, object, old))
        } else {
            before.get(index)
        };
        let old = old.copied();
        complete_block(block, object, old, nesting == Nesting::Set);
    }
}

/// Whether `old` is the state of the configured element `new`: all that is configured is equal.
fn is_state_of(block: &Block, new: &Object, old: &Object) -> bool {
    let attributes = block.attributes.keys().all(|name| {
        let value = new.get(name).unwrap_or(&Value::NULL);
        value.is_null() || value.is_unknown() || old.get(name) == Some(value)
    });
    let blocks = || {
        block.blocks.iter().all(|(name, nested)| {
            let objects = |of: &'_ Object| -> Vec<Object> {
                let value = of.get(name).map(|value| value.objects(nested.nesting));
                value.unwrap_or_default().into_iter().cloned().collect()
            };
            let (mine, theirs) = (objects(new), objects(old));
            let is_in_theirs = |mine: &Object| theirs.iter().any(|one| is_state_of(&nested.block, mine, one));
            mine.len() == theirs.len() && mine.iter().all(is_in_theirs)
        })
    };
    attributes && blocks()
}
