//! What a plan changes of an app outside of its revisions: it takes effect for the old revision, too, before the smoke test of the new
//! one, and giving the traffic back does not undo it.

use crate::plan_json::Change;

const APP: &str = "azurerm_container_app";
/// Attributes that belong to a revision, or that the deploy itself changes; those below them are included.
const NOT_OF_APP: [&str; 5] = [
    "template",
    "tags",
    "latest_revision_fqdn",
    "latest_revision_name",
    "ingress.0.traffic_weight",
];

/// Addresses and paths of what belongs to the app as a whole; of an app that is deleted or replaced its address and the actions.
pub fn find(changes: &[Change]) -> Vec<String> {
    let existing = changes
        .iter()
        .filter(|change| change.kind == APP && change.actions != ["create"]);
    existing.flat_map(of_app).collect()
}

fn of_app(change: &Change) -> Vec<String> {
    if change.actions != ["update"] {
        return vec![format!("{} ({})", change.address, change.actions.join(", "))];
    }
    let paths = change.attributes.iter().map(|attribute| &attribute.path);
    paths
        .filter(|path| !NOT_OF_APP.iter().any(|other| is_at_or_below(path, other)))
        .map(|path| format!("{}: {path}", change.address))
        .collect()
}

fn is_at_or_below(path: &str, other: &str) -> bool {
    path.strip_prefix(other)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::plan_json;

    fn found(kind: &str, actions: &Value, before: &Value, after: &Value) -> Vec<String> {
        let change = json!({"actions": actions, "before": before, "after": after, "after_unknown": {}});
        let plan = json!({"format_version": "1.2", "resource_changes": [
            {"address": "module.app.x", "type": kind, "mode": "managed", "change": change},
        ]});
        find(&plan_json::changes(&plan).unwrap())
    }

    /// L10: What belongs to the app and not to one of its revisions is found, since no rollback undoes it.
    #[test]
    fn changes_of_the_app_as_a_whole_are_found() {
        let before = json!({
            "ingress": [{"target_port": 3000, "transport": "http", "ip_security_restriction": [{"ip_address_range": "10.0.0.0/24"}],
                "traffic_weight": [{"revision_suffix": "a"}]}],
            "registry": [{"server": "a"}], "identity": [{"identity_ids": ["a"]}], "secret": [{"name": "a"}], "tags": {"commit": "a"},
            "template": [{"revision_suffix": "a", "container": [{"image": "a"}]}], "templates": 1, "latest_revision_name": "app--a",
        });
        let changed = |pointer: &str| {
            let mut after = before.clone();
            *after.pointer_mut(pointer).unwrap() = json!("other");
            found(APP, &json!(["update"]), &before, &after)
        };
        for pointer in [
            "/ingress/0/target_port",
            "/ingress/0/transport",
            "/ingress/0/ip_security_restriction/0/ip_address_range",
            "/registry/0/server",
            "/identity/0/identity_ids/0",
            "/secret/0/name",
            "/templates",
        ] {
            let path = pointer[1..].replace('/', ".");
            assert_eq!(changed(pointer), [format!("module.app.x: {path}")]);
        }
        for pointer in [
            "/template/0/container/0/image",
            "/template/0/revision_suffix",
            "/tags/commit",
            "/ingress/0/traffic_weight/0/revision_suffix",
            "/latest_revision_name",
        ] {
            assert_eq!(changed(pointer), [""; 0], "{pointer}");
        }
    }

    #[test]
    fn an_app_that_is_replaced_or_deleted_is_a_change_of_the_whole() {
        let (app, none) = (json!({"name": "a"}), json!(null));
        let replaced = found(APP, &json!(["delete", "create"]), &app, &json!({"name": "b"}));
        assert_eq!(replaced, ["module.app.x (delete, create)"]);
        let deleted = found(APP, &json!(["delete"]), &app, &none);
        assert_eq!(deleted, ["module.app.x (delete)"]);
        assert_eq!(found(APP, &json!(["create"]), &none, &app), [""; 0]);
        let job = found("azurerm_container_app_job", &json!(["delete"]), &app, &none);
        assert_eq!(job, [""; 0], "a job has no traffic");
    }
}
