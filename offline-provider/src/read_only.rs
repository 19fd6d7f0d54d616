//! Values that only the provider sets: SDKv2 refuses a configuration that sets one, Terraform itself does not.

use crate::messages::{AttributePath, Diagnostic};
use crate::schema::{Block, Nesting};
use crate::value::{Object, Value};

/// An error for each of them that is configured.
pub fn check(block: &Block, config: &Object) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    check_block(block, config, &AttributePath::default(), &mut found);
    found
}

fn check_block(block: &Block, config: &Object, at: &AttributePath, found: &mut Vec<Diagnostic>) {
    for (name, attribute) in &block.attributes {
        // SDKv2 describes `id` as optional.
        let is_id = at.steps.is_empty() && name == "id" && !attribute.required;
        let is_set = config.get(name).is_some_and(|value| !value.is_null());
        if is_set && (attribute.is_read_only() || is_id) {
            let detail = format!("Can't configure a value for \"{name}\": it is decided by the provider.");
            let error = Diagnostic::error("Value for unconfigurable attribute", detail);
            found.push(error.at(at.name(name)));
        }
    }
    for (name, nested) in &block.blocks {
        let value = config.get(name).unwrap_or(&Value::NULL);
        for (index, object) in value.objects(nested.nesting).into_iter().enumerate() {
            let mut at = at.name(name);
            if nested.nesting == Nesting::List {
                at = at.index(index);
            }
            check_block(&nested.block, object, &at, found);
        }
    }
}
