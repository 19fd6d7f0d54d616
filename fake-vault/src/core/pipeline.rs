//! The path of a request: its form, the seal, quotas, the token, its policies, the engine, and the wrapping of the reply.

use serde_json::Value;

use crate::answer::{Answer, Payload, Refusal, Reply, Success, wrapped};
use crate::call::{Call, Operation};
use crate::core::mount::Engine;
use crate::core::request::Request;
use crate::core::vault::{Node, Vault};
use crate::core::wrapping::Wrapped;
use crate::core::{database_api, login, seal_api, sys_api, token_api, wrapping_api};
use crate::go_duration;
use crate::policy::Capability;
use crate::token::Token;

/// A body above this size is refused.
const MAX_BODY: usize = 32 << 20;

/// Handles a request below `/v1/`.
pub(crate) async fn handle(vault: &Vault, node: Node, request: Request) -> Answer {
    let path = request.path.strip_prefix("/v1/").unwrap_or_default().to_owned();
    if let Some(answer) = seal_api::handle(vault, node, &path, &request) {
        return answer;
    }
    if request.body.len() > MAX_BODY {
        let mut answer: Answer = Refusal::plain(413, "http: request body too large").into();
        answer.headers.push(("cache-control", String::new()));
        return answer;
    }
    let mut headers = Vec::new();
    let result = checked(vault, node, &path, &request, &mut headers).await;
    let mut answer = match result {
        Ok(answer) => answer,
        Err(refusal) => refusal.into(),
    };
    answer.headers.extend(headers);
    if let Some(namespace) = request.namespace {
        answer.headers.push(("x-vault-namespace", namespace));
    }
    answer
}

