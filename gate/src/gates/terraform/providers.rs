//! The providers that Terraform runs with: those that `terraform init` downloads, or the repository's own, which knows only a schema.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use harness::checksum;
use harness::process::command::Command;
use harness::process::interactive::Interactive;
use harness::settings::PROVIDER_SCHEMA;
use walkdir::WalkDir;

use crate::gates::terraform::{self, Module};
use crate::outcome::Identity;
use crate::run_state::RunState;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanResult};

/// What a scan with the repository's own provider does not show.
const LIMIT: &str = "the providers knew only their schema: names, types, required arguments and blocks were checked; values, ranges, \
                     name rules and what the cloud itself refuses were not";

/// Messages of `terraform init` when a provider or a module cannot be downloaded.
const DOWNLOAD_ERRORS: [&str; 4] = [
    "Failed to query available provider packages",
    "Failed to install provider",
    "Invalid provider registry host",
    "Failed to download module",
];

/// Terraform with providers.
pub struct Terraform<'c, 'a> {
    ctx: &'c ScanContext<'a>,
    /// The repository's own provider, once it is needed.
    offline: RefCell<Option<Offline>>,
}

struct Offline {
    /// The variables by which Terraform finds it.
    environment: BTreeMap<String, String>,
    _running: Interactive,
}

/// The digest of the schema file, by which a verdict is found again.
pub fn revision(run_state: &RunState<'_>) -> Option<String> {
    match schema(run_state) {
        None => Some(String::new()),
        Some(file) => Some(checksum::of(fs::read(file).ok()?)),
    }
}

fn schema<'r>(run_state: &'r RunState<'_>) -> Option<&'r Path> {
    run_state.context.settings.provider_schema.as_deref()
}

impl<'c, 'a> Terraform<'c, 'a> {
    /// With the providers that `terraform init` downloads, and with the repository's own if it cannot.
    pub fn new(ctx: &'c ScanContext<'a>) -> Terraform<'c, 'a> {
        Terraform {
            ctx,
            offline: RefCell::default(),
        }
    }

    /// With the repository's own provider if there is a schema, since the real one needs an account to plan. The canary needs none.
    pub fn without_account(ctx: &'c ScanContext<'a>) -> Result<Terraform<'c, 'a>, ScanError> {
        let terraform = Terraform::new(ctx);
        if !ctx.planted && schema(ctx.run_state).is_some() {
            terraform.start_offline()?;
        }
        Ok(terraform)
    }

    pub fn is_offline(&self) -> bool {
        self.offline.borrow().is_some()
    }

