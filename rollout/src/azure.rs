//! What `az` prints about apps, revisions, jobs and executions.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// An app's traffic rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Whether several revisions may be active.
    pub has_many_revisions: bool,
    /// The last revision that became ready.
    pub latest_ready: Option<String>,
    /// The rules.
    pub traffic: Vec<Share>,
    /// The image of the template.
    pub image: Option<String>,
    /// The suffix of the template.
    pub suffix: Option<String>,
}

/// One traffic rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// `None`: the latest revision, whichever it is.
    pub revision: Option<String>,
    /// In percent.
    pub weight: u64,
}

/// A revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its name.
    pub name: String,
    /// Whether it has replicas, or may have.
    pub is_active: bool,
    /// In percent.
    pub weight: u64,
    /// Its own address.
    pub fqdn: Option<String>,
    /// Its images.
    pub images: Vec<String>,
    /// Whether it works.
    pub health: Health,
    /// `healthState`, `runningState` and `provisioningState`.
    pub states: String,
}

/// The health of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It runs and its probes succeed.
    Healthy,
    /// It may become healthy.
    NotYet,
    /// It failed for good.
    Failed,
}

/// The state of a job's execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Execution {
    /// It runs.
    Running,
    /// It succeeded.
    Succeeded,
    /// It ended otherwise.
    Ended(String),
}

/// Reads `az containerapp show`.
pub fn app(json: &Value) -> Result<App> {
    let properties = &json["properties"];
    let mode = properties.pointer("/configuration/activeRevisionsMode");
    Ok(App {
        has_many_revisions: mode.and_then(Value::as_str) == Some("Multiple"),
        latest_ready: text(&properties["latestReadyRevisionName"]),
        traffic: traffic(
            properties
                .pointer("/configuration/ingress/traffic")
                .unwrap_or(&Value::Null),
        )?,
        image: images(&properties["template"]).into_iter().next(),
        suffix: text(&properties["template"]["revisionSuffix"]),
    })
}

/// Reads traffic rules, as `az containerapp ingress traffic set` prints them.
pub fn traffic(json: &Value) -> Result<Vec<Share>> {
    let rules = json.as_array().context("no traffic rules")?;
    rules
        .iter()
        .map(|rule| {
            let is_latest = rule["latestRevision"].as_bool() == Some(true);
            let revision = text(&rule["revisionName"]);
            ensure!(
                is_latest || revision.is_some(),
                "a traffic rule without a revision"
            );
            Ok(Share {
                revision: revision.filter(|_| !is_latest),
                weight: rule["weight"].as_u64().unwrap_or(0),
            })
        })
        .collect()
}

/// Reads `az containerapp revision list`.
pub fn revisions(json: &Value) -> Result<Vec<Revision>> {
    json.as_array()
        .context("no list of revisions")?
        .iter()
        .map(revision)
        .collect()
}

/// Reads `az containerapp revision show`.
pub fn revision(json: &Value) -> Result<Revision> {
    let properties = &json["properties"];
    let state = |name: &str| properties[name].as_str().unwrap_or("None");
    let (health, running, provisioning) = (
        state("healthState"),
        state("runningState"),
        state("provisioningState"),
    );
    Ok(Revision {
        name: text(&json["name"]).context("a revision without a name")?,
        is_active: properties["active"].as_bool().unwrap_or(false),
        weight: properties["trafficWeight"].as_u64().unwrap_or(0),
        fqdn: text(&properties["fqdn"]),
        images: images(&properties["template"]),
        health: match (health, running, provisioning) {
            (_, "Failed" | "ActivationFailed", _) | (_, _, "Failed") => Health::Failed,
            ("Healthy", "Running" | "RunningAtMaxScale", "Provisioned") => Health::Healthy,
            _ => Health::NotYet,
        },
        states: format!("health {health}, {running}, {provisioning}"),
    })
}

/// The images of `az containerapp job show`.
pub fn job_images(json: &Value) -> Vec<String> {
    images(&json["properties"]["template"])
}

/// Names of `az containerapp job execution list`.
pub fn executions(json: &Value) -> Result<Vec<String>> {
    let list = json.as_array().context("no list of executions")?;
    list.iter()
        .map(|execution| name(execution, "an execution"))
        .collect()
}

