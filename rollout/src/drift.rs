//! Drift as findings: one for each attribute that was changed outside of Terraform, or that an apply would change.

use anyhow::Result;
use harness::checksum;
use serde_json::{Value, json};

use crate::config::Owned;
use crate::plan_json::{self, Attribute, Change};

/// A kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The resource is not as Terraform recorded it.
    ChangedOutside,
    /// The configuration is not applied.
    NotApplied,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub rule: Rule,
    /// The resource.
    pub address: String,
    /// The attribute; empty for a whole resource.
    pub attribute: String,
    /// One line.
    pub message: String,
}

impl Rule {
    /// Its id.
    pub fn id(self) -> &'static str {
        match self {
            Rule::ChangedOutside => "drift-changed-outside",
            Rule::NotApplied => "drift-not-applied",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Rule::ChangedOutside => "A resource was changed outside of Terraform.",
            Rule::NotApplied => "The environment differs from its configuration.",
        }
    }
}

/// The findings of a plan, without what the deploy itself changes.
///
/// # Errors
/// When it is no plan.
pub fn findings(plan: &Value, owned: &[Owned]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (rule, changes) in [
        (Rule::ChangedOutside, plan_json::drift(plan)?),
        (Rule::NotApplied, plan_json::changes(plan)?),
    ] {
        for change in &changes {
            findings.extend(of_change(rule, change, owned));
        }
    }
    Ok(findings)
}

fn of_change(rule: Rule, change: &Change, owned: &[Owned]) -> Vec<Finding> {
    let finding = |attribute: &str, what: String| Finding {
        rule,
        address: change.address.clone(),
        attribute: attribute.to_owned(),
        message: format!("{}{what}", change.address),
    };
    // A resource that is missing or superfluous is one finding.
    if change.actions != ["update"] {
        let what = match rule {
            Rule::ChangedOutside => " was deleted or replaced outside of Terraform".to_owned(),
            Rule::NotApplied => format!(": an apply would {}", change.actions.join(" and ")),
        };
        return vec![finding("", what)];
    }
    let is_owned = |attribute: &&Attribute| {
        owned.iter().any(|owned| {
            owned.resource == change.kind
                && attribute
                    .path
                    .strip_prefix(&owned.attribute)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    let attributes = change.attributes.iter().filter(|attribute| !is_owned(attribute));
    attributes
        .map(|attribute| {
            let (before, after) = attribute.shown();
            let what = match rule {
                Rule::ChangedOutside => {
                    format!(": {} is {after}, Terraform recorded {before}", attribute.path)
                }
                Rule::NotApplied => {
                    format!(": {} is {before}, the configuration says {after}", attribute.path)
                }
            };
            finding(&attribute.path, what)
        })
        .collect()
}

/// SARIF 2.1.0. GitHub requires a file: the root module's.
pub fn sarif(findings: &[Finding], root: &str) -> Value {
    let rules = [Rule::ChangedOutside, Rule::NotApplied].map(|rule| {
        json!({
            "id": rule.id(),
            "shortDescription": {"text": rule.description()},
            "defaultConfiguration": {"level": "error"},
        })
    });
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let key = format!("{} {} {}", finding.rule.id(), finding.address, finding.attribute);
            json!({
                "ruleId": finding.rule.id(),
                "level": "error",
                "message": {"text": finding.message},
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": {"uri": format!("{root}/main.tf")},
                        "region": {"startLine": 1},
                    },
                    "logicalLocations": [{"fullyQualifiedName": finding.address, "kind": "resource"}],
                }],
                "partialFingerprints": {"drift/v1": checksum::of(key)},
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "deploy-drift", "rules": rules}},
            "results": results,
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: &str, actions: &[&str], before: &Value, after: &Value, sensitive: &Value) -> Value {
        json!({"address": format!("{kind}.a"), "type": kind, "mode": "managed", "change": {
            "actions": actions, "before": before, "after": after, "after_unknown": {},
            "before_sensitive": sensitive, "after_sensitive": sensitive,
        }})
    }

    /// L10: Drift is one finding for each changed attribute, without sensitive values and without what the deploy changes.
    #[test]
    fn each_changed_attribute_is_a_finding() {
        let (before, after) = (
            json!({"size": 1, "password": "canary-1", "rules": [{"w": 90}]}),
            json!({"size": 2, "password": "canary-2", "rules": [{"w": 10}]}),
        );
        let sensitive = json!({"password": true});
        let plan = json!({
            "format_version": "1.2",
            "resource_drift": [change("app", &["update"], &before, &after, &sensitive)],
            "resource_changes": [
                change("app", &["update"], &after, &before, &sensitive),
                change("lock", &["delete", "create"], &json!({"id": 1}), &json!({"id": 2}), &json!(false)),
                change("net", &["no-op"], &json!({}), &json!({}), &json!(false)),
            ],
        });
        let owned = [Owned {
            resource: "app".to_owned(),
            attribute: "rules.0".to_owned(),
            reason: "ours".to_owned(),
        }];
        let findings = findings(&plan, &owned).unwrap();
        let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "app.a: password is (sensitive), Terraform recorded (sensitive)",
                "app.a: size is 2, Terraform recorded 1",
                "app.a: password is (sensitive), the configuration says (sensitive)",
                "app.a: size is 2, the configuration says 1",
                "lock.a: an apply would delete and create",
            ]
        );
        let sarif = sarif(&findings, "terraform/environments/dev");
        assert!(!sarif.to_string().contains("canary"));
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), 5);
        assert_eq!(results[1]["ruleId"], "drift-changed-outside");
        let prints: std::collections::BTreeSet<String> = results
            .iter()
            .map(|result| result["partialFingerprints"].to_string())
            .collect();
        assert_eq!(prints.len(), 5, "each finding is distinguished");
    }
}
