//! `deploy/rollout.toml`: the environments, their root modules, steps and time limits.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use harness::settings::Settings;
use serde::Deserialize;

/// The file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    environments: BTreeMap<String, Environment>,
    /// The command of the smoke test; `{url}` is the address.
    smoke: Vec<String>,
    /// The folder of the policies about plans, relative to the repository.
    policies: PathBuf,
    /// What the deploy itself changes outside of Terraform.
    #[serde(default)]
    owned: Vec<Owned>,
}

/// One environment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Environment {
    /// Terraform's root module, relative to the repository.
    pub root: PathBuf,
    /// The address of the migration job, or of a module that holds it.
    pub job: String,
    /// The new revision's shares of the traffic in percent, ascending to 100.
    pub steps: Vec<u8>,
    /// How long the new revision is watched after each step.
    pub watch_seconds: u64,
    /// Time limit of the migration.
    pub migration_seconds: u64,
    /// Time limit for the new revision to become healthy.
    pub healthy_seconds: u64,
    /// Between two queries about a migration or a revision.
    pub poll_seconds: u64,
}

/// An attribute that the deploy changes itself, so that its change is no drift.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Owned {
    /// Terraform's type.
    pub resource: String,
    /// The attribute; those below it are included.
    pub attribute: String,
    /// Why it is no drift.
    pub reason: String,
}

/// The settings of one environment, with those that all environments share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Its name.
    pub name: String,
    /// Its own settings.
    pub environment: Environment,
    /// The command of the smoke test.
    pub smoke: Vec<String>,
    /// The absolute path of the policies about plans.
    pub policies: PathBuf,
    /// What is no drift.
    pub owned: Vec<Owned>,
    /// The absolute path of the root module.
    pub root: PathBuf,
}

impl Config {
    /// Reads one environment.
    ///
    /// # Errors
    /// When the file or the environment is missing or invalid.
    pub fn read(settings: &Settings, file: &Path, name: &str) -> Result<Config> {
        let file = settings.root.join(file);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Config::parse(&text, name, &settings.root).with_context(|| file.display().to_string())
    }

    fn parse(text: &str, name: &str, repository: &Path) -> Result<Config> {
        let mut parsed: File = toml::from_str(text)?;
        let names = parsed.environments.keys().cloned().collect::<Vec<_>>().join(", ");
        let environment = parsed
            .environments
            .remove(name)
            .with_context(|| format!("no environment {name}; there are {names}"))?;
        let steps = &environment.steps;
        let is_ascending = steps.windows(2).all(|pair| pair[0] < pair[1]);
        ensure!(
            is_ascending && steps.first().is_some_and(|first| *first > 0) && steps.last() == Some(&100),
            "the steps of {name} must ascend to 100"
        );
        ensure!(
            parsed.smoke.iter().any(|word| word.contains("{url}")),
            "the smoke test has no {{url}}"
        );
        Ok(Config {
            name: name.to_owned(),
            root: repository.join(&environment.root),
            environment,
            smoke: parsed.smoke,
            policies: repository.join(parsed.policies),
            owned: parsed.owned,
        })
    }
}

impl Environment {
    /// Between two queries.
    pub fn poll(&self) -> Duration {
        Duration::from_secs(self.poll_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../deploy/rollout.toml");

    #[test]
    fn every_environment_of_the_repository_is_valid() {
        for name in ["dev", "staging", "production"] {
            let config = Config::parse(FILE, name, Path::new("/r")).unwrap();
            assert_eq!(config.root, Path::new("/r/terraform/environments").join(name));
            assert_eq!(config.policies, Path::new("/r/terraform/policies"));
            assert!(config.owned.iter().all(|owned| !owned.reason.is_empty()));
        }
        let error = Config::parse(FILE, "test", Path::new("/r"))
            .unwrap_err()
            .to_string();
        assert_eq!(error, "no environment test; there are dev, production, staging");
    }

    #[test]
    fn steps_must_ascend_to_all_of_the_traffic() {
        for steps in ["[]", "[10, 50]", "[0, 100]", "[50, 50, 100]", "[60, 50, 100]"] {
            let text = FILE.replace("[10, 50, 100]", steps);
            assert!(
                Config::parse(&text, "production", Path::new("/")).is_err(),
                "{steps}"
            );
        }
    }
}
