//! What cargo needs in a build to reach its registry from this machine: a part of its configuration, and a bundle of CA certificates.
//! They are passed as secrets: both may name hosts, the configuration may hold tokens, and neither belongs into a layer.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use harness::context::Context;
use tempfile::TempDir;
use toml::{Table, Value};

/// The tables about the network. Others, such as `build` and `profile`, would change the program.
const TABLES: [&str; 5] = ["http", "net", "registries", "registry", "source"];

/// Where the build finds the bundle.
const BUNDLE: &str = "/run/secrets/ca-bundle";

/// The files of one build, removed on drop.
#[derive(Debug)]
pub struct CargoSettings {
    folder: TempDir,
    bundle: Option<PathBuf>,
}

impl CargoSettings {
    /// Reads cargo's configuration in its home folder, if there is one.
    pub fn read(context: &Context) -> Result<CargoSettings> {
        let settings = &context.settings;
        let file = settings.cargo_home.as_ref().map(|home| home.join("config.toml"));
        let text = match file.filter(|file| file.exists()) {
            Some(file) => {
                fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?
            }
            None => String::new(),
        };
        let bundle = settings.ca_bundle.clone().filter(|file| file.is_file());
        let folder = tempfile::Builder::new().prefix("portcullis-cargo-").tempdir()?;
        let config = network_part(&text, bundle.as_deref()).context("cargo's config.toml")?;
        fs::write(folder.path().join("config.toml"), config)?;
        Ok(CargoSettings { folder, bundle })
    }

    /// The values of `--secret`.
    pub fn secrets(&self) -> Vec<String> {
        let secret = |id: &str, file: &Path| format!("id={id},src={}", file.display());
        let config = secret("cargo-config", &self.folder.path().join("config.toml"));
        let bundle = self.bundle.iter().map(|bundle| secret("ca-bundle", bundle));
        std::iter::once(config).chain(bundle).collect()
    }
}

fn network_part(config: &str, bundle: Option<&Path>) -> Result<String> {
    let mut config: Table = config.parse()?;
    config.retain(|table, _| TABLES.contains(&table));
    if bundle.is_some() {
        let http = config.entry("http").or_insert_with(|| Table::new().into());
        let http = http.as_table_mut().context("`http` is not a table")?;
        http.insert("cainfo".to_owned(), Value::from(BUNDLE));
    }
    Ok(config.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_network_reaches_the_build() {
        let config = "[build]\nrustflags = [\"-g\"]\n[http]\nproxy = \"p:1\"\n[source.crates-io]\nreplace-with = \"m\"\n";
        let part: Table = network_part(config, None).unwrap().parse().unwrap();
        assert_eq!(part.keys().collect::<Vec<_>>(), ["http", "source"]);
        let part: Table = network_part(config, Some(Path::new("/c.pem")))
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(part["http"]["cainfo"].as_str(), Some(BUNDLE));
        assert_eq!(part["http"]["proxy"].as_str(), Some("p:1"));
        assert_eq!(network_part("", None).unwrap(), "");
        assert!(network_part("= x", None).is_err());
    }
}