    pub fn command(&self, folder: &Path) -> Result<Command<'a>, ScanError> {
        let command = terraform::command(self.ctx, folder)?;
        let offline = self.offline.borrow();
        Ok(command.envs(offline.iter().flat_map(|offline| offline.environment.clone())))
    }

    /// Makes the providers available to a module. Without a backend, which would need its servers.
    pub fn init(&self, module: &Module) -> Result<(), ScanError> {
        self.init_with(module, &["-backend=false"])
    }

    /// The same, with a local and empty state.
    pub fn init_with_state(&self, module: &Module) -> Result<(), ScanError> {
        let local = "terraform {\n  backend \"local\" {}\n}\n";
        fs::write(module.copy.join("backend_override.tf"), local)?;
        self.init_with(module, &[])
    }

    fn init_with(&self, module: &Module, args: &[&str]) -> Result<(), ScanError> {
        let args = [&["init", "-input=false", "-no-color"], args].concat();
        let run = || -> Result<ToolOutput, ScanError> {
            let command = self.command(&module.copy)?.args(&args);
            self.ctx.run(&command, &format!("init-{}", module.label))
        };
        let mut output = run()?;
        let is_unavailable = |output: &ToolOutput| {
            output.code != 0 && DOWNLOAD_ERRORS.iter().any(|it| output.stderr.contains(it))
        };
        let unavailable = |output: &ToolOutput, why: &str| {
            let error = terraform::first_error(&output.stderr);
            ScanError::DataUnavailable(format!("dependencies cannot be downloaded: {error}{why}"))
        };
        if is_unavailable(&output) && !self.is_offline() {
            self.start_offline().map_err(|error| match error {
                ScanError::DataUnavailable(why) => unavailable(&output, &format!("; {why}")),
                error => error,
            })?;
            output = run()?;
        }
        if is_unavailable(&output) {
            return Err(unavailable(&output, ""));
        }
        self.record_installed(module);
        Ok(())
    }

    /// Initialises each module, runs a subcommand in it and reads the output into one result. As [`terraform::scan_each`].
    pub fn run_each(
        &self,
        modules: &[Module],
        args: [&str; 2],
        read: impl Fn(&ToolOutput, &str, &mut ScanResult) -> Result<(), ScanError>,
    ) -> Result<(ScanResult, u64), ScanError> {
        let (result, scanned) = terraform::scan_each(ScanResult::default(), modules, |module, result| {
            self.init(module)?;
            let command = self.command(&module.copy)?.args(args);
            let output = self.ctx.run(&command, &format!("{}-{}", args[0], module.label))?;
            read(&output, &module.folder, result)
        })?;
        Ok((result.with_limits(self.limit()), scanned))
    }

    /// What the scan did not show because of its provider.
    pub fn limit(&self) -> Option<String> {
        self.is_offline().then(|| LIMIT.to_owned())
    }

    fn start_offline(&self) -> Result<(), ScanError> {
        let unavailable = |why: &str| ScanError::DataUnavailable(why.to_owned());
        let Some(settings) = &self.ctx.config().terraform else {
            return Err(unavailable("gate.toml names no provider to use instead"));
        };
        let Some(schema) = schema(self.ctx.run_state) else {
            let why = format!("no schema for the provider to use instead: {PROVIDER_SCHEMA} names none");
            return Err(unavailable(&why));
        };
        let name = schema.display().to_string();
        let digest = checksum::of(
            fs::read(schema)
                .map_err(|error| unavailable(&format!("cannot read the schema {name}: {error}")))?,
        );
        let command = settings
            .provider
            .command(self.ctx.context(), &[("schema", &name)]);
        let (running, line) = self.ctx.start(&command, "offline-provider")?;
        let environment = serde_json::from_str(&line).map_err(|error| {
            ScanError::ToolFailed(format!("the provider printed no environment: {error}"))
        })?;
        *self.offline.borrow_mut() = Some(Offline {
            environment,
            _running: running,
        });
        self.record("provider with a schema", &digest[..12], digest.clone(), "schema");
        Ok(())
    }

    /// Whether an apply changes nothing outside: no provider of the module was downloaded.
    pub fn may_apply(&self, module: &Module) -> bool {
        installed(&module.copy).is_empty()
    }

    /// The providers that were downloaded.
    fn record_installed(&self, module: &Module) {
        for (name, version) in installed(&module.copy) {
            self.record(&name, &version, String::new(), "terraform init");
        }
    }

    fn record(&self, name: &str, version: &str, digest: String, source: &str) {
        let mut used = self.ctx.used.borrow_mut();
        if !used.iter().any(|identity| identity.name == name) {
            used.push(Identity {
                name: name.to_owned(),
                version: version.to_owned(),
                digest,
                source: source.to_owned(),
            });
        }
    }
}

/// Name and version of each provider that `terraform init` installed in this folder.
fn installed(folder: &Path) -> Vec<(String, String)> {
    let root = folder.join(".terraform/providers");
    // registry, namespace, name, version
    let versions = WalkDir::new(&root).min_depth(4).max_depth(4).sort_by_file_name();
    let each = versions.into_iter().flatten().filter_map(|entry| {
        let path = entry.path().strip_prefix(&root).ok()?;
        let name = path.parent()?.display().to_string();
        Some((name, entry.file_name().to_string_lossy().into_owned()))
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installed_providers_are_found_with_their_versions() {
        let folder = tempfile::tempdir().unwrap();
        assert!(installed(folder.path()).is_empty());
        let provider = "registry.terraform.io/hashicorp/azurerm";
        let platform = format!(".terraform/providers/{provider}/5.2.0/linux_amd64");
        fs::create_dir_all(folder.path().join(platform)).unwrap();
        assert_eq!(
            installed(folder.path()),
            [(provider.to_owned(), "5.2.0".to_owned())]
        );
    }
}
