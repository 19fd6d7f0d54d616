//! Authorization of every operation in the OpenAPI document, so that no new operation is left out.

use crate::response::Response;
use crate::steps::docs::operations;
use crate::steps::json::rows;
use crate::steps::requests::{get_as, send};
use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::gherkin::Step;
use cucumber::then;
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

/// Its errors have the form of RFC 6749.
const TOKEN_PATH: &str = "/oauth/token";

#[then("exactly these operations are public, and every other operation requires a token")]
async fn are_public(world: &mut World, step: &Step) -> Result<()> {
    let mut public: BTreeSet<(String, String)> = BTreeSet::new();
    for row in rows(step)? {
        let [method, path] = row.as_slice() else {
            anyhow::bail!("the columns are: method, path");
        };
        public.insert((method.clone(), path.clone()));
    }
    for (path, method, _) in documented_operations(world).await? {
        if public.remove(&(method.to_uppercase(), path.clone())) {
            continue;
        }
        let response = send_to(world, None, &method, &path).await?;
        if path == TOKEN_PATH {
            response.expect_status(401)?;
        } else {
            response.expect_problem(401)?;
        }
        let challenge = response.header("www-authenticate")?.unwrap_or_default();
        ensure!(!challenge.is_empty(), "{}: no challenge", response.request);
    }
    ensure!(public.is_empty(), "not in the OpenAPI document: {public:?}");
    Ok(())
}

/// The scope of an operation is the name of its security scheme, with a colon instead of the dot.
#[then(expr = "every operation outside {word}'s scopes is forbidden, and every list within them is readable")]
async fn respects_scopes(world: &mut World, user: String) -> Result<()> {
    let me = get_as(world, &user, "/auth/me").await?;
    me.expect_status(200)?;
    let me = me.json()?;
    let scopes: Vec<&str> = me["scopes"]
        .as_array()
        .context("no scopes")?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let mut forbidden = 0;
    for (path, method, operation) in documented_operations(world).await? {
        let schemes = operation["security"].as_array().into_iter().flatten();
        let names = schemes.filter_map(|scheme| scheme.as_object()?.keys().next().cloned());
        let names: Vec<String> = names
            .filter(|name| !["basic", "client", "client.secret"].contains(&name.as_str()))
            .collect();
        let [scheme] = names.as_slice() else {
            ensure!(names.is_empty(), "{method} {path} has the schemes {names:?}");
            continue;
        };
        if !scopes.contains(&scheme.replace('.', ":").as_str()) {
            let response = send_to(world, Some(&user), &method, &path).await?;
            response.expect_problem(403)?;
            forbidden += 1;
        } else if method == "get" && !path.contains('{') && path != "/user" {
            let response = send_to(world, Some(&user), &method, &path).await?;
            // A service without requests for access documents them and answers as if they did not exist.
            let is_disabled = path.starts_with("/access/") && !world.capabilities.access;
            if !(is_disabled && response.status == 404) {
                response.expect_status(200)?;
            }
        }
    }
    let has_all_scopes = scopes.contains(&"users:write");
    ensure!(
        forbidden > 0 || has_all_scopes,
        "no operation is outside {scopes:?}"
    );
    Ok(())
}

async fn documented_operations(world: &World) -> Result<Vec<(String, String, Value)>> {
    let response = world.client.get("/openapi.json").await?;
    response.expect_status(200)?;
    operations(&response.json()?)
}

async fn send_to(world: &World, user: Option<&str>, method: &str, path: &str) -> Result<Response> {
    let method = Method::from_bytes(method.to_uppercase().as_bytes())?;
    // Plausible ids, so that a check of the scopes after the lookup of the resource would be found.
    let target = path.replace("{id}", "1").replace("{name}", "v-unknown");
    let target = target.replace("{secret_id}", "1").replace("{key_id}", "1");
    ensure!(!target.contains('{'), "no target is known for {path}");
    send(world, user, method, &target, "", None).await
}
