//! Revisions and executions: how each develops with every poll, and how Resource Manager writes it.

use serde_json::{Value, json};

/// How a revision develops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Healthy after so many polls.
    HealthyAfter(u32),
    /// Never healthy.
    Never,
    /// Failed at once.
    Fails,
    /// Healthy, and no longer so once it has traffic.
    UntilTraffic,
}

/// How an execution of the job develops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Succeeds after so many polls.
    SucceedsAfter(u32),
    /// Fails.
    Fails,
    /// Never ends.
    Hangs,
}

/// A revision.
#[derive(Debug, Clone)]
pub struct Revision {
    /// Its image.
    pub image: String,
    /// Whether it is active.
    pub is_active: bool,
    health: Health,
    polls: u32,
}

/// An execution of the job.
#[derive(Debug, Clone)]
pub struct Execution {
    /// Its name.
    pub name: String,
    /// How often it was polled.
    pub polls: u32,
    outcome: Outcome,
}

impl Revision {
    /// Active, and not polled yet.
    pub fn new(image: &str, health: Health) -> Revision {
        Revision {
            image: image.to_owned(),
            is_active: true,
            health,
            polls: 0,
        }
    }

    /// After one more poll.
    pub fn json(&mut self, name: &str, weight: u64) -> Value {
        self.polls += 1;
        let (health, running, provisioning) = match self.health {
            Health::HealthyAfter(polls) if self.polls > polls => ("Healthy", "Running", "Provisioned"),
            Health::UntilTraffic if weight == 0 => ("Healthy", "Running", "Provisioned"),
            Health::UntilTraffic | Health::Never => ("Unhealthy", "Degraded", "Provisioned"),
            Health::Fails => ("None", "ActivationFailed", "Failed"),
            Health::HealthyAfter(_) => ("None", "Activating", "Provisioning"),
        };
        json!({"id": name, "name": name, "properties": {
            "active": self.is_active,
            "trafficWeight": weight,
            "fqdn": format!("{name}.sim.test"),
            "healthState": health,
            "runningState": running,
            "provisioningState": provisioning,
            "template": {"containers": [{"name": "app", "image": self.image}]},
        }})
    }
}

impl Execution {
    /// Not polled yet.
    pub fn new(name: &str, outcome: Outcome) -> Execution {
        Execution {
            name: name.to_owned(),
            polls: 0,
            outcome,
        }
    }

    /// As it is now.
    pub fn json(&self) -> Value {
        let status = match self.outcome {
            Outcome::SucceedsAfter(wanted) if self.polls > wanted => "Succeeded",
            Outcome::Fails => "Failed",
            _ => "Running",
        };
        json!({"name": self.name, "id": self.name, "properties": {
            "status": status, "startTime": "2026-11-30T00:00:00Z",
        }})
    }
}
