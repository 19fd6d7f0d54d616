//! Who may what, asked of every operation that the OpenAPI document has: a new one cannot be forgotten.

use crate::answer::Answer;
use crate::steps::docs::operations;
use crate::steps::people::ask;
use crate::visitor::Visitor;
use anyhow::{Context, Result, ensure};
use cucumber::gherkin::Step;
use cucumber::then;
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

#[then("these operations are open to everybody, and every other one refuses who has no token")]
async fn open(visitor: &mut Visitor, step: &Step) -> Result<()> {
    let mut open: BTreeSet<(String, String)> = BTreeSet::new();
    for row in super::http::rows(step)? {
        let [method, path] = row.as_slice() else {
            anyhow::bail!("a row is: method, path");
        };
        open.insert((method.clone(), path.clone()));
    }
    for (path, method, _) in all(visitor).await? {
        let asked = (method.to_uppercase(), path.clone());
        if open.remove(&asked) {
            continue;
        }
        let answer = request(visitor, None, &method, &path).await?;
        answer.expect_problem(401)?;
        let challenge = answer.header("www-authenticate")?.unwrap_or_default();
        ensure!(!challenge.is_empty(), "{}: no challenge", answer.asked);
    }
    ensure!(open.is_empty(), "there is no such operation: {open:?}");
    Ok(())
}

/// The right of an operation is the name of its security scheme, with a point where the scope has a colon.
#[then(expr = "every operation beyond {word}'s rights refuses, and every list within them answers")]
async fn rights(visitor: &mut Visitor, who: String) -> Result<()> {
    let me = ask(visitor, Some(&who), Method::GET, "/auth/me", "", None).await?;
    me.expect_status(200)?;
    let me = me.json()?;
    let scopes: Vec<&str> = me["scopes"]
        .as_array()
        .context("no scopes")?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let mut refused = 0;
    for (path, method, operation) in all(visitor).await? {
        let schemes = operation["security"].as_array().into_iter().flatten();
        let needed = schemes.filter_map(|scheme| scheme.as_object()?.keys().next().cloned());
        let needed: Vec<String> = needed.filter(|name| name != "basic").collect();
        let [scheme] = needed.as_slice() else {
            ensure!(needed.is_empty(), "{method} {path} needs {needed:?}");
            continue;
        };
        if !scopes.contains(&scheme.replace('.', ":").as_str()) {
            let answer = request(visitor, Some(&who), &method, &path).await?;
            answer.expect_problem(403)?;
            refused += 1;
        } else if method == "get" && !path.contains('{') && path != "/user" {
            request(visitor, Some(&who), &method, &path)
                .await?
                .expect_status(200)?;
        }
    }
    let everything = scopes.contains(&"users:write");
    ensure!(refused > 0 || everything, "nothing is beyond {scopes:?}");
    Ok(())
}

async fn all(visitor: &Visitor) -> Result<Vec<(String, String, Value)>> {
    let answer = visitor.client.get("/openapi.json").await?;
    answer.expect_status(200)?;
    operations(&answer.json()?)
}

async fn request(visitor: &Visitor, who: Option<&str>, method: &str, path: &str) -> Result<Answer> {
    let method = Method::from_bytes(method.to_uppercase().as_bytes())?;
    // Something that could be there, so that no right is looked for only after the thing was found.
    let target = path.replace("{id}", "1");
    ensure!(!target.contains('{'), "nobody knows what to ask {path} for");
    ask(visitor, who, method, &target, "", None).await
}
