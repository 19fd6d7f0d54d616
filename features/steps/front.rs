//! The greeting, the version, the page for browsers.

use crate::visitor::Visitor;
use anyhow::{Result, ensure};
use cucumber::then;

#[then("it tells a semantic version, a commit, a build date and the compiler")]
fn version(visitor: &mut Visitor) -> Result<()> {
    let told = visitor.answer()?.json()?;
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    let numbers: Vec<String> = text("version").splitn(3, '.').map(str::to_owned).collect();
    let is_number = |part: &String| part.starts_with(|first: char| first.is_ascii_digit());
    ensure!(
        numbers.len() == 3 && numbers.iter().all(is_number),
        "no semantic version: {told}"
    );
    ensure!(!text("commit").is_empty(), "no commit: {told}");
    let date = text("build_date");
    ensure!(
        date.len() == 10 && date.starts_with("20"),
        "no build date: {told}"
    );
    ensure!(text("rustc").starts_with("rustc "), "no compiler: {told}");
    Ok(())
}
