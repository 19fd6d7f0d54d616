//! Root modules and their plans. The state is local and empty, and the values of variables are those of the module's own tests.

use std::path::PathBuf;

use serde_json::Value;

use crate::gates::terraform::providers::Terraform;
use crate::gates::terraform::{self, Diagnostic, Module};
use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

/// Values of variables, below a root module. `terraform test` reads this file by itself.
pub const VARIABLES: &str = "tests/terraform.tfvars";

/// In the copy of a module.
const PLAN: &str = "gate.plan";

/// What came out of `terraform plan`.
pub enum Planned {
    Made(Plan),
    /// With the reason.
    Refused {
        diagnostics: Vec<Diagnostic>,
    },
}

pub struct Plan {
    pub json: PathBuf,
    pub content: Value,
    /// As Terraform saved it.
    pub saved: PathBuf,
}

impl Planned {
    /// The plan, for gates that judge plans.
    pub fn made(self) -> Result<Plan, ScanError> {
        match self {
            Planned::Made(plan) => Ok(plan),
            Planned::Refused { diagnostics } => {
                let why = diagnostics.iter().find(|one| one.is_error());
                let why = why.map_or("no reason given", |one| &one.summary);
                Err(ScanError::DataUnavailable(format!("no plan: {why}")))
            }
        }
    }
}

/// The folder to which a folder of features or policies with this name applies: the one above it.
pub fn owner<'p>(folder: &'p str, name: &str) -> Option<&'p str> {
    if folder == name {
        return Some("");
    }
    folder.strip_suffix(name)?.strip_suffix('/')
}

/// Whether this is a root module in or below a folder. The others are in folders called `modules`.
pub fn is_below(module: &Module, top: &str) -> bool {
    let folder = module.folder.as_str();
    let rest = folder.strip_prefix(top);
    let is_inside = top.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    is_inside && !folder.split('/').any(|part| part == "modules")
}

/// The file with values of a module's variables, if it has one.
pub fn variables_file(module: &Module) -> Option<PathBuf> {
    Some(module.copy.join(VARIABLES)).filter(|file| file.is_file())
}

/// The argument that gives a module its variables.
pub fn variables(module: &Module) -> Option<String> {
    variables_file(module).map(|_| format!("-var-file={VARIABLES}"))
}

/// Whether a plan was refused for want of an account, which says nothing about the module.
pub fn needs_account(planned: &Planned) -> bool {
    match planned {
        Planned::Made(_) => false,
        Planned::Refused { diagnostics } => diagnostics.iter().any(Diagnostic::is_about_account),
    }
}

/// Plans a root module, and writes the plan as JSON.
pub fn plan(
    ctx: &ScanContext<'_>,
    terraform: &Terraform<'_, '_>,
    module: &Module,
) -> Result<Planned, ScanError> {
    let label = &module.label;
    terraform.init_with_state(module)?;
    let command = terraform
        .command(&module.copy)?
        .args(["plan", "-json", "-input=false", "-out", PLAN])
        .args(variables(module));
    let output = ctx.run(&command, &format!("plan-{label}"))?;
    if output.code != 0 {
        let diagnostics = terraform::diagnostics(&output.stdout);
        output.ensure(
            diagnostics.iter().any(Diagnostic::is_error),
            "no plan and no error",
        )?;
        return Ok(Planned::Refused { diagnostics });
    }
    let command = terraform.command(&module.copy)?.args(["show", "-json", PLAN]);
    let shown = ctx.run_ok(&command, &format!("show-{label}"))?;
    Ok(Planned::Made(Plan {
        content: shown.json()?,
        json: ctx.write_file(&format!("{label}.plan.json"), &shown.stdout)?,
        saved: module.copy.join(PLAN),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_and_policies_apply_to_the_parent_of_their_folder() {
        assert_eq!(owner("terraform/policies", "policies"), Some("terraform"));
        assert_eq!(
            (owner("policies", "policies"), owner("no-policies", "policies")),
            (Some(""), None)
        );
    }

    #[test]
    fn modules_for_others_are_no_root_modules() {
        let module = |folder: &str| Module {
            folder: folder.to_owned(),
            copy: PathBuf::new(),
            label: String::new(),
        };
        let modules = ["terraform", "terraform/a", "terraform/modules/b", "terraforms"].map(module);
        let names = |top| {
            let below = modules.iter().filter(|module| is_below(module, top));
            below.map(|module| module.folder.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(names("terraform"), ["terraform", "terraform/a"]);
        assert_eq!(names(""), ["terraform", "terraform/a", "terraforms"]);
    }
}
