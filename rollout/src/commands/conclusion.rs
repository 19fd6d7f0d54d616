//! How `apply` and `rollback` end.

use anyhow::Result;
use harness::exit::Exit;
use harness::output::print;

use crate::journal::Journal;
use crate::machine::State;

/// Prints how a deploy ended, and fails unless that is a success for the command.
pub(crate) fn conclude(journal: &Journal, is_success: bool) -> Result<()> {
    let new = journal.new_revision();
    let old = journal.deploy.old.as_deref();
    print(&match &journal.deploy.state {
        State::Done => match old {
            Some(old) => format!("done: {new} has all traffic; {old} stays active for a rollback"),
            None => format!("done: {new} has all traffic; there is no earlier revision to return to"),
        },
        State::RolledBack { reason } => {
            format!(
                "rolled back to {}, which has all traffic: {reason}",
                old.unwrap_or_default()
            )
        }
        State::Failed { reason } => format!("failed: {reason}\n{}", traffic(journal, old)),
        State::NothingToDo => "nothing to do: the plan has no changes".to_owned(),
        state => format!("state: {}", state.name()),
    });
    if matches!(
        journal.deploy.state,
        State::RolledBack { .. } | State::Failed { .. }
    ) {
        journal.app_changes_line().iter().for_each(|line| print(line));
    }
    if is_success {
        return Ok(());
    }
    Err(Exit::AlreadyReported.into())
}

/// Which revision has the traffic after a failure.
fn traffic(journal: &Journal, old: Option<&str>) -> String {
    let is_pinned = journal.events.iter().any(|event| event.state == "pinned");
    match old {
        Some(old) => format!("the old revision has the traffic: {old}"),
        None if is_pinned => "there is no old revision: the new one has the traffic, if it exists".to_owned(),
        None => "this command did not change the traffic".to_owned(),
    }
}
