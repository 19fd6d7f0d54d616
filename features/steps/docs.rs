//! The documentation page and the OpenAPI document, and what can be asked of every path in it.

use crate::client::headers;
use crate::steps::http::rows;
use crate::visitor::Visitor;
use anyhow::{Context, Result, ensure};
use cucumber::gherkin::Step;
use cucumber::{then, when};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Methods as the document writes them.
const METHODS: [&str; 7] = ["get", "put", "post", "delete", "patch", "head", "trace"];

/// Header fields that name the one answer they stand on, and so differ from answer to answer.
const OWN: [&str; 5] = [
    "date",
    "x-request-id",
    "traceparent",
    "ratelimit",
    "content-length",
];

#[then("everything that the page loads comes from this service")]
async fn own_assets(visitor: &mut Visitor) -> Result<()> {
    let page = visitor.answer()?.text()?.to_owned();
    let assets = assets(&page);
    ensure!(!assets.is_empty(), "the page loads nothing");
    // What is written out in the page itself is loaded from nowhere.
    for asset in assets.into_iter().filter(|asset| !asset.starts_with("data:")) {
        let own = asset.starts_with('/') && !asset.starts_with("//");
        ensure!(own, "{asset} is loaded from elsewhere");
        visitor.client.get(&asset).await?.expect_status(200)?;
    }
    Ok(())
}

#[then("nothing in the page is inline")]
fn nothing_inline(visitor: &mut Visitor) -> Result<()> {
    let page = visitor.answer()?.text()?;
    for bad in [
        "<style",
        " style=",
        "<script>",
        " onclick=",
        " onload=",
        "javascript:",
    ] {
        ensure!(!page.contains(bad), "the page holds {bad}");
    }
    Ok(())
}

#[then("every operation of the document has a name of its own, a summary and its answers")]
fn operations_are_described(visitor: &mut Visitor) -> Result<()> {
    let document = visitor.answer()?.json()?;
    let mut names = HashSet::new();
    for (path, method, operation) in operations(&document)? {
        let name = operation["operationId"]
            .as_str()
            .with_context(|| format!("{method} {path} has no name"))?;
        ensure!(names.insert(name.to_owned()), "{name} is there twice");
        ensure!(operation["summary"].is_string(), "{name} has no summary");
        let answers = operation["responses"]
            .as_object()
            .with_context(|| format!("{name} has no answers"))?;
        ensure!(
            answers.contains_key("500") && answers.contains_key("429"),
            "{name} hides its refusals"
        );
    }
    ensure!(!names.is_empty(), "the document describes nothing");
    Ok(())
}

/// The table gives paths of the document as somebody would ask for them, where the path alone is not enough; one with
/// a place that is left open and that it does not give is an error, so that a new operation cannot be forgotten here.
#[when("I look at every path of the OpenAPI document, where it needs more asked for as")]
async fn every_path(visitor: &mut Visitor, step: &Step) -> Result<()> {
    let document = visitor.client.get("/openapi.json").await?.json()?;
    let given: HashMap<String, String> = rows(step)?
        .into_iter()
        .map(<[String; 2]>::try_from)
        .map(pair)
        .collect::<Result<_>>()?;
    let mut targets = BTreeSet::new();
    for (path, method, _) in operations(&document)? {
        let target = given.get(&path).unwrap_or(&path);
        ensure!(!target.contains('{'), "the table does not give {path}");
        targets.insert(target.clone());
        let options = visitor
            .client
            .ask(Method::OPTIONS, target, HeaderMap::new())
            .await?;
        options.expect_status(204)?;
        let allow = options.header("allow")?.unwrap_or_default();
        ensure!(
            allow.split(", ").any(|one| one.eq_ignore_ascii_case(&method)),
            "{path}: Allow is {allow}"
        );
        visitor.answers.push(options);
    }
    for target in &targets {
        let (get, head) = (
            visitor.client.get(target).await?,
            visitor.client.ask(Method::HEAD, target, HeaderMap::new()).await?,
        );
        visitor.answers.extend([get, head]);
    }
    Ok(())
}

#[then("each HEAD has the headers of its GET and no body")]
fn head_like_get(visitor: &mut Visitor) -> Result<()> {
    let asked = |method: &'static str| {
        visitor
            .answers
            .iter()
            .filter(move |answer| answer.asked.starts_with(method))
    };
    for (get, head) in asked("GET").zip(asked("HEAD")) {
        get.expect_status(head.status)?;
        ensure!(head.body.is_empty(), "{}: has a body", head.asked);
        let length = head.header("content-length")?.unwrap_or_default();
        let same = length == get.body.len().to_string();
        ensure!(
            same,
            "{}: length {length} instead of {}",
            head.asked,
            get.body.len()
        );
        for name in get.headers.keys().filter(|name| !OWN.contains(&name.as_str())) {
            let same = get.headers.get_all(name) == head.headers.get_all(name);
            ensure!(same, "{}: another {name}", head.asked);
        }
    }
    Ok(())
}

#[then("none of these paths takes a method that it does not list")]
async fn unlisted_methods(visitor: &mut Visitor, step: &Step) -> Result<()> {
    for row in rows(step)? {
        let [target] = row.as_slice() else {
            anyhow::bail!("a row is a target")
        };
        for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"] {
            let method = Method::from_bytes(method.as_bytes())?;
            let answer = visitor.client.ask(method, target, headers("")?).await?;
            answer.expect_problem(405)?;
            let allow = answer.header("allow")?.unwrap_or_default();
            ensure!(
                allow == "GET, HEAD, OPTIONS",
                "{}: Allow is {allow}",
                answer.asked
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

fn pair(row: Result<[String; 2], Vec<String>>) -> Result<(String, String)> {
    match row {
        Ok([path, target]) => Ok((path, target)),
        Err(row) => anyhow::bail!("a row is: path, target; not {row:?}"),
    }
}

/// What `src` of any element and `href` of a `link` name.
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
