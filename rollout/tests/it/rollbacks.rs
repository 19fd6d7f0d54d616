//! Rollbacks, and deploys that are resumed too late, of an app in memory.

use rollout::driver::Driver;
use rollout::machine::State;
use rollout::{rollback, traffic};

use crate::app::{self, App};

fn reason() -> String {
    "why".to_owned()
}

/// Every state in which the traffic is the deploy's.
fn with_traffic() -> Vec<State> {
    let known = vec!["migrate-0".to_owned()];
    let execution = "migrate-0".to_owned();
    vec![
        State::Pinned,
        State::JobUpdated,
        State::Starting { known },
        State::Migrating { execution },
        State::Migrated,
        State::Released,
        State::Healthy,
        State::Smoked,
        State::Shifting { step: 1 },
        State::Watched { step: 1 },
        State::Shifted,
        State::RollingBack { reason: reason() },
    ]
}

/// Resumes the deploy of `app--new`, or rolls it back, in a state that its journal has; returns the error.
fn resumed(app: &App, state: &State, old: Option<&str>, rolls_back: bool) -> Option<String> {
    let (_target, folder, mut journal) = app::planned("rg");
    journal.deploy.state = state.clone();
    journal.deploy.old = old.map(str::to_owned);
    let config = app::config();
    let driver = Driver {
        runner: app,
        config: &config,
        folder: &folder,
        module: app::module(&config),
        print: &|_| (),
    };
    let ended = if rolls_back {
        driver.request_rollback(&mut journal, "by a test")
    } else {
        driver.advance(&mut journal)
    };
    let error = ended.err().map(|error| format!("{error:#}"));
    assert!(
        error.is_none() || journal.deploy.state == *state,
        "refused without a change of the journal"
    );
    error
}

/// L10: A journal that a later deploy has overtaken changes nothing, whatever its state: neither resumed nor rolled back.
#[test]
fn a_deploy_that_a_later_one_has_overtaken_is_refused() {
    for old in [Some("app--old"), None] {
        for rolls_back in [false, true] {
            let mut states = with_traffic();
            if rolls_back {
                states.push(State::Done);
            }
            for state in states {
                let app = App::with(&[("app--later", 100), ("app--new", 0), ("app--old", 0)]);
                let name = state.name();
                let error = resumed(&app, &state, old, rolls_back).unwrap();
                assert!(error.starts_with("app--later has traffic"), "{name}: {error}");
                assert!(error.contains("rollback sim --to app--later"), "{name}: {error}");
                assert_eq!(*app.changes.borrow(), [""; 0], "{name}");
                assert_eq!(app.traffic(), ["app--later=100"], "{name}");
            }
        }
    }
}

/// L10: A deploy whose own revisions have the traffic is resumed or rolled back in every state.
#[test]
fn the_last_deploy_is_resumed_and_rolled_back() {
    for rolls_back in [false, true] {
        for state in with_traffic() {
            let serving = if state == State::Shifted {
                "app--new"
            } else {
                "app--old"
            };
            let app = App::with(&[("app--new", 0), ("app--old", 0), (serving, 100)]);
            let name = state.name();
            let returns = rolls_back || matches!(state, State::RollingBack { .. });
            let error = resumed(&app, &state, Some("app--old"), rolls_back);
            assert_eq!(error, None, "{name}");
            let serves = if returns { "app--old=100" } else { "app--new=100" };
            assert_eq!(app.traffic(), [serves], "{name}");
        }
    }
}

/// L10: The first deploy is resumed before there is an app.
#[test]
fn the_first_deploy_is_resumed_without_an_app() {
    let error = resumed(&App::default(), &State::Pinned, None, false);
    assert_eq!(error, None, "it ends as failed: nothing creates its app here");
}

/// L10: A revision that a surviving Terraform creates during the rollback is deactivated, too.
#[test]
fn a_revision_that_appears_during_the_rollback_is_deactivated() {
    let app = App::with(&[("app--old", 100)]);
    *app.late.borrow_mut() = Some("app--new".to_owned());
    assert_eq!(resumed(&app, &State::Migrated, Some("app--old"), true), None);
    assert_eq!(*app.changes.borrow(), ["set app--old=100", "deactivate app--new"]);
    assert_eq!(app.active(), ["app--old"]);
}

/// L10: A rollback to a named revision deactivates all others, also when it is repeated and they have no traffic any more.
#[test]
fn a_repeated_rollback_to_a_revision_deactivates_the_others() {
    let config = app::config();
    let (_target, _folder, journal) = app::planned("rg");
    let app = App::with(&[("app--bad", 100), ("app--idle", 0), ("app--older", 0)]);
    app.revisions
        .borrow_mut()
        .get_mut("app--older")
        .unwrap()
        .is_active = false;
    let to = |revision: &str| rollback::to_named(&app, &journal.target, &config.environment, revision);
    let error = to("app--none").unwrap_err().to_string();
    assert_eq!(
        error,
        "no revision app--none; there are app--bad, app--idle, app--older"
    );
    to("app--older").unwrap();
    assert_eq!(app.active(), ["app--older"]);
    // As after an interruption between the traffic and the deactivation.
    app.revisions.borrow_mut().get_mut("app--bad").unwrap().is_active = true;
    to("app--older").unwrap();
    assert_eq!(app.active(), ["app--older"]);
    assert_eq!(app.traffic(), ["app--older=100"]);
}

/// L10: A rollback whose old revision is gone changes nothing, and is tried again.
#[test]
fn a_rollback_without_its_old_revision_is_not_over() {
    let app = App::with(&[("app--new", 100)]);
    let rolling_back = State::RollingBack { reason: reason() };
    let error = resumed(&app, &rolling_back, Some("app--old"), false).unwrap();
    assert!(error.ends_with("run the command again"), "{error}");
    assert_eq!(*app.changes.borrow(), [""; 0]);
}

/// L10: A deploy whose journal was lost begins again: its revision, which has a share of the traffic, gives that back first.
#[test]
fn a_deploy_without_its_journal_begins_again() {
    let app = App::with(&[("app--new", 10), ("app--old", 90)]);
    assert_eq!(resumed(&app, &State::Approved, None, false), None);
    let expected = [
        "set app--old=100",
        "start ",
        "set app--old=90 app--new=10",
        "set app--old=50 app--new=50",
        "set app--new=100",
    ];
    assert_eq!(*app.changes.borrow(), expected);
}

/// L10: Traffic that is split in another way, or that the new revision has already, is left as it is.
#[test]
fn traffic_of_other_deploys_is_not_pinned() {
    for (shares, why) in [
        (
            &[("app--a", 10), ("app--b", 90)][..],
            "is split between revisions",
        ),
        (
            &[("app--a", 10), ("app--b", 80), ("app--new", 10)],
            "is split between revisions",
        ),
        (
            &[("app--new", 100), ("app--old", 0)],
            "app--new has all traffic already",
        ),
    ] {
        let app = App::with(shares);
        let (_target, _folder, journal) = app::planned("rg");
        let error = traffic::pin(&app, &journal.target, "app--new")
            .unwrap_err()
            .to_string();
        assert!(error.contains(why), "{error}");
        assert_eq!(*app.changes.borrow(), [""; 0]);
    }
}