async fn checked(
    vault: &Vault,
    node: Node,
    path: &str,
    request: &Request,
    headers: &mut Vec<(&'static str, String)>,
) -> Result<Answer, Refusal> {
    let operation = request.operation()?;
    let now = vault.now();
    let is_sealed = vault.state().seal.is_sealed;
    if !is_sealed {
        if request.namespace.is_some() {
            return Err(Refusal::plain(404, "namespace not found"));
        }
        count_at_quota(vault, path, headers)?;
    }
    let body = request.fields()?;
    if is_sealed {
        return Err(Refusal::plain(503, "Vault is sealed"));
    }
    if node == Node::Standby && request.no_forwarding {
        let mut answer = Answer::empty(307);
        answer
            .headers
            .push(("location", format!("http://{}{}", vault.address, request.path)));
        return Ok(answer);
    }
    if vault.injected.audit_is_full() {
        return Err(Refusal::plain(500, "internal error"));
    }
    if operation == Operation::Patch && request.content_type != "application/merge-patch+json" {
        let given = &request.content_type;
        let text = format!("PATCH requires Content-Type of application/merge-patch+json, provided {given}");
        return Err(Refusal::plain(415, text));
    }
    let call = Call {
        operation,
        path: path.to_owned(),
        query: request.query.clone(),
        body,
        token: request.token.clone(),
        wrap_ttl: request.wrap_ttl.as_deref().map(wrap_ttl).transpose()?,
        source: request.source,
        now,
    };
    let success = dispatch(vault, &call).await?;
    Ok(wrap(vault, &call, success).into())
}

fn wrap_ttl(text: &str) -> Result<i64, Refusal> {
    go_duration::parse(text)
        .map_err(|error| Refusal::bad_request(format!("error parsing X-Vault-Wrap-TTL header: {error}")))
}

fn count_at_quota(
    vault: &Vault,
    path: &str,
    headers: &mut Vec<(&'static str, String)>,
) -> Result<(), Refusal> {
    let mut state = vault.state();
    let Some(usage) = state.quotas.count(path, vault.now()) else {
        return Ok(());
    };
    if state.quotas.sends_headers {
        headers.push(("x-ratelimit-limit", usage.limit.to_string()));
        headers.push(("x-ratelimit-remaining", usage.remaining.to_string()));
        headers.push(("x-ratelimit-reset", usage.reset.to_string()));
        if usage.is_exceeded {
            headers.push(("retry-after", usage.reset.to_string()));
        }
    }
    if usage.is_exceeded {
        let text = format!("request path \"{path}\": rate limit quota exceeded");
        return Err(Refusal::plain(429, text));
    }
    Ok(())
}

async fn dispatch(vault: &Vault, call: &Call) -> Result<Success, Refusal> {
    if let "sys/wrapping/unwrap" | "sys/wrapping/lookup" = call.path.as_str() {
        return wrapping_api::open(vault, call);
    }
    if let Some(mount) = login::mount_of(vault, call) {
        return login::handle(vault, call, &mount).await;
    }
    let caller = authenticated(vault, call)?;
    let mount = vault.state().mounts.path_of(&call.path);
    let Some(mount) = mount else {
        let text = format!("no handler for route \"{}\". route entry not found.", call.path);
        return Err(Refusal::plain(404, text));
    };
    let below = call.path[mount.len()..].to_owned();
    match mount.as_str() {
        "sys/" => return sys_api::handle(vault, call, &below, &caller).await,
        "auth/token/" => return token_api::handle(vault, call, &below, &caller),
        _ => {}
    }
    if vault.state().mounts.database(&mount).is_some() {
        return database_api::handle(vault, call, &mount, &below, &caller).await;
    }
    let mut state = vault.state();
    match state.mounts.get_mut(&mount).map(|mount| &mut mount.engine) {
        Some(Engine::Kv(kv)) => kv.handle(call, &below),
        Some(Engine::Transit(transit)) => transit.handle(call, &below),
        Some(engine) => login::configure(engine, call, &mount, &below),
        None => Err(Refusal::unsupported_path()),
    }
}

/// The token of a call whose policies allow it.
fn authenticated(vault: &Vault, call: &Call) -> Result<Token, Refusal> {
    let mut state = vault.state();
    let id = call.token.as_deref().ok_or_else(Refusal::no_token)?;
    // A wrapping token has one use, whatever it is used for.
    if state.wrappings.take(id, call.now).is_some() {
        return Err(Refusal::outside_policy());
    }
    let caller = state.tokens.use_once(id, call.source, call.now)?;
    let acl = state.acl(&caller);
    let capability = match call.operation {
        Operation::Read => Capability::Read,
        Operation::Write => Capability::Write,
        Operation::Delete => Capability::Delete,
        Operation::List => Capability::List,
        Operation::Patch => Capability::Patch,
    };
    if acl.allows(capability, &call.path, requires_sudo(&call.path), call.wrap_ttl) {
        return Ok(caller);
    }
    Err(Refusal::outside_policy())
}

/// Paths that need the capability `sudo` as well.
fn requires_sudo(path: &str) -> bool {
    let below = [
        "sys/auth/",
        "sys/audit",
        "sys/raw",
        "sys/leases/revoke-prefix/",
        "sys/leases/revoke-force/",
        "sys/leases/lookup/",
        "auth/token/create-orphan",
    ];
    path == "sys/seal" || below.iter().any(|start| path.starts_with(start))
}

/// Puts a reply into a wrapping token when the call wishes so.
fn wrap(vault: &Vault, call: &Call, success: Success) -> Success {
    match (call.wrap_ttl, success) {
        (Some(ttl), Success::Reply(reply)) if is_wrappable(&reply) => {
            let envelope = reply.envelope();
            let stored = Wrapped::new(envelope, call.path.clone(), ttl, reply.accessor, call.now);
            let info = vault.state().wrappings.create(stored);
            Success::Wrapped(wrapped(&info))
        }
        (_, success) => success,
    }
}

fn is_wrappable(reply: &Reply) -> bool {
    !reply.is_absent && (reply.data != Value::Null || reply.auth != Value::Null)
}

/// A 307 to the cleaned path, as the server's router sends it for `//` and `..`.
pub(crate) fn redirect_to_clean_path(path: &str) -> Option<Answer> {
    let mut clean: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." | "" => {}
            ".." => drop(clean.pop()),
            segment => clean.push(segment),
        }
    }
    let mut target = format!("/{}", clean.join("/"));
    if path.ends_with('/') && target != "/" {
        target.push('/');
    }
    if target == path {
        return None;
    }
    let text = format!("<a href=\"{target}\">Temporary Redirect</a>.\n\n");
    let payload = Payload::Text {
        content_type: "text/html; charset=utf-8",
        text,
    };
    Some(Answer {
        status: 307,
        headers: vec![("location", target)],
        payload,
    })
}
