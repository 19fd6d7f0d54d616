//! Values of answers, and calls about a lease.

use serde_json::{Value, json};

use crate::contract::target::Target;
use crate::support::client::Answer;

pub fn text(body: &Value, pointer: &str) -> String {
    body.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

pub fn between(value: &Value, low: i64, high: i64) -> bool {
    value
        .as_i64()
        .is_some_and(|number| (low..=high).contains(&number))
}

pub fn lease(target: &Target<'_>, action: &str, token: &str, id: &str, more: &Value) -> Answer {
    let mut body = json!({"lease_id": id});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    target.post(&format!("sys/leases/{action}"), token, &body)
}
