//! Demo operations.

use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::then;

#[then(expr = "the member {string} is ten alphanumeric characters")]
fn is_alphanumeric(world: &mut World, member: String) -> Result<()> {
    let json = world.response()?.json()?;
    let text = json[&member].as_str().with_context(|| format!("no {member}"))?;
    ensure!(
        text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "it is {text}"
    );
    Ok(())
}

/// At least one, because concurrent clients may add and delete rows as well.
#[then(expr = "the member {string} reports at least one deleted row")]
fn reports_deleted_rows(world: &mut World, member: String) -> Result<()> {
    let json = world.response()?.json()?;
    let text = json[&member].as_str().unwrap_or_default();
    let count: Option<u64> = text
        .strip_suffix(" rows deleted")
        .and_then(|count| count.parse().ok());
    ensure!(count.is_some_and(|count| count > 0), "it is {text}");
    Ok(())
}
