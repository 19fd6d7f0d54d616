//! A private PostgreSQL for tests, and their environment.

use std::ffi::OsString;

use anyhow::{Context as _, Result};
use harness::context::Context;
use private_postgres::Cluster;

use crate::postgres::{self, Choice};

/// Stopped when dropped.
pub struct TestPostgres {
    cluster: Cluster,
    /// Its version and address, for the terminal.
    pub outcome: String,
}

impl TestPostgres {
    /// Starts one.
    pub fn start(context: &Context, choice: &Choice) -> Result<TestPostgres> {
        let programs = postgres::programs(context, choice.major(None)?)?;
        let stop = private_postgres::Stop::when(context.stop.flag());
        let cluster = Cluster::temporary(&programs, false, &[], &stop);
        context.stop.check()?;
        let cluster = cluster.context("no PostgreSQL to test with")?;
        let (host, port) = (cluster.host(), cluster.port());
        let outcome = format!("PostgreSQL {} on {host}:{port}", programs.version);
        Ok(TestPostgres { cluster, outcome })
    }

    /// The environment of the tests.
    pub fn variables(&self, context: &Context) -> Vec<(&'static str, OsString)> {
        let bin = &self.cluster.options().programs.bin;
        vec![
            ("PORTCULLIS_TEST_POSTGRES", self.cluster.conninfo().into()),
            ("PORTCULLIS_TEST_POSTGRES_BIN", bin.clone().into_os_string()),
            ("XTASK_ROOT", context.settings.root.clone().into_os_string()),
        ]
    }
}
