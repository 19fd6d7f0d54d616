//! `stack test-postgres`: a PostgreSQL for tests that another program runs. It prints their environment as a JSON object on
//! one line, and stops the server when standard input is closed.

use std::collections::BTreeMap;

use anyhow::Result;
use harness::context::Context;
use harness::output::print;
use harness::process::lines::Lines;

use crate::postgres::Choice;
use crate::postgres::test_server::TestPostgres;

/// Serves until standard input is closed.
pub fn run(context: &Context) -> Result<()> {
    let postgres = TestPostgres::start(context, &Choice::or_from(None, context)?)?;
    let variables = postgres.variables(context);
    let variables: BTreeMap<&str, String> = variables
        .into_iter()
        .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        .collect();
    print(&serde_json::to_string(&variables)?);
    let input = Lines::read(std::io::stdin());
    while input.next(&context.stop).is_some() {}
    Ok(())
}
