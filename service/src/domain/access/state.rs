//! The states of a request, as a pure function. The trigger `access.check_transition` repeats the rule in the database.

use crate::types::access::AccessState;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An approver approves it.
    Approve,
    /// An approver denies it.
    Deny,
    /// The requester takes it back.
    Withdraw,
    /// The access ends early.
    Revoke,
    /// The approved period is over.
    Expire,
}

impl Step {
    /// All steps.
    pub const ALL: [Self; 5] = [
        Self::Approve,
        Self::Deny,
        Self::Withdraw,
        Self::Revoke,
        Self::Expire,
    ];
}

/// The state after a step. `None`: the step is not possible in this state.
pub fn next(state: AccessState, step: Step) -> Option<AccessState> {
    match (state, step) {
        (AccessState::Requested, Step::Approve) => Some(AccessState::Approved),
        (AccessState::Requested, Step::Deny) => Some(AccessState::Denied),
        (AccessState::Requested, Step::Withdraw) => Some(AccessState::Withdrawn),
        (AccessState::Approved, Step::Revoke | Step::Expire) => Some(AccessState::Ended),
        (AccessState::Requested, Step::Revoke | Step::Expire)
        | (AccessState::Approved, Step::Approve | Step::Deny | Step::Withdraw)
        | (AccessState::Denied | AccessState::Withdrawn | AccessState::Ended, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_ends_and_no_ended_one_comes_to_life() {
        let last = [AccessState::Denied, AccessState::Withdrawn, AccessState::Ended];
        for state in AccessState::ALL {
            let following: Vec<AccessState> =
                Step::ALL.iter().filter_map(|step| next(state, *step)).collect();
            assert_eq!(
                following.is_empty(),
                last.contains(&state),
                "{state:?}: {following:?}"
            );
            assert!(!following.contains(&state) && !following.contains(&AccessState::Requested));
        }
        assert_eq!(next(AccessState::Ended, Step::Approve), None);
    }
}
