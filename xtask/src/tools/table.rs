//! The table of tools: `security/tools.toml`, in the binary.

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::tool::Tool;

const TABLE: &str = include_str!("../../../security/tools.toml");

#[derive(Deserialize)]
struct Table {
    tool: Vec<Tool>,
}

/// Every tool, in the order of the file.
///
/// # Errors
/// When the file is malformed, which a test excludes.
pub fn all() -> Result<Vec<Tool>> {
    let table: Table = toml::from_str(TABLE).context("security/tools.toml")?;
    Ok(table.tool)
}

/// The tool of this name.
///
/// # Errors
/// Names those that there are.
pub fn get(name: &str) -> Result<Tool> {
    let all = all()?;
    let names: Vec<String> = all.iter().map(|tool| tool.name.clone()).collect();
    all.into_iter()
        .find(|tool| tool.name == name)
        .with_context(|| format!("no tool {name}; there are {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_well_formed_and_has_each_tool_once() {
        let mut names: Vec<String> = all().unwrap().into_iter().map(|tool| tool.name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(get("nothing").unwrap_err().to_string().contains("there are"));
    }
}
