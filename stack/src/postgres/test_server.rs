//! A private PostgreSQL for tests, and the variables that tell them of it; runs no test.

use std::ffi::OsString;

use anyhow::{Context as _, Result};
use harness::context::Context;
use private_postgres::Cluster;

use crate::postgres::{self, Choice};

/// It ends with this value.
pub struct TestPostgres {
    cluster: Cluster,
    /// Its version and its address, for people.
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

    /// What tests are told of it, and of the root.
    pub fn told(&self, context: &Context) -> Vec<(&'static str, OsString)> {
        let bin = &self.cluster.options().programs.bin;
        vec![
            ("PORTCULLIS_TEST_POSTGRES", self.cluster.conninfo().into()),
            ("PORTCULLIS_TEST_POSTGRES_BIN", bin.clone().into_os_string()),
            ("XTASK_ROOT", context.settings.root.clone().into_os_string()),
        ]
    }
}
