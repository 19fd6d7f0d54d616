//! A resource group with an app, its revisions and traffic, a job, its executions, and long-running operations.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::disruptions::Disruption;
use super::resources::{Execution, Health, Outcome, Revision};

/// A request that was received, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `PATCH`.
    pub method: String,
    /// Below the resource group.
    pub path: String,
    /// The status of the answer; 0 if the connection was closed instead.
    pub status: u16,
    /// The body, unless it is a state of Terraform.
    pub body: String,
}

/// A resource group.
#[derive(Debug)]
pub struct Group {
    /// Everything that was received.
    pub requests: Vec<Request>,
    /// What goes wrong.
    pub disruptions: Vec<Disruption>,
    /// How many requests are held.
    pub held: u32,
    /// Whether held requests may go on.
    pub is_released: bool,
    /// Terraform's state, as it was stored.
    pub state: Option<String>,
    /// Who holds the lock of the state.
    pub state_lock: Option<String>,
    /// The image of the job.
    pub job_image: String,
    /// Of revisions that are created from now on.
    pub health: Health,
    /// Of executions that are started from now on.
    pub outcome: Outcome,
    /// Of the job, oldest first.
    pub executions: Vec<Execution>,
    /// The traffic rules, as the client sent them.
    pub traffic: Vec<Value>,
    /// By name.
    pub revisions: BTreeMap<String, Revision>,
    latest: String,
    /// Changes of the traffic that are not in effect yet, by operation.
    operations: BTreeMap<String, (u32, Vec<Value>)>,
}

impl Default for Group {
    fn default() -> Group {
        Group {
            requests: Vec::new(),
            disruptions: Vec::new(),
            held: 0,
            is_released: false,
            state: None,
            state_lock: None,
            job_image: String::new(),
            health: Health::HealthyAfter(2),
            outcome: Outcome::SucceedsAfter(1),
            executions: Vec::new(),
            traffic: vec![json!({"latestRevision": true, "weight": 100})],
            revisions: BTreeMap::new(),
            latest: String::new(),
            operations: BTreeMap::new(),
        }
    }
}

