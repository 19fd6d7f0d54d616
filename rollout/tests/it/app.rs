//! An app in memory, with revisions and traffic, in the form that `az` prints: for courses of a rollback that no recording has.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use rollout::config::{Config, Environment};
use rollout::invocation::{Invocation, Module, Program};
use rollout::journal::{Folder, Journal, SCHEMA, Target};
use rollout::machine::{Deploy, State};
use rollout::runner::{Ended, Runner};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::environment::new_image;

/// A revision: whether it is active, and its share of the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    pub is_active: bool,
    pub weight: u64,
}

/// The app. Terraform has nothing to change.
#[derive(Debug, Default)]
pub struct App {
    pub revisions: RefCell<BTreeMap<String, Revision>>,
    /// Commands of `az` that change something, without the arguments that all have.
    pub changes: RefCell<Vec<String>>,
    /// A revision that a Terraform which is still running creates when the traffic is set.
    pub late: RefCell<Option<String>>,
}

impl App {
    /// An app with these active revisions and their shares.
    pub fn with(shares: &[(&str, u64)]) -> App {
        let app = App::default();
        for (name, weight) in shares {
            let revision = Revision {
                is_active: true,
                weight: *weight,
            };
            app.revisions.borrow_mut().insert((*name).to_owned(), revision);
        }
        app
    }

    /// Names of the active revisions.
    pub fn active(&self) -> Vec<String> {
        let revisions = self.revisions.borrow();
        let active = revisions.iter().filter(|(_, revision)| revision.is_active);
        active.map(|(name, _)| name.clone()).collect()
    }

    /// Shares of the traffic, as `NAME=WEIGHT`.
    pub fn traffic(&self) -> Vec<String> {
        let revisions = self.revisions.borrow();
        let serving = revisions.iter().filter(|(_, revision)| revision.weight > 0);
        serving
            .map(|(name, revision)| format!("{name}={}", revision.weight))
            .collect()
    }

    fn show(&self, name: &str) -> Result<Value> {
        let revisions = self.revisions.borrow();
        let Some(revision) = revisions.get(name) else {
            bail!("no revision {name}");
        };
        Ok(json!({"name": name, "properties": {
            "active": revision.is_active, "trafficWeight": revision.weight, "fqdn": format!("{name}.sim.test"),
            "healthState": "Healthy", "runningState": "Running", "provisioningState": "Provisioned",
            "template": {"containers": [{"image": new_image()}]},
        }}))
    }

    fn rules(&self) -> Vec<Value> {
        let revisions = self.revisions.borrow();
        let serving = revisions.iter().filter(|(_, revision)| revision.weight > 0);
        serving
            .map(|(name, revision)| json!({"revisionName": name, "weight": revision.weight}))
            .collect()
    }

    fn set_traffic(&self, shares: &[String]) -> Result<Value> {
        for revision in self.revisions.borrow_mut().values_mut() {
            revision.weight = 0;
        }
        for share in shares {
            let Some((name, weight)) = share.split_once('=') else {
                bail!("{share} is no share");
            };
            let mut revisions = self.revisions.borrow_mut();
            match revisions.get_mut(name) {
                Some(revision) if revision.is_active => revision.weight = weight.parse()?,
                _ => bail!("{name} is not active"),
            }
        }
        if let Some(name) = self.late.take() {
            let revision = Revision {
                is_active: true,
                weight: 0,
            };
            self.revisions.borrow_mut().insert(name, revision);
        }
        Ok(self.rules().into())
    }

    fn set_active(&self, name: &str, is_active: bool) -> Result<Value> {
        match self.revisions.borrow_mut().get_mut(name) {
            Some(revision) => revision.is_active = is_active,
            None => bail!("no revision {name}"),
        }
        Ok(json!("Success"))
    }
}

