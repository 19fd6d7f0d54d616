//! Deploys with recorded output of the real `az`, so that its form is tested without it. The recordings are of az 2.91.0; how to make new
//! ones is in the README.

use std::cell::RefCell;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rollout::driver::Driver;
use rollout::invocation::{Invocation, Program};
use rollout::journal::Journal;
use rollout::machine::{Fact, State};
use rollout::runner::{Ended, Runner};
use serde::Deserialize;

use crate::app;

/// One command of a recording.
#[derive(Debug, Deserialize)]
struct Recorded {
    program: String,
    args: Vec<String>,
    #[serde(flatten)]
    ended: Ended,
}

/// Answers as recorded, and fails on any other command. Terraform has nothing to change.
struct Replay(RefCell<std::vec::IntoIter<Recorded>>);

impl Runner for Replay {
    fn run_once(&self, invocation: &Invocation) -> Result<Ended> {
        if invocation.program == Program::Terraform {
            let stdout = "{\"format_version\": \"1.2\"}".to_owned();
            return Ok(Ended {
                code: Some(0),
                stdout,
                stderr: String::new(),
            });
        }
        let next = self
            .0
            .borrow_mut()
            .next()
            .context("more commands than were recorded")?;
        if invocation.program == Program::Az {
            ensure!(next.program == "az", "{next:?}");
            ensure!(
                next.args == invocation.args,
                "recorded {:?}, not {:?}",
                next.args,
                invocation.args
            );
        }
        Ok(next.ended)
    }

    fn pause(&self, _time: Duration) -> Result<()> {
        Ok(())
    }
}

/// Replays a whole deploy from its approval on; returns its end.
fn replay(group: &str, recording: &str) -> Journal {
    let lines = recording.lines().map(|line| serde_json::from_str(line).unwrap());
    let recorded: Vec<Recorded> = lines
        .filter(|recorded: &Recorded| recorded.program != "terraform")
        .collect();
    let (_target, folder, mut journal) = app::planned(group);
    let config = app::config();
    let runner = Replay(RefCell::new(recorded.into_iter()));
    let sha256 = journal.deploy.plan_sha256.clone();
    journal.record(Fact::Approved { sha256 }, &folder).unwrap();
    Driver {
        runner: &runner,
        config: &config,
        folder: &folder,
        module: app::module(&config),
        print: &|_| (),
    }
    .advance(&mut journal)
    .unwrap();
    assert_eq!(
        runner.0.borrow_mut().next().map(|next| next.args),
        None,
        "fewer commands than recorded"
    );
    assert_eq!(
        Journal::read(&folder).unwrap(),
        journal,
        "the journal has the end"
    );
    journal
}

/// L10: A recorded deploy is replayed command by command to its end.
#[test]
fn a_recorded_deploy_is_done() {
    let journal = replay("success", include_str!("recorded/success.jsonl"));
    assert_eq!(journal.deploy.state, State::Done);
    assert_eq!(journal.deploy.old.as_deref(), Some("app--old"));
}

/// L10: A recorded migration that fails ends the deploy.
#[test]
fn a_recorded_migration_fails() {
    let journal = replay("migration-fails", include_str!("recorded/migration-fails.jsonl"));
    let State::Failed { reason } = journal.deploy.state else {
        panic!("{:?}", journal.deploy);
    };
    assert_eq!(
        reason,
        "waiting for the migration: the execution migrate-0 ended as Failed"
    );
}

/// L10: A deploy does not start its migration while one of another deploy runs.
#[test]
fn a_running_migration_of_another_deploy_is_refused() {
    let recording = include_str!("recorded/success.jsonl");
    let until_list: Vec<&str> = recording
        .lines()
        .take_while(|line| !line.contains("\"start\""))
        .collect();
    // Once to list the executions, once before the start.
    let lists = until_list
        .iter()
        .filter(|line| line.contains("\"execution\",\"list\""));
    assert_eq!(lists.count(), 2);
    let until_list = until_list[..until_list.len() - 1].join("\n");
    let running = r#"[{\"name\": \"migrate-9\", \"properties\": {\"status\": \"Running\"}}]\n"#;
    let recording = until_list.replace(r#""stdout":"[]\n""#, &format!("\"stdout\":\"{running}\""));
    let journal = replay("success", &recording);
    let State::Failed { reason } = journal.deploy.state else {
        panic!("{:?}", journal.deploy);
    };
    assert!(reason.contains("of another deploy runs: migrate-9"), "{reason}");
}

/// L10: A recorded deploy whose revision became unhealthy is rolled back.
#[test]
fn a_recorded_revision_is_rolled_back() {
    let journal = replay("unhealthy-later", include_str!("recorded/unhealthy-later.jsonl"));
    assert!(
        matches!(journal.deploy.state, State::RolledBack { .. }),
        "{:?}",
        journal.deploy
    );
}

/// L10: A rollback activates an old revision that is not active, and gives it traffic only when it is healthy.
#[test]
fn a_rollback_activates_the_old_revision_first() {
    let mut lines: Vec<String> = include_str!("recorded/unhealthy-later.jsonl")
        .lines()
        .map(str::to_owned)
        .collect();
    let list = lines
        .iter()
        .position(|line| line.contains("\"revision\",\"list\""))
        .unwrap();
    let (new, old) = lines[list].split_once(r#"\"app--old\""#).unwrap();
    let old = old.replace(r#"\"active\": true"#, r#"\"active\": false"#);
    lines[list] = format!(r#"{new}\"app--old\"{old}"#);
    let of_old = |verb: &str, properties: serde_json::Value| {
        let args = format!(
            "containerapp revision {verb} --name app --resource-group unhealthy-later --output json --only-show-errors \
             --revision app--old"
        );
        let revision = serde_json::json!({"name": "app--old", "properties": properties});
        serde_json::json!({
            "program": "az", "args": args.split(' ').collect::<Vec<_>>(), "code": 0,
            "stdout": revision.to_string(), "stderr": "",
        })
        .to_string()
    };
    let starting = serde_json::json!({"healthState": "None", "runningState": "Activating"});
    let healthy = serde_json::json!({
        "healthState": "Healthy", "runningState": "Running", "provisioningState": "Provisioned",
    });
    let before_traffic = [
        of_old("activate", starting.clone()),
        of_old("show", starting),
        of_old("show", healthy),
    ];
    lines.splice(list + 1..list + 1, before_traffic);
    let journal = replay("unhealthy-later", &lines.join("\n"));
    assert!(
        matches!(journal.deploy.state, State::RolledBack { .. }),
        "{:?}",
        journal.deploy
    );
}

/// L10: Errors as `az` prints them are overcome, and none is mistaken for an app that does not exist.
#[test]
fn recorded_errors_are_overcome() {
    let journal = replay("errors", include_str!("recorded/errors.jsonl"));
    assert_eq!(journal.deploy.state, State::Done);
    assert_eq!(journal.deploy.old.as_deref(), Some("app--old"));
}

/// L10: A change outside of Terraform, as Terraform 1.11.4 writes it for an app, is a finding, and so is what an apply would change back.
#[test]
fn recorded_drift_is_found() {
    let plan = serde_json::from_str(include_str!("recorded/drift.json")).unwrap();
    let findings = rollout::drift::findings(&plan, &[]).unwrap();
    let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
    let app = "module.stack.module.app.azurerm_container_app.main: template.0.max_replicas";
    assert_eq!(
        messages,
        [
            format!("{app} is 99, Terraform recorded 2"),
            format!("{app} is 99, the configuration says 2"),
        ]
    );
}
