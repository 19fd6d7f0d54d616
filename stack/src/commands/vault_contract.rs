//! `test --vault URL`: the contract that the fake Vault keeps, against a real server.

use anyhow::Result;
use harness::context::Context;
use harness::output::print;
use harness::process::command::Command;
use harness::settings;
use harness::test_results::libtest::Reader;
use harness::test_results::record::Part;

use crate::postgres::{self, Choice};

const TEST: &str = "contract::a_real_server_keeps_the_contract";

/// Runs the contract and adds its outcome. Its compilation does not get the token.
pub fn run(context: &Context, choice: &Choice, url: &str, tests: &mut Part) -> Result<()> {
    let programs = postgres::programs(context, choice.major(None)?)?;
    let package = [
        "test",
        "--locked",
        "--package=fake-vault",
        "--test=it",
        "--color=never",
    ];
    Command::cargo(context)
        .args(package)
        .args(["--no-run", "--quiet"])
        .stream()?;
    let command = Command::cargo(context)
        .args(package)
        .args(["--", "--ignored", "--exact", TEST])
        .envs([
            ("VAULT_ADDR", url.to_owned()),
            ("PORTCULLIS_TEST_POSTGRES_BIN", programs.bin.display().to_string()),
        ])
        .envs(settings::secret("VAULT_TOKEN").map(|token| ("VAULT_TOKEN", token)));
    let mut reader = Reader::default();
    let status = command.all_lines(|line| {
        print(line);
        reader.read(line);
    })?;
    let mut contract = reader.tests;
    if contract.counts.passed == 0 && contract.counts.failed == 0 {
        contract.add_problem(format!("the contract did not run against {url} ({status})"));
    }
    tests.counts.add(contract.counts);
    tests.cases.append(&mut contract.cases);
    tests.problems.append(&mut contract.problems);
    Ok(())
}
