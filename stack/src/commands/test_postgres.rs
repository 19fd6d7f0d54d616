//! `stack test-postgres`: a PostgreSQL for tests that another program runs. It prints their environment as a JSON object on
//! one line, and stops the server when standard input is closed. `test` starts the same server for its own tests.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use harness::context::Context;
use harness::output::print;
use harness::process::lines::Lines;
use private_postgres::{Cluster, Stop};

use crate::postgres::{self, Choice};

/// Serves until standard input is closed.
pub fn run(context: &Context) -> Result<()> {
    let cluster = start(context, &Choice::or_from(None, context)?)?;
    print(&serde_json::to_string(&variables(context, &cluster))?);
    let input = Lines::read(std::io::stdin());
    while input.next(&context.stop).is_some() {}
    Ok(())
}

/// A private server, stopped when dropped.
pub fn start(context: &Context, choice: &Choice) -> Result<Cluster> {
    let programs = postgres::programs(context, choice.major(None)?)?;
    let cluster = Cluster::temporary(&programs, false, &[], &Stop::when(context.stop.flag()));
    context.stop.check()?;
    cluster.context("no PostgreSQL to test with")
}

/// The environment of the tests.
pub fn variables(context: &Context, cluster: &Cluster) -> BTreeMap<&'static str, String> {
    let bin = &cluster.options().programs.bin;
    BTreeMap::from([
        ("PORTCULLIS_TEST_POSTGRES", cluster.conninfo()),
        ("PORTCULLIS_TEST_POSTGRES_BIN", bin.display().to_string()),
        ("XTASK_ROOT", context.settings.root.display().to_string()),
    ])
}