impl Runner for App {
    fn run_once(&self, invocation: &Invocation) -> Result<Ended> {
        let ended = |code: i32, stdout: String, stderr: &str| Ended {
            code: Some(code),
            stdout,
            stderr: stderr.to_owned(),
        };
        if invocation.program != Program::Az {
            return Ok(ended(0, "{\"format_version\": \"1.2\"}".to_owned(), ""));
        }
        let verb: Vec<&str> = invocation
            .args
            .iter()
            .map(String::as_str)
            .take_while(|arg| *arg != "--name")
            .collect();
        let verb = verb.join(" ");
        let Some(last) = invocation.args.last() else {
            bail!("no arguments");
        };
        if self.revisions.borrow().is_empty() {
            return Ok(ended(1, String::new(), "ERROR: (ResourceNotFound) no app"));
        }
        if !verb.ends_with("show") && !verb.ends_with("list") {
            let shares = invocation.args.iter().filter(|arg| arg.contains("app--"));
            let shares: Vec<&str> = shares.map(String::as_str).collect();
            let what = verb.rsplit(' ').next().unwrap_or_default();
            self.changes
                .borrow_mut()
                .push(format!("{what} {}", shares.join(" ")));
        }
        let printed = match verb.as_str() {
            "containerapp show" => json!({"properties": {"configuration": {
                "activeRevisionsMode": "Multiple", "ingress": {"traffic": self.rules()},
            }}}),
            "containerapp revision list" => {
                let names: Vec<String> = self.revisions.borrow().keys().cloned().collect();
                let all: Result<Vec<Value>> = names.iter().map(|name| self.show(name)).collect();
                all?.into()
            }
            "containerapp revision show" => self.show(last)?,
            "containerapp revision activate" => self.set_active(last, true)?,
            "containerapp revision deactivate" => self.set_active(last, false)?,
            "containerapp ingress traffic set" => {
                let shares = invocation
                    .args
                    .iter()
                    .skip_while(|arg| *arg != "--revision-weight");
                self.set_traffic(&shares.skip(1).cloned().collect::<Vec<_>>())?
            }
            "containerapp job show" => {
                json!({"properties": {"template": {"containers": [{"image": new_image()}]}}})
            }
            "containerapp job execution list" => json!([]),
            "containerapp job execution show" => json!({"properties": {"status": "Succeeded"}}),
            "containerapp job start" => json!({"name": "migrate-0"}),
            other => bail!("az {other}"),
        };
        Ok(ended(0, printed.to_string(), ""))
    }

    fn pause(&self, _time: Duration) -> Result<()> {
        Ok(())
    }
}

/// An environment with short time limits.
pub fn config() -> Config {
    Config {
        name: "sim".to_owned(),
        environment: Environment {
            root: PathBuf::new(),
            job: "terraform_data.job".to_owned(),
            steps: vec![10, 50, 100],
            watch_seconds: 0,
            migration_seconds: 600,
            healthy_seconds: 600,
            poll_seconds: 0,
        },
        smoke: vec!["sh".to_owned(), "{url}".to_owned()],
        policies: PathBuf::new(),
        owned: Vec::new(),
        root: PathBuf::new(),
    }
}

/// No module: Terraform does not run.
pub fn module(config: &Config) -> Module<'_> {
    Module {
        root: &config.root,
        var_files: &[],
        backend_configs: &[],
    }
}

/// A locked folder with a plan file, and the journal of the deploy of `app--new` in this resource group.
pub fn planned(group: &str) -> (TempDir, Folder, Journal) {
    let target = tempfile::tempdir().unwrap();
    let folder = Folder::locked(target.path(), "sim").unwrap();
    std::fs::write(folder.plan(), "plan").unwrap();
    let sha256 = harness::checksum::of("plan");
    let journal = Journal {
        schema: SCHEMA.to_owned(),
        environment: "sim".to_owned(),
        image: new_image(),
        commit: String::new(),
        suffix: "new".to_owned(),
        target: Target {
            resource_group: group.to_owned(),
            app: "app".to_owned(),
            job: "migrate".to_owned(),
        },
        app_changes: Vec::new(),
        deploy: Deploy {
            state: State::Planned,
            plan_sha256: sha256,
            steps: vec![10, 50, 100],
            old: None,
        },
        events: Vec::new(),
    };
    (target, folder, journal)
}
