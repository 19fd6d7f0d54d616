//! Every transition of the state machine.

use super::*;

const OLD: &str = "app--old";

fn reason() -> String {
    "why".to_owned()
}

fn every_state() -> Vec<State> {
    let mut states = vec![
        State::Planned,
        State::NothingToDo,
        State::Approved,
        State::Pinned,
        State::JobUpdated,
        State::Starting {
            known: vec!["m-1".to_owned()],
        },
        State::Migrating {
            execution: "m-2".to_owned(),
        },
        State::Migrated,
        State::Released,
        State::Healthy,
        State::Smoked,
    ];
    for step in 0..3 {
        states.extend([State::Shifting { step }, State::Watched { step }]);
    }
    // After the last step there is nothing to watch for.
    states.retain(|state| *state != State::Watched { step: 2 });
    states.extend([
        State::Shifted,
        State::Done,
        State::RollingBack { reason: reason() },
        State::RolledBack { reason: reason() },
        State::Failed { reason: reason() },
    ]);
    states
}

fn every_fact() -> Vec<Fact> {
    vec![
        Fact::Approved {
            sha256: "plan".to_owned(),
        },
        Fact::Approved {
            sha256: "other".to_owned(),
        },
        Fact::Pinned {
            old: Some(OLD.to_owned()),
        },
        Fact::JobUpdated,
        Fact::ExecutionsListed {
            known: vec!["m-1".to_owned()],
        },
        Fact::MigrationStarted {
            execution: "m-2".to_owned(),
        },
        Fact::MigrationSucceeded,
        Fact::Released,
        Fact::RevisionHealthy,
        Fact::SmokePassed,
        Fact::TrafficShifted,
        Fact::Watched,
        Fact::Retired,
        Fact::RolledBack,
        Fact::ActionFailed { reason: reason() },
        Fact::RollbackRequested { reason: reason() },
        Fact::TrafficReturned {
            revision: "app--other".to_owned(),
            reason: reason(),
        },
    ]
}

fn deploy(state: State, old: Option<&str>) -> Deploy {
    Deploy {
        state,
        plan_sha256: "plan".to_owned(),
        steps: vec![10, 50, 100],
        old: old.map(str::to_owned),
    }
}

/// The fact that an action leads to when it succeeds.
fn success(action: Action) -> Fact {
    match action {
        Action::Pin => Fact::Pinned {
            old: Some(OLD.to_owned()),
        },
        Action::UpdateJob => Fact::JobUpdated,
        Action::ListExecutions => Fact::ExecutionsListed {
            known: vec!["m-1".to_owned()],
        },
        Action::StartMigration => Fact::MigrationStarted {
            execution: "m-2".to_owned(),
        },
        Action::AwaitMigration => Fact::MigrationSucceeded,
        Action::Release => Fact::Released,
        Action::AwaitRevision => Fact::RevisionHealthy,
        Action::Smoke => Fact::SmokePassed,
        Action::Shift { .. } => Fact::TrafficShifted,
        Action::Watch => Fact::Watched,
        Action::Retire => Fact::Retired,
        Action::RollBack => Fact::RolledBack,
    }
}

/// Follows a deploy whose actions all succeed.
fn course(mut deploy: Deploy) -> Vec<&'static str> {
    let mut names = vec![deploy.state.name()];
    while let Some(action) = deploy.action() {
        deploy = deploy.next(success(action)).unwrap();
        names.push(deploy.state.name());
    }
    names
}

/// L10: plan, approval, migration, new revision without traffic, smoke test, traffic in steps, in this order.
#[test]
fn a_deploy_takes_every_step_in_order() {
    assert_eq!(
        course(deploy(State::Approved, None)),
        [
            "approved",
            "pinned",
            "job-updated",
            "starting",
            "migrating",
            "migrated",
            "released",
            "healthy",
            "smoked",
            "shifting",
            "watched",
            "shifting",
            "watched",
            "shifting",
            "shifted",
            "done"
        ]
    );
    let rolling_back = deploy(State::RollingBack { reason: reason() }, Some(OLD));
    assert_eq!(course(rolling_back), ["rolling-back", "rolled-back"]);
}

#[test]
fn the_first_deploy_takes_all_traffic_at_once() {
    let smoked = deploy(State::Smoked, None);
    assert_eq!(smoked.action(), Some(Action::Shift { step: 2 }));
    assert_eq!(course(smoked), ["smoked", "shifting", "shifted", "done"]);
}

/// L10: Only the approval of this very plan starts a deploy.
#[test]
fn an_approval_is_of_one_plan() {
    let planned = deploy(State::Planned, None);
    assert_eq!(planned.action(), None, "nothing happens without an approval");
    let approve = |sha256: &str| {
        planned.next(Fact::Approved {
            sha256: sha256.to_owned(),
        })
    };
    assert_eq!(approve("other"), Err(TransitionError::OtherPlan));
    assert_eq!(approve("plan").unwrap().state, State::Approved);
}

