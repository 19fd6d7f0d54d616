//! The demo's two operations.

use crate::visitor::Visitor;
use anyhow::{Context, Result, ensure};
use cucumber::then;

#[then(expr = "the member {string} is ten letters or digits")]
fn ten(visitor: &mut Visitor, member: String) -> Result<()> {
    let json = visitor.answer()?.json()?;
    let text = json[&member].as_str().with_context(|| format!("no {member}"))?;
    ensure!(
        text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "it is {text}"
    );
    Ok(())
}

/// Others may add and delete meanwhile.
#[then(expr = "the member {string} tells how many rows were deleted, at least one")]
fn deleted(visitor: &mut Visitor, member: String) -> Result<()> {
    let json = visitor.answer()?.json()?;
    let text = json[&member].as_str().unwrap_or_default();
    let count: Option<u64> = text
        .strip_suffix(" rows deleted")
        .and_then(|count| count.parse().ok());
    ensure!(count.is_some_and(|count| count > 0), "it is {text}");
    Ok(())
}
