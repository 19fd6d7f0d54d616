//! Changes made by hand that the provider reports: `{"TYPE": {"template.0.max_replicas": 99}}`.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use crate::value::{Object, Value};

/// Values by path, by type of resource.
pub type Drift = BTreeMap<String, BTreeMap<String, serde_json::Value>>;

/// Changes a resource of this type.
///
/// # Errors
///
/// If the resource has no such place.
pub fn inject(drift: &Drift, type_name: &str, object: &mut Object) -> Result<()> {
    for (path, value) in drift.get(type_name).into_iter().flatten() {
        set(object, path, value.into()).with_context(|| format!("{type_name} has no {path}"))?;
    }
    Ok(())
}

fn set(object: &mut Object, path: &str, value: Value) -> Option<()> {
    let mut parts = path.split('.');
    let mut place = object.get_mut(parts.next()?)?;
    for part in parts {
        place = match place {
            Value::Object(members) => members.get_mut(part)?,
            Value::List(elements) => elements.get_mut(part.parse::<usize>().ok()?)?,
            Value::Leaf(_) => return None,
        };
    }
    *place = value;
    Some(())
}