/// The names of those that have not ended, of `az containerapp job execution list`.
pub fn running(json: &Value) -> Result<Vec<String>> {
    let list = json.as_array().context("no list of executions")?;
    list.iter()
        .filter(|json| matches!(execution(json), Ok(Execution::Running)))
        .map(|execution| name(execution, "an execution"))
        .collect()
}

/// The name that `az containerapp job start` prints.
pub fn started(json: &Value) -> Result<String> {
    name(json, "the started execution")
}

/// Reads `az containerapp job execution show`.
pub fn execution(json: &Value) -> Result<Execution> {
    match status(json) {
        Some("Running" | "Processing" | "Unknown") => Ok(Execution::Running),
        Some("Succeeded") => Ok(Execution::Succeeded),
        Some(other) => Ok(Execution::Ended(other.to_owned())),
        None => bail!("an execution without a status"),
    }
}

/// Some versions print `status` at the top.
fn status(execution: &Value) -> Option<&str> {
    let nested = execution.pointer("/properties/status").and_then(Value::as_str);
    nested.or_else(|| execution["status"].as_str())
}

fn images(template: &Value) -> Vec<String> {
    let containers = template["containers"].as_array().into_iter().flatten();
    containers
        .filter_map(|container| text(&container["image"]))
        .collect()
}

fn name(json: &Value, what: &str) -> Result<String> {
    text(&json["name"]).with_context(|| format!("{what} has no name"))
}

fn text(json: &Value) -> Option<String> {
    json.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_status_of_an_execution_is_read_in_both_places() {
        for (json, expected) in [
            (json!({"properties": {"status": "Running"}}), Execution::Running),
            (
                json!({"properties": {"status": null}, "status": "Processing"}),
                Execution::Running,
            ),
            (json!({"status": "Succeeded"}), Execution::Succeeded),
            (
                json!({"properties": {"status": "Succeeded"}}),
                Execution::Succeeded,
            ),
            (
                json!({"properties": {"status": "Failed"}}),
                Execution::Ended("Failed".to_owned()),
            ),
            (
                json!({"status": "Degraded"}),
                Execution::Ended("Degraded".to_owned()),
            ),
        ] {
            assert_eq!(execution(&json).unwrap(), expected);
        }
        assert!(execution(&json!({"properties": {}})).is_err());
    }

    #[test]
    fn executions_that_have_not_ended_are_found() {
        let list = json!([
            {"name": "m-1", "properties": {"status": "Succeeded"}},
            {"name": "m-2", "properties": {"status": "Running"}},
            {"name": "m-3", "status": "Processing"},
            {"name": "m-4", "properties": {}},
            {"name": "m-5", "properties": {"status": "Unknown"}},
        ]);
        assert_eq!(running(&list).unwrap(), ["m-2", "m-3", "m-5"]);
    }

    #[test]
    fn a_revision_is_healthy_only_when_all_three_states_are_good() {
        let health = |health: &str, running: &str, provisioning: &str| {
            let properties = json!({
                "healthState": health, "runningState": running, "provisioningState": provisioning,
            });
            revision(&json!({"name": "app--1", "properties": properties}))
                .unwrap()
                .health
        };
        assert_eq!(health("Healthy", "Running", "Provisioned"), Health::Healthy);
        assert_eq!(
            health("Healthy", "RunningAtMaxScale", "Provisioned"),
            Health::Healthy
        );
        assert_eq!(health("None", "Running", "Provisioned"), Health::NotYet);
        assert_eq!(health("Healthy", "Activating", "Provisioned"), Health::NotYet);
        assert_eq!(health("Healthy", "Running", "Provisioning"), Health::NotYet);
        assert_eq!(health("Unhealthy", "Degraded", "Provisioned"), Health::NotYet);
        assert_eq!(
            health("Unhealthy", "ActivationFailed", "Provisioned"),
            Health::Failed
        );
        assert_eq!(health("None", "None", "Failed"), Health::Failed);
    }

    #[test]
    fn a_rule_for_the_latest_revision_names_none() {
        let rules = json!([
            {"latestRevision": true, "revisionName": "", "weight": 0},
            {"revisionName": "app--1", "weight": 100},
        ]);
        let shares = traffic(&rules).unwrap();
        assert_eq!(shares[0].revision, None);
        assert_eq!(
            (shares[1].revision.as_deref(), shares[1].weight),
            (Some("app--1"), 100)
        );
        assert!(traffic(&json!([{"weight": 100}])).is_err());
        assert!(traffic(&json!({})).is_err());
    }
}