/// Every pair of a state and a fact: what follows is in this table, and everything else is refused.
#[test]
fn every_transition_is_as_the_table_says() {
    for old in [None, Some(OLD)] {
        for state in every_state() {
            for fact in every_fact() {
                let deploy = deploy(state.clone(), old);
                let next = deploy.next(fact.clone()).map(|next| next.state);
                assert_eq!(
                    next.ok(),
                    expected(&deploy, &fact),
                    "{} {fact:?} {old:?}",
                    state.name()
                );
            }
        }
    }
}

/// Written down independently of the code: by position in the course.
fn expected(deploy: &Deploy, fact: &Fact) -> Option<State> {
    const AFTER_MIGRATION: [&str; 7] = [
        "migrated", "released", "healthy", "smoked", "shifting", "watched", "shifted",
    ];
    const BEFORE: [&str; 5] = ["approved", "pinned", "job-updated", "starting", "migrating"];
    let name = deploy.state.name();
    let has_revision = AFTER_MIGRATION.contains(&name);
    let rolling_back = State::RollingBack { reason: reason() };
    let failed = State::Failed { reason: reason() };
    match fact {
        Fact::Approved { sha256 } if sha256 == "other" => None,
        Fact::Approved { .. } => match name {
            "planned" => Some(State::Approved),
            "done" | "nothing-to-do" | "rolled-back" | "failed" => None,
            _ => Some(deploy.state.clone()),
        },
        Fact::ActionFailed { .. } => match name {
            "shifted" | "rolling-back" => Some(deploy.state.clone()),
            _ if has_revision && deploy.old.is_some() => Some(rolling_back),
            _ if has_revision || BEFORE.contains(&name) => Some(failed),
            _ => None,
        },
        Fact::RollbackRequested { .. } => match name {
            "rolling-back" => Some(deploy.state.clone()),
            _ if has_revision || name == "done" => deploy.old.is_some().then_some(rolling_back),
            _ if BEFORE.contains(&name) => Some(failed),
            _ => None,
        },
        Fact::TrafficReturned { .. } => match name {
            "planned" | "done" | "nothing-to-do" | "rolled-back" | "failed" => None,
            _ => Some(State::RolledBack { reason: reason() }),
        },
        fact => {
            let action = deploy.action()?;
            if success(action) != *fact {
                return None;
            }
            Some(match (action, &deploy.state) {
                (Action::Pin, _) => State::Pinned,
                (Action::UpdateJob, _) => State::JobUpdated,
                (Action::ListExecutions, _) => State::Starting {
                    known: vec!["m-1".to_owned()],
                },
                (Action::StartMigration, _) => State::Migrating {
                    execution: "m-2".to_owned(),
                },
                (Action::AwaitMigration, _) => State::Migrated,
                (Action::Release, _) => State::Released,
                (Action::AwaitRevision, _) => State::Healthy,
                (Action::Smoke, _) => State::Smoked,
                (Action::Shift { step }, _) => State::Shifting { step },
                (Action::Watch, State::Shifting { step: 2 }) => State::Shifted,
                (Action::Watch, State::Shifting { step }) => State::Watched { step: *step },
                (Action::Watch, _) => return None,
                (Action::Retire, _) => State::Done,
                (Action::RollBack, _) => State::RolledBack { reason: reason() },
            })
        }
    }
}

/// L10: A rollback to a named revision ends a deploy, also one whose own rollback cannot succeed.
#[test]
fn a_rollback_to_a_named_revision_ends_the_deploy() {
    let stuck = deploy(State::RollingBack { reason: reason() }, Some(OLD));
    let returned = Fact::TrafficReturned {
        revision: "app--other".to_owned(),
        reason: reason(),
    };
    let ended = stuck.next(returned).unwrap();
    assert_eq!(ended.state, State::RolledBack { reason: reason() });
    assert_eq!(ended.old.as_deref(), Some("app--other"));
}

#[test]
fn a_refused_fact_leaves_the_old_revision_known() {
    let pinned = deploy(State::Approved, None)
        .next(Fact::Pinned {
            old: Some(OLD.to_owned()),
        })
        .unwrap();
    assert_eq!(pinned.old.as_deref(), Some(OLD));
    let failed = pinned.next(Fact::ActionFailed { reason: reason() }).unwrap();
    assert_eq!(failed.old.as_deref(), Some(OLD));
    assert!(failed.state.is_final());
}

#[test]
fn a_state_survives_the_journal() {
    for state in every_state() {
        let deploy = deploy(state, Some(OLD));
        let text = serde_json::to_string(&deploy).unwrap();
        assert!(
            text.contains(&format!("\"state\":\"{}\"", deploy.state.name())),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Deploy>(&text).unwrap(), deploy);
    }
}
