//! The list of ports and its pages.

use crate::visitor::Visitor;
use anyhow::{Context, Result, ensure};
use cucumber::{then, when};

#[when(expr = "I read all pages of {string} from the first to the last")]
async fn all_pages(visitor: &mut Visitor, target: String) -> Result<()> {
    let mut next = Some(target);
    while let Some(target) = next {
        ensure!(visitor.answers.len() < 500, "the pages do not end");
        let answer = visitor.client.get(&target).await?;
        answer.expect_status(200)?;
        next = answer.header("link")?.map(next_target).transpose()?;
        visitor.answers.push(answer);
    }
    Ok(())
}

#[then(expr = "the {word} come in order of their {word}, none twice, {int} in all, at most {int} a page")]
fn in_order(visitor: &mut Visitor, list: String, key: String, count: usize, limit: usize) -> Result<()> {
    let mut keys = Vec::new();
    for answer in &visitor.answers {
        let json = answer.json()?;
        let page = json[&list]
            .as_array()
            .with_context(|| format!("no {list}: {answer}"))?;
        ensure!(
            page.len() <= limit,
            "{}: {} on one page",
            answer.asked,
            page.len()
        );
        keys.extend(
            page.iter()
                .map(|item| item[&key].as_str().unwrap_or_default().to_owned()),
        );
    }
    ensure!(keys.len() == count, "there are {}", keys.len());
    ensure!(
        keys.windows(2).all(|two| two[0] < two[1]),
        "not in order, or one twice: {keys:?}"
    );
    Ok(())
}

#[then(expr = "exactly the ports {string} are found")]
fn found(visitor: &mut Visitor, codes: String) -> Result<()> {
    let json = visitor.answer()?.json()?;
    let ports = json["ports"].as_array().context("no ports")?;
    let found: Vec<&str> = ports.iter().filter_map(|port| port["code"].as_str()).collect();
    let wanted: Vec<&str> = codes
        .split(',')
        .map(str::trim)
        .filter(|code| !code.is_empty())
        .collect();
    ensure!(found == wanted, "found are {found:?}");
    Ok(())
}

/// The target of `Link: <…>; rel="next"` (RFC 8288).
pub(super) fn next_target(link: &str) -> Result<String> {
    let (target, rest) = link.trim_start_matches('<').split_once('>').context("no link")?;
    ensure!(rest.contains("rel=\"next\""), "another relation: {link}");
    Ok(target.to_owned())
}