/// An answer: status, fields and body.
pub type Answer = (u16, Vec<(&'static str, String)>, Value);

impl Group {
    /// Lets held requests go on.
    pub fn release(&mut self) {
        self.is_released = true;
    }

    /// Shares of the traffic by revision, without those of 0.
    pub fn shares(&self) -> BTreeMap<String, u64> {
        let mut shares = BTreeMap::new();
        for rule in &self.traffic {
            let name = if rule["latestRevision"] == true {
                self.latest.clone()
            } else {
                rule["revisionName"].as_str().unwrap().to_owned()
            };
            *shares.entry(name).or_default() += weight(rule);
        }
        shares.retain(|_, weight| *weight > 0);
        shares
    }

    /// Changes of resources, in order: method and path.
    pub fn changes(&self) -> Vec<String> {
        let changes = self
            .requests
            .iter()
            .filter(|request| request.method != "GET" && !request.path.starts_with("state"));
        changes
            .map(|request| format!("{} {}", request.method, request.path))
            .collect()
    }

    /// A new template is a new revision.
    pub fn create_revision(&mut self, suffix: &str, image: &str) {
        let name = format!("app--{suffix}");
        if self.revisions.contains_key(&name) {
            return;
        }
        self.revisions
            .insert(name.clone(), Revision::new(image, self.health));
        self.latest = name;
    }

    /// A request for a path below the group's providers, in lower case.
    pub fn answer(&mut self, base: &str, method: &str, path: &str, body: &str) -> Answer {
        let parts: Vec<&str> = path.split('/').collect();
        match (method, parts.as_slice()) {
            ("GET", ["containerapps", "app"]) if !self.revisions.is_empty() => plain(self.app()),
            ("PATCH", ["containerapps", "app"]) => self.patch(base, body),
            ("GET", ["containerapps", "app", "revisions"]) => {
                let names: Vec<String> = self.revisions.keys().cloned().collect();
                let all: Vec<Value> = names.iter().map(|name| self.revision(name)).collect();
                plain(json!({"value": all}))
            }
            ("GET", ["containerapps", "app", "revisions", name]) if self.revisions.contains_key(*name) => {
                plain(self.revision(name))
            }
            (
                "POST",
                [
                    "containerapps",
                    "app",
                    "revisions",
                    name,
                    change @ ("activate" | "deactivate"),
                ],
            ) => match self.revisions.get_mut(*name) {
                Some(revision) => {
                    revision.is_active = *change == "activate";
                    plain(json!("Success"))
                }
                None => not_found(path),
            },
            ("GET", ["jobs", "migrate"]) if !self.job_image.is_empty() => plain(self.job()),
            ("POST", ["jobs", "migrate", "start"]) => {
                let name = format!("migrate-{}", self.executions.len());
                self.executions.push(Execution::new(&name, self.outcome));
                plain(json!({"name": name, "id": format!("{path}/{name}")}))
            }
            ("GET", ["jobs", "migrate", "executions"]) => {
                let all: Vec<Value> = self.executions.iter().map(Execution::json).collect();
                plain(json!({"value": all}))
            }
            ("GET", ["jobs", "migrate", "executions", name]) => {
                match self
                    .executions
                    .iter_mut()
                    .find(|execution| execution.name == *name)
                {
                    Some(execution) => {
                        execution.polls += 1;
                        plain(execution.json())
                    }
                    None => not_found(path),
                }
            }
            ("GET", ["operations", id]) => self.operation(id),
            _ => not_found(path),
        }
    }

    /// Accepted, and in effect after some polls of the operation.
    fn patch(&mut self, base: &str, body: &str) -> Answer {
        let body: Value = serde_json::from_str(body).unwrap();
        let traffic = &body["properties"]["configuration"]["ingress"]["traffic"];
        let traffic = traffic.as_array().unwrap().clone();
        if traffic.iter().map(weight).sum::<u64>() != 100 {
            return error(
                400,
                "ContainerAppInvalidTraffic",
                "The weights must add up to 100.",
            );
        }
        let named = traffic.iter().filter_map(|rule| rule["revisionName"].as_str());
        if let Some(unknown) = named
            .into_iter()
            .find(|name| !self.revisions.get(*name).is_some_and(|known| known.is_active))
        {
            return error(
                400,
                "ContainerAppInvalidTraffic",
                &format!("{unknown} is not active"),
            );
        }
        let id = format!("op{}", self.operations.len());
        self.operations.insert(id.clone(), (2, traffic));
        let location = format!("{base}/operations/{id}");
        (
            202,
            vec![
                ("azure-asyncoperation", location),
                ("retry-after", "1".to_owned()),
            ],
            json!({}),
        )
    }

    fn operation(&mut self, id: &str) -> Answer {
        let Some((polls, traffic)) = self.operations.get_mut(id) else {
            return not_found(id);
        };
        *polls = polls.saturating_sub(1);
        if *polls > 0 {
            return (
                200,
                vec![("retry-after", "1".to_owned())],
                json!({"status": "InProgress"}),
            );
        }
        if !traffic.is_empty() {
            self.traffic = std::mem::take(traffic);
        }
        plain(json!({"status": "Succeeded"}))
    }

    fn app(&self) -> Value {
        let latest = &self.revisions[&self.latest];
        let suffix = self.latest.trim_start_matches("app--");
        let rules: Vec<Value> = self
            .traffic
            .iter()
            .map(|rule| {
                let mut rule = rule.clone();
                rule["weight"] = json!(weight(&rule));
                rule
            })
            .collect();
        json!({"id": "app", "name": "app", "location": "westeurope", "properties": {
            "latestRevisionName": self.latest,
            "latestReadyRevisionName": self.latest,
            "configuration": {
                "activeRevisionsMode": "Multiple",
                "ingress": {"external": true, "targetPort": 3000, "fqdn": "app.sim.test", "traffic": rules},
            },
            "template": {
                "revisionSuffix": suffix,
                "containers": [{"name": "app", "image": latest.image}],
            },
        }})
    }

    fn revision(&mut self, name: &str) -> Value {
        let weight = self.shares().get(name).copied().unwrap_or(0);
        self.revisions.get_mut(name).unwrap().json(name, weight)
    }

    fn job(&self) -> Value {
        json!({"id": "migrate", "name": "migrate", "location": "westeurope", "properties": {
            "template": {"containers": [{"name": "migrate", "image": self.job_image}]},
            "configuration": {"triggerType": "Manual"},
        }})
    }
}

/// `az` sends weights as texts.
fn weight(rule: &Value) -> u64 {
    let weight = &rule["weight"];
    weight
        .as_u64()
        .or_else(|| weight.as_str()?.parse().ok())
        .unwrap_or(0)
}

fn plain(body: Value) -> Answer {
    (200, Vec::new(), body)
}

fn not_found(path: &str) -> Answer {
    error(
        404,
        "ResourceNotFound",
        &format!("The Resource 'Microsoft.App/{path}' was not found."),
    )
}

/// As Resource Manager writes it.
pub fn error(status: u16, code: &str, message: &str) -> Answer {
    let retry = if status == 429 {
        vec![("retry-after", "1".to_owned())]
    } else {
        Vec::new()
    };
    (
        status,
        retry,
        json!({"error": {"code": code, "message": message}}),
    )
}
