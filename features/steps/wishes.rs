//! Wishes of people.

use crate::steps::people::ask;
use crate::visitor::Visitor;
use anyhow::Result;
use cucumber::given;
use reqwest::Method;

/// The number of the latest is noted as `Ann's wish`.
#[given(expr = "{word} has {int} wish(es)")]
async fn has(visitor: &mut Visitor, who: String, count: usize) -> Result<()> {
    for n in 1..=count {
        let body = format!(r#"{{"title": "wish {n} of {count}"}}"#);
        let answer = ask(visitor, Some(&who), Method::POST, "/wishes", "", Some(&body)).await?;
        answer.expect_status(201)?;
        visitor
            .notes
            .note(&format!("{who}'s wish"), &answer.json()?["id"].to_string());
    }
    Ok(())
}
