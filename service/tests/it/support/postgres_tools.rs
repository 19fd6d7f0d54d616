//! `psql` and `pg_dump` of the tested server's installation, and databases for them.

use super::database::{Database, Server};
use super::environment;
use super::program;
use private_postgres::{Programs, Search};
use std::path::{Path, PathBuf};
use std::process::Output;

/// A database with nothing in it; dropping it drops the database.
pub fn empty_database() -> Database {
    let database = Database::not_created();
    let statement = format!(
        "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'",
        database.name
    );
    diesel::connection::SimpleConnection::batch_execute(&mut database.server.admin("postgres"), &statement)
        .unwrap();
    database
}

/// The programs; `None` where the installation has no clients.
#[derive(Debug)]
pub struct PostgresTools {
    psql: PathBuf,
    pg_dump: PathBuf,
}

impl PostgresTools {
    /// Finds the programs.
    pub fn find() -> Option<Self> {
        let search = Search {
            explicit: environment::postgres_programs(),
            path: environment::path(),
            ..Search::default()
        };
        let programs = Programs::find(&search).unwrap();
        Some(Self {
            psql: programs.tool("psql")?,
            pg_dump: programs.tool("pg_dump")?,
        })
    }

    /// Their folder.
    pub fn folder(&self) -> &Path {
        self.psql.parent().unwrap()
    }

    /// Dumps a database.
    pub fn dump(&self, database: &Database, options: &[&str]) -> Vec<u8> {
        let output = run(&self.pg_dump, database, options);
        assert!(
            output.status.success(),
            "pg_dump {options:?}: {}",
            program::stderr(&output)
        );
        output.stdout
    }

    /// Loads a file as psql does by default: it continues after errors, which are returned.
    pub fn load(&self, database: &Database, path: &str) -> String {
        let output = run(&self.psql, database, &["-X", "-q", "-o", "/dev/null", "-f", path]);
        program::stderr(&output)
    }
}

fn run(tool: &Path, database: &Database, arguments: &[&str]) -> Output {
    let Server {
        host,
        port,
        user,
        password,
    } = &database.server;
    let variables = [
        ("PGHOST", host.as_str()),
        ("PGPORT", port),
        ("PGUSER", user),
        ("PGPASSWORD", password),
        ("PGDATABASE", &database.name),
    ];
    program::run_tool(tool, arguments, &variables)
}
