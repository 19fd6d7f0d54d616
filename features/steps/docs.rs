//! The documentation page, the OpenAPI document, and checks of every documented path.

use crate::client::headers;
use crate::steps::json::rows;
use crate::world::World;
use anyhow::{Context, Result, bail, ensure};
use cucumber::gherkin::Step;
use cucumber::{then, when};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Methods as members of a path item.
const METHODS: [&str; 7] = ["get", "put", "post", "delete", "patch", "head", "trace"];

/// Header fields that differ from response to response.
const VARYING_HEADERS: [&str; 5] = [
    "date",
    "x-request-id",
    "traceparent",
    "ratelimit",
    "content-length",
];

#[then("the service itself serves every asset of the page")]
async fn has_own_assets(world: &mut World) -> Result<()> {
    let page = world.response()?.text()?.to_owned();
    let assets = assets(&page);
    ensure!(!assets.is_empty(), "the page has no assets");
    // A data URL is part of the page.
    for asset in assets.into_iter().filter(|asset| !asset.starts_with("data:")) {
        let is_own = asset.starts_with('/') && !asset.starts_with("//");
        ensure!(is_own, "{asset} is loaded from elsewhere");
        world.client.get(&asset).await?.expect_status(200)?;
    }
    Ok(())
}

#[then("the page has no inline scripts or styles")]
fn has_nothing_inline(world: &mut World) -> Result<()> {
    let page = world.response()?.text()?;
    for inline in [
        "<style",
        " style=",
        "<script>",
        " onclick=",
        " onload=",
        "javascript:",
    ] {
        ensure!(!page.contains(inline), "the page contains {inline}");
    }
    Ok(())
}

#[then("every operation of the document has a unique id, a summary and documented responses")]
fn are_described(world: &mut World) -> Result<()> {
    let document = world.response()?.json()?;
    let mut ids = HashSet::new();
    for (path, method, operation) in operations(&document)? {
        let id = operation["operationId"]
            .as_str()
            .with_context(|| format!("{method} {path} has no operationId"))?;
        ensure!(ids.insert(id.to_owned()), "{id} occurs twice");
        ensure!(operation["summary"].is_string(), "{id} has no summary");
        let responses = operation["responses"]
            .as_object()
            .with_context(|| format!("{id} has no responses"))?;
        ensure!(
            responses.contains_key("500") && responses.contains_key("429"),
            "{id} does not document its error responses"
        );
    }
    ensure!(!ids.is_empty(), "the document has no operations");
    Ok(())
}

/// The table contains a target for every path with parameters; a path that is missing fails the step, so that no new
/// operation is left out.
#[when("I request every path of the OpenAPI document, with these targets for paths that need parameters")]
async fn request_every_path(world: &mut World, step: &Step) -> Result<()> {
    let document = world.client.get("/openapi.json").await?.json()?;
    let mut given = HashMap::new();
    for row in rows(step)? {
        let [path, target] = row.as_slice() else {
            bail!("the columns are: path, target");
        };
        given.insert(path.clone(), target.clone());
    }
    let mut targets = BTreeSet::new();
    for (path, method, _) in operations(&document)? {
        let target = given.get(&path).unwrap_or(&path);
        ensure!(!target.contains('{'), "{path} is not in the table");
        targets.insert(target.clone());
        let options = world
            .client
            .send(Method::OPTIONS, target, HeaderMap::new())
            .await?;
        options.expect_status(204)?;
        let allow = options.header("allow")?.unwrap_or_default();
        ensure!(
            allow.split(", ").any(|one| one.eq_ignore_ascii_case(&method)),
            "{path}: Allow is {allow}"
        );
        world.responses.push(options);
    }
    for target in &targets {
        let (get, head) = (
            world.client.get(target).await?,
            world.client.send(Method::HEAD, target, HeaderMap::new()).await?,
        );
        world.responses.extend([get, head]);
    }
    Ok(())
}

#[then("each HEAD response has the headers of its GET response and no body")]
fn head_equals_get(world: &mut World) -> Result<()> {
    let responses_to = |method: &'static str| {
        world
            .responses
            .iter()
            .filter(move |response| response.request.starts_with(method))
    };
    for (get, head) in responses_to("GET").zip(responses_to("HEAD")) {
        get.expect_status(head.status)?;
        ensure!(head.body.is_empty(), "{}: has a body", head.request);
        let length = head.header("content-length")?.unwrap_or_default();
        ensure!(
            length == get.body.len().to_string(),
            "{}: length {length} instead of {}",
            head.request,
            get.body.len()
        );
        let names = get.headers.keys();
        for name in names.filter(|name| !VARYING_HEADERS.contains(&name.as_str())) {
            let is_equal = get.headers.get_all(name) == head.headers.get_all(name);
            ensure!(is_equal, "{}: {name} differs", head.request);
        }
    }
    Ok(())
}

#[then("each of these paths rejects every method that it does not list")]
async fn reject_other_methods(world: &mut World, step: &Step) -> Result<()> {
    for target in rows(step)?.iter().flatten() {
        for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"] {
            let method = Method::from_bytes(method.as_bytes())?;
            let response = world.client.send(method, target, headers("")?).await?;
            response.expect_problem(405)?;
            let allow = response.header("allow")?.unwrap_or_default();
            ensure!(
                allow == "GET, HEAD, OPTIONS",
                "{}: Allow is {allow}",
                response.request
            );
        }
    }
    Ok(())
}

/// Path, method and description of each operation.
pub(super) fn operations(document: &Value) -> Result<Vec<(String, String, Value)>> {
    let paths = document["paths"]
        .as_object()
        .context("the document has no paths")?;
    let all = paths.iter().flat_map(|(path, item)| {
        let known = METHODS
            .iter()
            .filter_map(|method| Some((*method, item.get(*method)?)));
        known.map(|(method, operation)| (path.clone(), method.to_owned(), operation.clone()))
    });
    Ok(all.collect())
}

/// The `src` of every element and the `href` of every `link`.
fn assets(page: &str) -> Vec<String> {
    let tags = page
        .split('<')
        .filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag));
    let value = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    tags.filter_map(|tag| {
        value(tag, "src").or_else(|| value(tag, "href").filter(|_| tag.starts_with("link")))
    })
    .collect()
}
