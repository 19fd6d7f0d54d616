//! The person at the command line, for audit events.

use serde::Serialize;

/// Who runs a command, as the operating system reports it. Not authenticated: root can pretend to be any user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// Name of the operating system's user, or its number if it has none.
    pub user: String,
    /// The user that called sudo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sudo_user: Option<String>,
    /// Name of the machine.
    pub host: String,
}
