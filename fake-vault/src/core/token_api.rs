//! `auth/token/…`: creation, look-up, renewal and end of tokens.

use serde_json::{Value, json};

use crate::answer::{Refusal, Reply, Success, listed};
use crate::call::{Call, Operation};
use crate::core::state::State;
use crate::core::token_roles::TokenRole;
use crate::core::vault::Vault;
use crate::token::{Grant, Kind, Token, with_default};

/// Handles a call below `auth/token/`.
pub(crate) fn handle(vault: &Vault, call: &Call, path: &str, caller: &Token) -> Result<Success, Refusal> {
    let mut state = vault.state();
    let segments: Vec<&str> = path.split('/').collect();
    let result = match (segments.as_slice(), call.operation) {
        (["lookup-self"], Operation::Read) => Ok(Reply::data(caller.details(call.now)).into()),
        (["renew-self"], Operation::Write) => renew(&mut state, call, &caller.id),
        (["revoke-self"], Operation::Write) => {
            if caller.grant.kind == Kind::Batch {
                return Err(Refusal::bad_request("batch tokens cannot be revoked"));
            }
            Ok(revoke(&mut state, call, &caller.id))
        }
        (["create"], Operation::Write) => create(&mut state, call, caller, None),
        (["create-orphan"], Operation::Write) => create(&mut state, call, caller, Some(TokenRole::orphan())),
        (["create", role], Operation::Write) => {
            let found = state.token_roles.get(*role).cloned();
            let found = found.ok_or_else(|| Refusal::bad_request(format!("unknown role {role}")))?;
            create(&mut state, call, caller, Some(found))
        }
        (["lookup"], Operation::Write) => {
            let id = call.filled("token").unwrap_or_default();
            let found = state
                .tokens
                .find(&id, call.now)
                .ok_or_else(|| Refusal::plain(403, "bad token"))?;
            Ok(Reply::data(found.details(call.now)).into())
        }
        (["renew"], Operation::Write) => {
            let id = call.filled("token").unwrap_or_default();
            state
                .tokens
                .find(&id, call.now)
                .ok_or_else(|| Refusal::plain(403, "bad token"))?;
            renew(&mut state, call, &id)
        }
        (["revoke"], Operation::Write) => {
            let id = call.filled("token").unwrap_or_default();
            Ok(revoke(&mut state, call, &id))
        }
        (["lookup-accessor"], Operation::Write) => {
            let found = find_by_accessor(&state, call);
            let found = found.ok_or_else(|| Refusal::plain(400, listed("invalid accessor")))?;
            let mut data = found.details(call.now);
            data["id"] = json!("");
            Ok(Reply::data(data).into())
        }
        (["revoke-accessor"], Operation::Write) => {
            match find_by_accessor(&state, call).map(|found| found.id.clone()) {
                Some(id) => Ok(revoke(&mut state, call, &id)),
                None => Ok(Reply {
                    warnings: vec!["No token found with this accessor".to_owned()],
                    ..Reply::default()
                }
                .into()),
            }
        }
        (["roles", name], Operation::Read) => {
            let role = state.token_roles.get(*name).ok_or_else(Refusal::not_found)?;
            Ok(Reply::data(role.fields(name)).into())
        }
        (["roles", name], Operation::Write) => {
            let former = state.token_roles.get(*name).cloned().unwrap_or_default();
            let role = former.updated(call)?;
            state.token_roles.insert((*name).to_owned(), role);
            Ok(Success::NoContent)
        }
        (
            [
                "lookup-self" | "renew-self" | "revoke-self" | "create" | "lookup" | "renew" | "revoke"
                | "roles",
                ..,
            ],
            _,
        ) => Err(Refusal::unsupported_operation()),
        _ => Err(Refusal::unsupported_path()),
    };
    // Leases of tokens that ended are revoked behind the answer.
    vault.wake.notify_one();
    result
}

fn find_by_accessor<'a>(state: &'a State, call: &Call) -> Option<&'a Token> {
    let accessor = call.filled("accessor").unwrap_or_default();
    state.tokens.find_by_accessor(&accessor, call.now)
}

fn renew(state: &mut State, call: &Call, id: &str) -> Result<Success, Refusal> {
    let renewal = state.tokens.renew(id, call.seconds("increment")?, call.now)?;
    Ok(Reply {
        auth: renewal.auth,
        warnings: renewal.warnings,
        ..Reply::default()
    }
    .into())
}

fn revoke(state: &mut State, call: &Call, id: &str) -> Success {
    let ended = state.tokens.revoke(id);
    state.leases.end_of_tokens(&ended, call.now);
    Success::NoContent
}

fn create(
    state: &mut State,
    call: &Call,
    caller: &Token,
    role: Option<TokenRole>,
) -> Result<Success, Refusal> {
    let mut policies = call.list("policies").unwrap_or_default();
    let no_default = call.flag("no_default_policy").unwrap_or(false);
    if let Some(role) = &role {
        policies = role.policies(policies)?;
    } else if policies.is_empty() {
        policies.clone_from(&caller.grant.policies);
    }
    let is_root = caller.grant.policies.iter().any(|policy| policy == "root");
    let is_role = role.as_ref().is_some_and(TokenRole::limits_policies);
    let above = policies
        .iter()
        .any(|policy| policy != "default" && !caller.grant.policies.contains(policy));
    if above && !is_root && !is_role {
        return Err(Refusal::bad_request("child policies must be subset of parent"));
    }
    let role = role.unwrap_or_default();
    let policies = with_default(policies, no_default || role.no_default_policy);
    let missing = policies
        .iter()
        .filter(|name| *name != "root" && !state.policies.contains_key(*name));
    let mut warnings: Vec<String> = missing
        .map(|name| format!("Policy \"{name}\" does not exist"))
        .collect();
    let kind_name = call.filled("type").unwrap_or_else(|| role.kind.clone());
    let kind = if kind_name == "batch" {
        Kind::Batch
    } else {
        Kind::Service
    };
    let suffix = call
        .filled("display_name")
        .map(|name| format!("-{name}"))
        .unwrap_or_default();
    let grant = Grant {
        policies,
        meta: call.body.get("meta").cloned().unwrap_or(Value::Null),
        display_name: format!("token{suffix}"),
        path: call.path.clone(),
        ttl: call.seconds("ttl")?.unwrap_or(0),
        max_ttl: 0,
        explicit_max_ttl: call.seconds("explicit_max_ttl")?.unwrap_or(role.explicit_max_ttl),
        period: call.seconds("period")?.unwrap_or(role.period),
        num_uses: call.integer("num_uses").unwrap_or(0),
        orphan: role.is_orphan || call.flag("no_parent").unwrap_or(false),
        renewable: call.flag("renewable").unwrap_or(true) && role.renewable,
        kind,
        alias: None,
        bound_cidrs: Vec::new(),
    };
    let (token, warning) = state
        .tokens
        .create(grant, String::new(), Some(caller.id.clone()), call.now);
    warnings.extend(warning);
    Ok(Reply {
        auth: token.auth(token.creation_ttl),
        accessor: Some(token.accessor),
        warnings,
        ..Reply::default()
    }
    .into())
}
