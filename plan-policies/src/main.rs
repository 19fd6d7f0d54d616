//! `plan-policies`: tests the policies of a folder, or judges a plan with them, and prints the result as JSON.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;
use plan_policies::Policies;
use serde_json::json;

/// Tests Rego policies, or judges a Terraform plan with them.
#[derive(Parser)]
struct Args {
    /// The folder of the policies
    #[arg(long)]
    policies: PathBuf,
    /// A plan as `terraform show -json` prints it: prints what is denied in it
    plan: Option<PathBuf>,
}

fn main() -> Result<()> {
    let args = Args::parse();
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
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}
