//! Options that the subcommands have in common.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use harness::context::Context;

use crate::config::Config;
use crate::invocation::Module;

/// The environment that a command works on.
#[derive(Debug, Args)]
pub struct EnvironmentArgs {
    /// The name of an environment
    #[arg(value_name = "ENVIRONMENT")]
    name: String,
    /// The environments
    #[arg(long, value_name = "FILE", default_value = "deploy/rollout.toml")]
    config: PathBuf,
}

/// Files for Terraform.
#[derive(Debug, Args)]
pub struct Terraform {
    /// A file with variables; each command needs it again, since a saved plan does not carry ephemeral ones
    #[arg(long = "var-file", value_name = "FILE")]
    var_files: Vec<PathBuf>,
    /// A file with settings of the backend
    #[arg(long = "backend-config", value_name = "FILE")]
    backend_configs: Vec<PathBuf>,
}

impl EnvironmentArgs {
    /// Its settings.
    pub(crate) fn read(&self, context: &Context) -> Result<Config> {
        Config::read(&context.settings, &self.config, &self.name)
    }
}

/// Absolute paths of the files, since Terraform runs in another folder.
pub(crate) struct Files {
    var_files: Vec<String>,
    backend_configs: Vec<String>,
}

impl Terraform {
    /// Absolute paths.
    pub(crate) fn files(&self) -> Result<Files> {
        let absolute = |files: &[PathBuf]| {
            let absolute = files
                .iter()
                .map(|file| Ok(std::path::absolute(file)?.display().to_string()));
            absolute.collect::<Result<Vec<String>>>()
        };
        Ok(Files {
            var_files: absolute(&self.var_files)?,
            backend_configs: absolute(&self.backend_configs)?,
        })
    }
}

impl Files {
    /// The root module with them.
    pub(crate) fn module<'a>(&'a self, config: &'a Config) -> Module<'a> {
        Module {
            root: &config.root,
            var_files: &self.var_files,
            backend_configs: &self.backend_configs,
        }
    }
}
