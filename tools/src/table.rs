//! The table of tools: `security/tools.toml`, compiled into the binary.

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::tool::Tool;

const TABLE: &str = include_str!("../../security/tools.toml");

#[derive(Deserialize)]
struct Table {
    tool: Vec<Tool>,
}

/// All tools, in the order of the file.
pub fn all() -> Result<Vec<Tool>> {
    let table: Table = toml::from_str(TABLE).context("security/tools.toml")?;
    Ok(table.tool)
}

/// The tool with this name.
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
    use crate::tool::Install;
    use harness::checksum;

    #[test]
    fn the_table_is_well_formed_and_has_each_tool_once() {
        let mut names: Vec<String> = all().unwrap().into_iter().map(|tool| tool.name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(get("nothing").unwrap_err().to_string().contains("there are"));
    }

    #[test]
    fn each_checksum_is_complete_and_each_lock_file_the_pinned_one() {
        let locks = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../security/locks");
        let mut unused = std::fs::read_dir(&locks).unwrap().count();
        for tool in all().unwrap() {
            let well_formed = match &tool.install {
                Install::Crate(package) => package.checksum.len() == 64,
                Install::Npm(package) if !package.with.is_empty() => {
                    unused -= 1;
                    let lock = locks.join(format!("{}.json", tool.name));
                    let text = std::fs::read_to_string(&lock).unwrap();
                    let digest = checksum::of_file(&lock).unwrap();
                    assert_eq!(digest, package.checksum, "{}", tool.name);
                    let pin = format!("\"{}\": \"{}\"", package.name, package.version);
                    text.contains(&pin)
                        && text.matches("\"integrity\": \"sha512-").count() > package.with.len()
                }
                Install::Npm(package) => package.checksum.len() == "sha512-".len() + 88,
                Install::Go(module) => module.checksum.len() == "h1:".len() + 44,
                Install::None(how) => !how.is_empty(),
                Install::Pypi(environment) => {
                    unused -= 1;
                    let lock = locks.join(format!("{}.txt", tool.name));
                    let text = std::fs::read_to_string(&lock).unwrap();
                    let pin = format!("\n{}=={} ", environment.name, environment.version);
                    let digest = checksum::of_file(&lock).unwrap();
                    assert_eq!(digest, environment.checksum, "{}", tool.name);
                    text.contains(&pin) && environment.with.iter().all(|other| text.contains(other))
                }
            };
            assert!(well_formed, "{}", tool.name);
        }
        assert_eq!(unused, 0, "lock files without a tool");
    }
}
