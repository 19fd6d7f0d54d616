//! Lists of users, from page to page.

use crate::steps::people::ask;
use crate::visitor::Visitor;
use anyhow::{Context, Result, ensure};
use cucumber::{then, when};
use reqwest::Method;
use serde_json::Value;

#[when(expr = "{word} reads all pages of {string}")]
async fn all_pages(visitor: &mut Visitor, who: String, target: String) -> Result<()> {
    visitor.answers.clear();
    let mut next = Some(target);
    while let Some(target) = next {
        ensure!(visitor.answers.len() < 2_000, "the pages do not end");
        let answer = ask(visitor, Some(&who), Method::GET, &target, "", None).await?;
        answer.expect_status(200)?;
        next = answer
            .header("link")?
            .map(super::ports::next_target)
            .transpose()?;
        visitor.answers.push(answer);
    }
    Ok(())
}

#[then(expr = "the numbers of the {string} rise from page to page, none twice, at most {int} a page")]
fn rise(visitor: &mut Visitor, list: String, limit: usize) -> Result<()> {
    ensure!(visitor.answers.len() > 1, "there is one page only");
    let numbers = numbers(visitor, &list, limit)?;
    ensure!(
        numbers.windows(2).all(|two| two[0] < two[1]),
        "not in order, or one twice: {numbers:?}"
    );
    Ok(())
}

#[then(expr = "the numbers of the {string} fall from page to page, none twice, at most {int} a page")]
fn fall(visitor: &mut Visitor, list: String, limit: usize) -> Result<()> {
    ensure!(visitor.answers.len() > 1, "there is one page only");
    let numbers = numbers(visitor, &list, limit)?;
    ensure!(
        numbers.windows(2).all(|two| two[0] > two[1]),
        "not in order, or one twice: {numbers:?}"
    );
    Ok(())
}

#[then(expr = "{word} and {word} are among the {string}")]
fn among(visitor: &mut Visitor, one: String, other: String, list: String) -> Result<()> {
    let items = items(visitor, &list)?;
    for who in [one, other] {
        let email = visitor.notes.get(&format!("{who}.email"))?;
        let found = items.iter().filter(|item| item["email"] == email).count();
        ensure!(found == 1, "{who} is there {found} times");
    }
    Ok(())
}

fn numbers(visitor: &Visitor, list: &str, limit: usize) -> Result<Vec<i64>> {
    for answer in &visitor.answers {
        let count = answer.json()?[list].as_array().map_or(0, Vec::len);
        ensure!(count <= limit, "{}: {count} on one page", answer.asked);
    }
    items(visitor, list)?
        .iter()
        .map(|item| item["id"].as_i64().context("no number"))
        .collect()
}

fn items(visitor: &Visitor, list: &str) -> Result<Vec<Value>> {
    let mut items = Vec::new();
    for answer in &visitor.answers {
        let page = answer.json()?[list].as_array().cloned();
        items.extend(page.with_context(|| format!("no {list}: {answer}"))?);
    }
    Ok(items)
}
