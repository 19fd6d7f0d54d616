//! Whether a field that the server returns means the same as the one that was written: it returns durations in seconds, and leaves
//! out some fields that are empty.

use std::net::IpAddr;

use serde_json::Value;

/// Fields that are read under another name.
const READ_AS: [(&str, &str); 1] = [("root_rotation_statements", "root_credentials_rotate_statements")];

/// The names of the wanted fields that the server's object lacks or has otherwise.
pub(crate) fn differences(wanted: &Value, actual: &Value) -> Vec<String> {
    let fields = wanted.as_object().into_iter().flatten();
    let differs = |name: &String, value: &Value| {
        let name = READ_AS
            .iter()
            .find(|(written, _)| written == name)
            .map_or(name.as_str(), |(_, read)| read);
        // A connection returns some of its fields in an object of their own.
        let found = actual
            .get(name)
            .or_else(|| actual["connection_details"].get(name));
        match found {
            None | Some(Value::Null) => !is_empty(value),
            Some(found) => !is_same(value, found),
        }
    };
    let mut names: Vec<String> = fields
        .filter(|(name, value)| differs(name, value))
        .map(|(name, _)| name.clone())
        .collect();
    // The order of members depends on features of the library that other crates enable.
    names.sort_unstable();
    names
}

/// Whether a field means the same as none.
fn is_empty(wanted: &Value) -> bool {
    match wanted {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_u64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

fn is_same(wanted: &Value, actual: &Value) -> bool {
    match (wanted, actual) {
        (Value::String(wanted), Value::Number(actual)) => {
            seconds(wanted).is_some_and(|number| Some(number) == actual.as_u64())
        }
        (Value::String(wanted), Value::String(actual)) => wanted == actual || is_address(wanted, actual),
        (Value::Array(wanted), Value::Array(actual)) => {
            wanted.len() == actual.len()
                && wanted
                    .iter()
                    .zip(actual)
                    .all(|(wanted, actual)| is_same(wanted, actual))
        }
        _ => wanted == actual,
    }
}

/// Whether a network is this one address: some fields are read without the mask of a single address.
fn is_address(network: &str, address: &str) -> bool {
    address.parse::<IpAddr>().is_ok_and(|parsed| {
        let mask = if parsed.is_ipv4() { "/32" } else { "/128" };
        network.strip_suffix(mask) == Some(address)
    })
}

/// `90s`, `10m` and `720h` in seconds.
fn seconds(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn durations_and_nested_fields_are_compared_by_value() {
        let wanted = json!({"ttl": "720h", "period": "90s", "url": "u", "list": ["a"], "on": true});
        let same = json!({"ttl": 2_592_000, "period": 90, "connection_details": {"url": "u"}, "list": ["a"], "on": true, "more": 1});
        assert_eq!(differences(&wanted, &same), Vec::<String>::new());
        let other =
            json!({"ttl": 2_592_001, "period": "90", "connection_details": {"url": "v"}, "list": ["a", "b"]});
        assert_eq!(
            differences(&wanted, &other),
            ["list", "on", "period", "ttl", "url"]
        );
    }

    #[test]
    fn an_empty_field_may_be_left_out_and_a_filled_one_may_not() {
        let wanted = json!({"list": [], "map": {}, "text": "", "number": 0, "flag": false, "root_rotation_statements": []});
        let none = Vec::<String>::new();
        assert_eq!(differences(&wanted, &json!({})), none);
        let nulls = json!({"list": null, "root_credentials_rotate_statements": []});
        assert_eq!(differences(&wanted, &nulls), none);
        let filled = json!({"list": ["*"], "map": {"a": "b"}, "text": "a", "number": 1, "flag": true, "root_credentials_rotate_statements": ["a"]});
        let all = [
            "flag",
            "list",
            "map",
            "number",
            "root_rotation_statements",
            "text",
        ];
        assert_eq!(differences(&wanted, &filled), all);
        assert_eq!(
            differences(&filled, &json!({"list": null})),
            [
                "flag",
                "list",
                "map",
                "number",
                "root_credentials_rotate_statements",
                "text"
            ]
        );
    }

    #[test]
    fn a_network_of_one_address_may_lack_its_mask() {
        let same = |wanted: &str, actual: &str| is_same(&json!([wanted]), &json!([actual]));
        assert!(same("192.0.2.7/32", "192.0.2.7") && same("2001:db8::7/128", "2001:db8::7"));
        for (wanted, actual) in [
            ("192.0.2.7/24", "192.0.2.7"),
            ("192.0.2.7/32", "192.0.2.8"),
            ("192.0.2.7", "192.0.2.7/32"),
            ("2001:db8::7/32", "2001:db8::7"),
            ("name/32", "name"),
        ] {
            assert!(!same(wanted, actual), "{wanted} {actual}");
        }
    }
}
