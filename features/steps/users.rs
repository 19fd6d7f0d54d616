//! The list of users.

use crate::steps::pagination::items;
use crate::world::World;
use anyhow::{Result, ensure};
use cucumber::then;

#[then(expr = "{word} and {word} are each listed once among the {string}")]
fn are_listed(world: &mut World, one: String, other: String, list: String) -> Result<()> {
    let items = items(world, &list)?;
    for user in [one, other] {
        let email = world.variables.get_of(&user, "email")?;
        let count = items.iter().filter(|item| item["email"] == email).count();
        ensure!(count == 1, "{user} is listed {count} times");
    }
    Ok(())
}
