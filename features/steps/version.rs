//! The version.

use crate::world::World;
use anyhow::{Result, ensure};
use cucumber::then;

#[then("the response contains a semantic version, a commit, a build date and the compiler version")]
fn has_version(world: &mut World) -> Result<()> {
    let json = world.response()?.json()?;
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let numbers: Vec<String> = text("version").splitn(3, '.').map(str::to_owned).collect();
    let is_number = |part: &String| part.starts_with(|first: char| first.is_ascii_digit());
    ensure!(
        numbers.len() == 3 && numbers.iter().all(is_number),
        "no semantic version: {json}"
    );
    ensure!(!text("commit").is_empty(), "no commit: {json}");
    let date = text("build_date");
    ensure!(
        date.len() == 10 && date.starts_with("20"),
        "no build date: {json}"
    );
    ensure!(text("rustc").starts_with("rustc "), "no compiler version: {json}");
    Ok(())
}
