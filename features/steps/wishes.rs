//! Wishes of a user.

use crate::steps::requests::send;
use crate::world::World;
use anyhow::Result;
use cucumber::given;
use reqwest::Method;

/// Saves the id of the latest wish as `Ann's wish`.
#[given(expr = "{word} has {int} wish(es)")]
async fn has_wishes(world: &mut World, user: String, count: usize) -> Result<()> {
    for n in 1..=count {
        let body = format!(r#"{{"title": "wish {n} of {count}"}}"#);
        let response = send(world, Some(&user), Method::POST, "/wishes", "", Some(&body)).await?;
        response.expect_status(201)?;
        let id = response.json()?["id"].to_string();
        world.variables.set(&format!("{user}'s wish"), &id);
    }
    Ok(())
}
