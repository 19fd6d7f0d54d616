//! Runs the scripts of `deploy/backup` against servers of one test. As root they run as root, like an operator's.

use crate::support::database::{Database, Server};
use crate::support::environment;
use crate::support::own_postgres;
use crate::support::postgres_tools::PostgresTools;
use crate::support::program::{run, run_tool, stderr, stdout};
use crate::support::sample_data::small;
use harness::test_results::ignored;
use private_postgres::Cluster;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

/// The password of the login that makes backups.
const PASSWORD: &str = "test-backup-password";

/// The scripts, with the programs that they call.
pub struct Scripts {
    folder: PathBuf,
    path: String,
}

impl Scripts {
    /// `None` where the installation has no client programs: the test is reported as ignored.
    pub fn find() -> Option<Self> {
        let tools = PostgresTools::find();
        if tools.is_none() {
            ignored::report("psql and pg_dump are not installed");
        }
        let tools = tools?;
        let path = environment::path().unwrap_or_default();
        Some(Self {
            folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/backup"),
            path: format!("{}:{}", tools.folder().display(), path.to_string_lossy()),
        })
    }

    /// With programs of this folder in place of others.
    pub fn with_programs(&self, folder: &Path) -> Self {
        Self {
            folder: self.folder.clone(),
            path: format!("{}:{}", path(folder), self.path),
        }
    }

    /// Creates the login that makes backups.
    pub fn create_login(&self, database: &Database) {
        let file = self.folder.join("login.sql");
        let output = self.run_as(
            "psql",
            &["-X", "-q", "-f", path(&file)],
            database,
            superuser(database),
        );
        assert!(output.status.success(), "{}", stderr(&output));
        database.execute(&format!("ALTER ROLE portcullis_backup PASSWORD '{PASSWORD}'"));
    }

    /// Backs a database up into this folder as that login.
    pub fn back_up(&self, database: &Database, folder: &Path) -> Output {
        let script = self.folder.join("backup.sh");
        self.run_as(
            "bash",
            &[path(&script), path(folder)],
            database,
            ("portcullis_backup", PASSWORD),
        )
    }

    /// The same in a file system of this size, which ends with the script; the files that the script left are printed.
    pub fn back_up_into_small_disk(&self, database: &Database, folder: &Path, size: &str) -> Output {
        let (script, folder) = (self.folder.join("backup.sh"), path(folder));
        let command = format!(
            "mount -t tmpfs -o size={size} none {folder} || exit 77; bash {} {folder}; code=$?; ls -A {folder}; exit $code",
            path(&script)
        );
        let arguments = ["--map-root-user", "--mount", "bash", "-c", &command];
        self.run_as("unshare", &arguments, database, ("portcullis_backup", PASSWORD))
    }

    /// Restores a backup as the superuser.
    pub fn restore(&self, database: &Database, backup: &Path) -> Output {
        let script = self.folder.join("restore.sh");
        self.run_as(
            "bash",
            &[path(&script), path(backup)],
            database,
            superuser(database),
        )
    }

    fn run_as(
        &self,
        program: &str,
        arguments: &[&str],
        database: &Database,
        (user, password): (&str, &str),
    ) -> Output {
        let variables = [
            ("PATH", self.path.as_str()),
            ("PGHOST", &database.server.host),
            ("PGPORT", &database.server.port),
            ("PGUSER", user),
            ("PGPASSWORD", password),
            ("PGDATABASE", &database.name),
        ];
        run_tool(Path::new(program), arguments, &variables)
    }
}

/// A backup of a database.
pub struct Backup {
    /// Its path without ending.
    pub path: PathBuf,
    _folder: TempDir,
}

impl Backup {
    /// Backs a database up.
    pub fn of(scripts: &Scripts, database: &Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let output = scripts.back_up(database, folder.path());
        assert!(output.status.success(), "{}", stderr(&output));
        Self {
            path: PathBuf::from(stdout(&output).trim()),
            _folder: folder,
        }
    }

    /// One of its files: `dump`, `inventory` or `sha256`.
    pub fn file(&self, ending: &str) -> PathBuf {
        // `with_extension` would take a part of the time for one.
        PathBuf::from(format!("{}.{ending}", path(&self.path)))
    }

    /// Changes a file as an attacker or a defect would that also changes the checksums.
    pub fn change(&self, ending: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
        let file = self.file(ending);
        std::fs::write(&file, change(std::fs::read(&file).unwrap())).unwrap();
        let sums = ["dump", "inventory"].map(|ending| {
            let file = self.file(ending);
            let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(
                std::fs::read(&file).unwrap(),
            ));
            format!("{digest}  {}\n", file.file_name().unwrap().to_str().unwrap())
        });
        std::fs::write(self.file("sha256"), sums.concat()).unwrap();
    }
}

/// A server with data, and the login that makes backups. `None` where the installation has no client programs.
pub fn source() -> Option<(Scripts, Cluster, Database)> {
    let scripts = Scripts::find()?;
    let (cluster, server) = own_postgres::start_with_data(&small());
    let database = named(server);
    scripts.create_login(&database);
    Some((scripts, cluster, database))
}

/// A new server with roles and an empty database.
pub fn empty_target(scripts: &Scripts) -> (Cluster, Database) {
    let (cluster, server) = own_postgres::start_empty();
    let database = named(server);
    prepare(&database);
    scripts.create_login(&database);
    (cluster, database)
}

/// Creates roles and database.
pub fn prepare(database: &Database) {
    let prepared = run(&["migrate", "prepare"], &database.pairs());
    assert!(prepared.status.success(), "{}", stderr(&prepared));
}

/// The database `portcullis` of a server.
fn named(server: Server) -> Database {
    Database {
        name: "portcullis".to_owned(),
        server,
    }
}

/// The number of tables outside of PostgreSQL's own schemas.
pub fn tables(database: &Database) -> String {
    let count = "SELECT count(*)::text AS line FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    database.lines(count).concat()
}

fn superuser(database: &Database) -> (&str, &str) {
    (&database.server.user, &database.server.password)
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
