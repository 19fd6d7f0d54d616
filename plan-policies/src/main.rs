//! `plan-policies`: tests the policies of a folder, or judges a plan with them, and prints the result as JSON.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use harness::exit;
use harness::output::print;
use plan_policies::Policies;
use serde_json::json;

/// Tests Rego policies, or judges a Terraform plan with them.
#[derive(Parser)]
#[command(bin_name = "cargo xtask plan-policies")]
struct Args {
    /// The folder of the policies
    #[arg(long)]
    policies: PathBuf,
    /// A plan as `terraform show -json` prints it: prints what is denied in it
    plan: Option<PathBuf>,
}

fn main() -> ExitCode {
    exit::code_of(run(&exit::parse_arguments()))
}

fn run(args: &Args) -> Result<()> {
    let mut policies = Policies::read(&args.policies)?;
    let rules = policies.rules().len();
    let report = if let Some(file) = &args.plan {
        let name = file.display();
        let text = fs::read(file).with_context(|| format!("cannot read {name}"))?;
        let plan = serde_json::from_slice(&text).with_context(|| format!("{name} is no plan"))?;
        json!({ "rules": rules, "denials": policies.denials(&plan)? })
    } else {
        let tested = plan_policies::test(&args.policies, &mut policies)?;
        json!({ "rules": rules, "fixtures": tested.fixtures, "untested": tested.untested })
    };
    print(&report.to_string());
    Ok(())
}
