//! The outputs of the root module.

use anyhow::Result;

use crate::invocation::Module;
use crate::journal::Target;
use crate::plan_json;
use crate::runner::Runner;

/// The outputs of the applied state.
pub(crate) fn outputs(runner: &impl Runner, module: &Module<'_>) -> Result<serde_json::Value> {
    runner.run(&module.init(), &[0])?;
    runner.json(&module.outputs())
}

/// The names of the resources.
pub(crate) fn target(outputs: &serde_json::Value) -> Result<Target> {
    Ok(Target {
        resource_group: plan_json::output(outputs, "resource_group_name")?,
        app: plan_json::output(outputs, "app_name")?,
        job: plan_json::output(outputs, "job_name")?,
    })
}
