//! Rollbacks, and deploys that are resumed too late, of an app in memory.

use rollout::driver::Driver;
use rollout::machine::State;

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
fn resumed(app: &App, state: State, old: Option<&str>, rolls_back: bool) -> Option<String> {
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
        error.is_none() || journal.deploy.state == state,
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
                let error = resumed(&app, state, old, rolls_back).unwrap();
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
            let error = resumed(&app, state, Some("app--old"), rolls_back);
            assert_eq!(error, None, "{name}");
            let serves = if returns { "app--old=100" } else { "app--new=100" };
            assert_eq!(app.traffic(), [serves], "{name}");
        }
    }
}

/// L10: The first deploy is resumed before there is an app.
#[test]
fn the_first_deploy_is_resumed_without_an_app() {
    let error = resumed(&App::default(), State::Pinned, None, false);
    assert_eq!(error, None, "it ends as failed: nothing creates its app here");
}
