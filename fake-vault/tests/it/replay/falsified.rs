//! The comparison can fail: each change of a recorded answer is a difference from the answer that was given.

use serde_json::{Value, json};

use crate::replay::bindings::Bindings;
use crate::replay::comparison::differences;
use crate::replay::transcript::Entry;
use crate::support::client::Answer;

/// Changes every value of the recorded answer, one at a time, and names the changes that make no difference.
pub fn undetected(entry: &Entry, answer: &Answer, bindings: &Bindings) -> Vec<String> {
    let mut undetected = Vec::new();
    let mut check = |what: &str, changed: &Entry| {
        if differences(changed, answer, &mut bindings.clone()).is_empty() {
            undetected.push(format!("a changed {what} is not noticed"));
        }
    };
    let mut changed = entry.clone();
    changed.response.status += 1;
    check("status", &changed);
    if entry.varies.is_some() {
        return undetected;
    }
    for name in entry.response.headers.keys() {
        let mut changed = entry.clone();
        changed.response.headers.insert(name.clone(), "x".to_owned());
        check(name, &changed);
    }
    let mut pointers = Vec::new();
    values_below(&entry.response.body, "", &mut pointers);
    for pointer in pointers {
        let mut changed = entry.clone();
        change(changed.response.body.pointer_mut(&pointer).unwrap());
        check(&format!("value at {pointer:?}"), &changed);
    }
    undetected
}

/// The JSON pointers of all values.
fn values_below(value: &Value, pointer: &str, pointers: &mut Vec<String>) {
    pointers.push(pointer.to_owned());
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                values_below(value, &format!("{pointer}/{name}"), pointers);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                values_below(item, &format!("{pointer}/{at}"), pointers);
            }
        }
        _ => {}
    }
}

/// Changes a value so that no answer can have it.
pub fn change(value: &mut Value) {
    match value {
        Value::Null => *value = json!("x"),
        Value::Bool(flag) => *flag = !*flag,
        Value::Number(number) => *value = json!(number.as_i64().unwrap() + 10_000_000_000),
        Value::String(text) => text.push('x'),
        Value::Array(items) => items.push(json!("x")),
        Value::Object(fields) => drop(fields.insert("x".to_owned(), json!(1))),
    }
}
