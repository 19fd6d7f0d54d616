//! How `apply` and `rollback` end.

use anyhow::Result;
use harness::exit::Exit;
use harness::output::print;

use crate::journal::Journal;
use crate::machine::State;

/// Prints the end of a deploy. Only the wanted one is a success.
pub(crate) fn conclude(journal: &Journal, is_wanted: bool) -> Result<()> {
    let new = journal.new_revision();
    let old = journal.deploy.old.as_deref().unwrap_or("none");
    print(&match &journal.deploy.state {
        State::Done => format!("done: {new} has all traffic; {old} stays active for a rollback"),
        State::RolledBack { reason } => format!("rolled back to {old}, which has all traffic: {reason}"),
        State::Failed { reason } => format!("failed: {reason}\nthe old revision has the traffic: {old}"),
        State::NothingToDo => "nothing to do: the plan has no changes".to_owned(),
        state => format!("state: {}", state.name()),
    });
    if is_wanted {
        return Ok(());
    }
    Err(Exit::AlreadyReported.into())
}
