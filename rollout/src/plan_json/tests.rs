//! What a plan changes, and what exceeds an approved one.

use serde_json::json;

use super::*;

fn plan(change: Value) -> Value {
    let mut entry = json!({"address": "x.a", "type": "x", "mode": "managed"});
    entry["change"] = change;
    json!({"format_version": "1.2", "resource_changes": [entry]})
}

fn attributes(change: Value) -> Vec<(String, bool)> {
    let changes = changes(&plan(change)).unwrap();
    let attributes = changes.into_iter().flat_map(|change| change.attributes);
    attributes
        .map(|attribute| (attribute.path, attribute.is_sensitive))
        .collect()
}

#[test]
fn each_changed_attribute_is_listed_once() {
    let found = attributes(json!({
        "actions": ["update"],
        "before": {"a": 1, "b": [{"c": "x"}, {"c": "y"}], "d": {"e": null}, "f": [1, 2], "g": "text", "same": true},
        "after": {"a": 2, "b": [{"c": "x"}, {"c": "z"}], "d": {"e": 5}, "f": [1], "g": {"h": 1}, "same": true},
        "after_unknown": {"b": [{}, {}], "id": true, "same": {}},
        "before_sensitive": {}, "after_sensitive": {"b": [{}, {}]},
    }));
    let expected = ["a", "b.1.c", "d.e", "f.1", "g", "id"].map(|path| (path.to_owned(), false));
    assert_eq!(found, expected);
}

#[test]
fn a_sensitive_value_is_marked_also_by_a_mark_above_it() {
    let change = |mark: Value| {
        json!({
            "actions": ["update"],
            "before": {"secret": [{"value": "a"}]}, "after": {"secret": [{"value": "b"}]}, "after_unknown": {},
            "before_sensitive": mark, "after_sensitive": false,
        })
    };
    let below = attributes(change(json!({"secret": [{"value": true}]})));
    assert_eq!(below, [("secret.0.value".to_owned(), true)]);
    assert_eq!(
        attributes(change(json!({"secret": true}))),
        [("secret".to_owned(), true)]
    );
    assert_eq!(attributes(change(json!(true))), [(String::new(), true)]);
}

#[test]
fn what_is_read_or_unchanged_is_no_change() {
    let mut plan = plan(json!({"actions": ["no-op"], "before": {}, "after": {}}));
    let data = json!({"address": "data.x.a", "type": "x", "mode": "data", "change": {"actions": ["update"]}});
    plan["resource_changes"].as_array_mut().unwrap().push(data);
    assert_eq!(changes(&plan).unwrap(), []);
    assert_eq!(drift(&plan).unwrap(), [], "absent without drift");
    assert!(changes(&json!({})).is_err());
    plan["errored"] = json!(true);
    assert!(changes(&plan).is_err());
}

/// L10: A plan is applied only as far as the approved one goes.
#[test]
fn whatever_the_approved_plan_lacks_is_refused() {
    let change = |address: &str, after: i64| Change {
        address: address.to_owned(),
        kind: "x".to_owned(),
        actions: vec!["update".to_owned()],
        attributes: vec![Attribute {
            path: "size".to_owned(),
            before: json!(1),
            after: After::Known(json!(after)),
            is_sensitive: false,
        }],
    };
    let approved = [change("x.a", 2), change("x.b", 2)];
    assert_eq!(not_approved(&approved, &approved), [""; 0]);
    assert_eq!(not_approved(&[change("x.b", 2)], &approved), [""; 0], "a part");
    assert_eq!(not_approved(&[change("x.c", 2)], &approved), ["x.c (update)"]);
    assert_eq!(not_approved(&[change("x.a", 3)], &approved), ["x.a: size"]);
    let deleted = Change {
        actions: vec!["delete".to_owned()],
        ..change("x.a", 2)
    };
    assert_eq!(not_approved(&[deleted], &approved), ["x.a (delete)"]);
    let mut moved = change("x.a", 2);
    moved.attributes[0].before = json!(9);
    assert_eq!(
        not_approved(&[moved], &approved),
        ["x.a: size"],
        "from another value"
    );
}

/// L10: The first part of a deploy decides values that the approved plan left open.
#[test]
fn a_value_that_was_unknown_may_become_known() {
    let change = |before: i64, after: After| Change {
        address: "x.a".to_owned(),
        kind: "x".to_owned(),
        actions: vec!["update".to_owned()],
        attributes: vec![Attribute {
            path: "id".to_owned(),
            before: json!(before),
            after,
            is_sensitive: false,
        }],
    };
    let approved = [change(1, After::Unknown)];
    let known = change(1, After::Known(json!(2)));
    assert_eq!(not_approved(std::slice::from_ref(&known), &approved), [""; 0]);
    let other = change(9, After::Known(json!(2)));
    assert_eq!(
        not_approved(&[other], &approved),
        ["x.a: id"],
        "from another value"
    );
    assert_eq!(
        not_approved(&approved, &[known]),
        ["x.a: id"],
        "unknown instead of known"
    );
}

/// L10: A list that was unknown as a whole is approved when its elements are known, and only from the values that were approved.
#[test]
fn parts_of_a_value_that_was_unknown_may_become_known() {
    let of = |before: Value, after: Value, unknown: Value| {
        let change = json!({
            "actions": ["update"], "before": {"ids": before, "ids_of_others": ["x"]}, "after": after, "after_unknown": unknown,
            "before_sensitive": {}, "after_sensitive": {},
        });
        changes(&plan(change)).unwrap()
    };
    let approved = of(
        json!(["a", "b"]),
        json!({"ids_of_others": ["x"]}),
        json!({"ids": true}),
    );
    let known = |before: Value, others: Value| {
        of(
            before,
            json!({"ids": ["a", "c", "d"], "ids_of_others": others}),
            json!({}),
        )
    };
    let same = known(json!(["a", "b"]), json!(["x"]));
    assert_eq!(same[0].attributes.len(), 2, "{same:?}");
    assert_eq!(not_approved(&same, &approved), [""; 0]);
    let moved = known(json!(["a", "z"]), json!(["x"]));
    assert_eq!(not_approved(&moved, &approved), ["x.a: ids.1"]);
    let more = known(json!(["a", "b"]), json!(["y"]));
    assert_eq!(not_approved(&more, &approved), ["x.a: ids_of_others.0"]);
}

/// L10: A value that is listed as a whole is not shown if a part of it is sensitive.
#[test]
fn a_whole_with_a_sensitive_part_is_not_shown() {
    let change = json!({
        "actions": ["update"],
        "before": {"secret": [{"name": "a", "value": "canary"}]}, "after": {},
        "after_unknown": {"secret": true},
        "before_sensitive": {"secret": [{"value": true}]}, "after_sensitive": {},
    });
    let found = changes(&plan(change)).unwrap();
    let shown: Vec<String> = found[0]
        .attributes
        .iter()
        .map(|attribute| attribute.shown().0)
        .collect();
    assert_eq!(shown, ["(sensitive)"]);
    assert!(!found[0].attributes.is_empty());
}
