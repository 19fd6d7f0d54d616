//! Finds out who runs a command.

use super::source;
use crate::types::operator::Operator;
use nix::unistd::{User, geteuid, gethostname};

/// Maximum length of a name in characters.
const MAX_LENGTH: usize = 64;

/// The user and the machine of this process.
pub fn current() -> Operator {
    let uid = geteuid();
    let user = User::from_uid(uid).ok().flatten();
    let host = gethostname().map(|name| name.to_string_lossy().into_owned());
    Operator {
        user: user.map_or_else(|| format!("uid {uid}"), |user| plain(&user.name)),
        sudo_user: source::sudo_user().map(|name| plain(&name)),
        host: plain(&host.unwrap_or_default()),
    }
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_control())
        .take(MAX_LENGTH)
        .collect()
}
