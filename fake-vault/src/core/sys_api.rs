//! `sys/…`: the operations of the server itself that need a token.

use crate::answer::{Refusal, Success};
use crate::call::{Call, Operation};
use crate::core::vault::Vault;
use crate::core::{lease_api, mount_api, policy_api, quota_api, wrapping_api};
use crate::token::Token;

/// Handles a call below `sys/`.
pub(crate) async fn handle(
    vault: &Vault,
    call: &Call,
    path: &str,
    caller: &Token,
) -> Result<Success, Refusal> {
    let segments: Vec<&str> = path.split('/').collect();
    let behind = |start: &str| path.strip_prefix(start).unwrap_or_default();
    match (segments.as_slice(), call.operation) {
        (["leases", below @ ..], _) => lease_api::handle(vault, call, below).await,
        (["mounts"], Operation::Read) => Ok(mount_api::list(vault, false)),
        (["mounts", ..], _) => mount_api::handle(vault, call, behind("mounts/"), false),
        (["auth"], Operation::Read) => Ok(mount_api::list(vault, true)),
        (["auth", ..], _) => mount_api::handle(vault, call, behind("auth/"), true),
        (["policies", "acl"] | ["policies", "acl", ""], Operation::List) => Ok(policy_api::list(vault)),
        (["policies", "acl", name], _) => policy_api::handle(vault, call, name),
        (["capabilities-self"], Operation::Write) => Ok(policy_api::capabilities(vault, call, caller)),
        (["quotas", below @ ..], _) => quota_api::handle(vault, call, below),
        (["locked-users"], Operation::Read) => Ok(mount_api::locked_users(vault, call)),
        (["wrapping", action], Operation::Write) => wrapping_api::handle(vault, call, action),
        (["audit", _], Operation::Write) => Err(Refusal::bad_request(
            "cannot enable audit device via API; use declarative, config-based audit device management instead",
        )),
        (["seal"], Operation::Write) => {
            vault.state().seal.close();
            Ok(Success::NoContent)
        }
        (["capabilities-self" | "seal" | "locked-users"] | ["wrapping", _], _) => {
            Err(Refusal::unsupported_operation())
        }
        _ => Err(Refusal::unsupported_path()),
    }
}
