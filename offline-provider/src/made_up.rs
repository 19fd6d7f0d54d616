//! Values for what a real provider learns from the cloud: the same in every run, and of the right type and form.

use sha2::{Digest as _, Sha256};

use crate::schema::{Block, Schema};
use crate::value::{Object, Value};

/// Identifiers of the account, which are the same for all resources.
const OF_THE_ACCOUNT: [&str; 2] = ["tenant_id", "subscription_id"];
const ZERO: &str = "00000000-0000-0000-0000-000000000000";

/// Attributes whose values are UUIDs.
const UUIDS: [&str; 3] = ["client_id", "object_id", "principal_id"];

/// Replaces every unknown value of a resource.
pub fn resolve(type_name: &str, schema: &Schema, object: &mut Object) {
    if object.get("id").is_some_and(Value::is_unknown) {
        set_id(schema, object);
    }
    resolve_block(&schema.block, object, &[type_name]);
}

/// An id of the right form, with the resource's own name. An id that ends in a version has the name before it.
fn set_id(schema: &Schema, object: &mut Object) {
    let Some(example) = &schema.id_example else {
        return;
    };
    let (head, last) = example.rsplit_once('/').unwrap_or(("", example.as_str()));
    let name = object.get("name").and_then(Value::as_text).map(str::to_owned);
    let has_version = schema.block.attributes.contains_key("versionless_id");
    let id = match name {
        Some(name) if has_version => {
            let (head, _) = head.rsplit_once('/').unwrap_or_default();
            let versionless = format!("{head}/{name}");
            object.insert("versionless_id".to_owned(), Value::text(&versionless));
            format!("{versionless}/{last}")
        }
        Some(name) if last.chars().all(|it| it.is_alphanumeric() || "._-".contains(it)) => {
            format!("{head}/{name}")
        }
        _ => example.clone(),
    };
    object.insert("id".to_owned(), Value::text(id));
}

fn resolve_block(block: &Block, object: &mut Object, path: &[&str]) {
    let label = object.get("name").and_then(Value::as_text).map(str::to_owned);
    let labelled: Vec<&str> = path.iter().copied().chain(label.as_deref()).collect();
    for (name, attribute) in &block.attributes {
        let Some(value) = object.get_mut(name) else {
            continue;
        };
        let path = [labelled.as_slice(), &[name.as_str()]].concat();
        if value.is_unknown() {
            let any = serde_json::Value::Null;
            *value = made_up(&path, attribute.r#type.as_ref().unwrap_or(&any));
        } else if let Some(nested) = &attribute.nested {
            for object in value.objects_mut(nested.nesting) {
                resolve_block(&nested.block, object, &path);
            }
        }
    }
    for (name, nested) in &block.blocks {
        let Some(value) = object.get_mut(name) else {
            continue;
        };
        if value.is_unknown() {
            *value = Value::List(Vec::new());
        }
        for object in value.objects_mut(nested.nesting) {
            resolve_block(&nested.block, object, &[path, &[name.as_str()]].concat());
        }
    }
}

/// A value of the type, which is as cty writes it in JSON.
fn made_up(path: &[&str], r#type: &serde_json::Value) -> Value {
    let kind = r#type.as_str().or_else(|| r#type.get(0)?.as_str());
    match kind {
        Some("string") => Value::text(text(path)),
        Some("number") => Value::Leaf(0.into()),
        Some("bool") => Value::Leaf(false.into()),
        Some("list" | "set") => Value::List(Vec::new()),
        Some("map") => Value::Object(Object::new()),
        Some("object") => {
            let members = r#type.get(1).and_then(serde_json::Value::as_object);
            let member = |(name, of): (&String, &serde_json::Value)| {
                (name.clone(), made_up(&[path, &[name.as_str()]].concat(), of))
            };
            Value::Object(members.into_iter().flatten().map(member).collect())
        }
        _ => Value::NULL,
    }
}

fn text(path: &[&str]) -> String {
    let name = path.last().copied().unwrap_or_default();
    let joined = path.join("/");
    let digest = format!("{:x}", Sha256::digest(&joined));
    if OF_THE_ACCOUNT.contains(&name) {
        ZERO.to_owned()
    } else if UUIDS.contains(&name) {
        // Version 8 is for values of an application's own making (RFC 9562).
        let parts = [
            &digest[..8],
            &digest[8..12],
            &digest[13..16],
            &digest[17..20],
            &digest[20..32],
        ];
        format!(
            "{}-{}-8{}-8{}-{}",
            parts[0], parts[1], parts[2], parts[3], parts[4]
        )
    } else {
        format!("{joined}-{}", &digest[..6])
    }
}
