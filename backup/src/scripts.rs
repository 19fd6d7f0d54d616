//! The operator's scripts in `deploy/backup`, run against a stack's database.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use harness::checksum;
use harness::context::Context;
use harness::process::command::{Command, EnvVars, Finished};
use stack::local_stack::LocalStack;
use stack::psql::Psql;
use tempfile::NamedTempFile;

/// The login that makes backups.
const LOGIN: &str = "portcullis_backup";

/// The scripts and how they reach the database.
pub struct Scripts<'a> {
    context: &'a Context,
    folder: PathBuf,
    /// libpq's variables of the administrator, and the search path.
    variables: EnvVars,
    /// The password of the login that makes backups.
    password: String,
}

impl<'a> Scripts<'a> {
    /// Creates the login that makes backups.
    pub fn prepare(context: &'a Context, stack: &LocalStack, password: &str) -> Result<Scripts<'a>> {
        let tools = stack.tool("psql")?;
        let mut path = tools
            .parent()
            .context("psql has no folder")?
            .as_os_str()
            .to_owned();
        path.push(":");
        path.push(&context.settings.path);
        let mut variables = Psql::find(context, stack)?.variables;
        variables.push(("PATH".into(), path));
        let scripts = Scripts {
            context,
            folder: context.settings.root.join("deploy/backup"),
            variables,
            password: password.to_owned(),
        };
        let file = scripts.folder.join("login.sql");
        scripts.run("psql", &["-X".as_ref(), "-q".as_ref(), "-f".as_ref(), &file], &[])?;
        // Lists of processes show arguments.
        let mut statement = NamedTempFile::new()?;
        write!(statement, "ALTER ROLE {LOGIN} PASSWORD '{password}'")?;
        let arguments = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"].map(Path::new);
        scripts.run("psql", &[&arguments[..], &[statement.path()]].concat(), &[])?;
        Ok(scripts)
    }

    /// Makes a backup; returns its path without ending.
    pub fn back_up(&self, folder: &Path) -> Result<PathBuf> {
        let script = self.folder.join("backup.sh");
        let login = [("PGUSER", LOGIN), ("PGPASSWORD", self.password.as_str())];
        let output = self.run("bash", &[&script, folder], &login)?;
        Ok(PathBuf::from(output.trim()))
    }

    /// Applies a script of sed to the inventory of a backup, and makes its checksums right again.
    pub fn alter_inventory(&self, backup: &Path, script: &Path) -> Result<()> {
        let file = |ending: &str| PathBuf::from(format!("{}.{ending}", backup.display()));
        let (inventory, dump) = (file("inventory"), file("dump"));
        let before = fs::read(&inventory)?;
        let arguments = ["--in-place".as_ref(), "--file".as_ref(), script, &inventory];
        self.run("sed", &arguments, &[])?;
        ensure!(
            fs::read(&inventory)? != before,
            "{} changes nothing",
            script.display()
        );
        let line = |path: &Path| -> Result<String> {
            let name = path.file_name().unwrap_or_default().display();
            Ok(format!("{}  {name}\n", checksum::of_file(path)?))
        };
        fs::write(file("sha256"), line(&dump)? + &line(&inventory)?)?;
        Ok(())
    }

    /// Restores a backup; returns what the script prints.
    pub fn restore(&self, backup: &Path) -> Result<String> {
        let script = self.folder.join("restore.sh");
        self.run("bash", &[&script, backup], &[])
    }

    /// A restore that must be refused; returns the reason.
    pub fn restore_refused(&self, backup: &Path) -> Result<String> {
        let script = self.folder.join("restore.sh");
        let finished = self.capture("bash", &[&script, backup], &[])?;
        ensure!(
            !finished.status.success(),
            "a restore into a database with data succeeded"
        );
        Ok(finished.stderr.trim().to_owned())
    }

    /// What the database contains now.
    pub fn inventory(&self) -> Result<String> {
        let file = self.folder.join("inventory.sql");
        self.run("psql", &["-X".as_ref(), "-q".as_ref(), "-f".as_ref(), &file], &[])
    }

    fn run(&self, program: &str, args: &[&Path], login: &[(&str, &str)]) -> Result<String> {
        let finished = self.capture(program, args, login)?;
        ensure!(
            finished.status.success(),
            "{program} failed: {}",
            finished.stderr.trim()
        );
        Ok(finished.stdout)
    }

    fn capture(&self, program: &str, args: &[&Path], login: &[(&str, &str)]) -> Result<Finished> {
        Command::new(self.context, program)
            .envs(self.variables.clone())
            .envs(login.iter().copied())
            .args(args.iter().copied())
            .capture()
    }
}
