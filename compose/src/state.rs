//! The files of a stack: secrets, certificates and the demo data.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use harness::context::Context;
use harness::json_file;
use harness::settings::Settings;
use image::engine::{Engine, Kind};
use private_postgres::password;
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};
use stack::accounts::{self, Account};
use stack::local_stack;

use crate::certificates;
use crate::options::Options;

/// The user and the group of all containers.
const ACCOUNT: u32 = 65_532;

/// Passwords of the database's logins.
const LOGINS: [&str; 7] = [
    "admin", "migrator", "rates", "ingest", "accounts", "wishes", "mail",
];

/// Keys that the service's program generates: file, and arguments.
const KEYS: [(&str, &[&str]); 2] = [
    ("data_key", &["keys", "data-key"]),
    ("token_keys", &["keys", "generate"]),
];

/// The demo data.
const DEMO: &str = "demo.sql";

/// The folder of the stacks without `--state`, one folder each.
const DEFAULT: &str = ".portcullis-compose";

/// The file with the project, the engine and the user. It is written first and removed last.
const RECORD: &str = "stack.json";

/// The folder of one stack.
pub struct State {
    /// Only its owner can enter it.
    pub folder: PathBuf,
    project: String,
    /// Whether the folder was chosen by us, and its parent too.
    is_default: bool,
}

/// Which stack the folder is of, and what runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    project: String,
    engine: Kind,
    /// The user. podman has other containers for each.
    uid: u32,
}

impl State {
    /// The given folder, else the project's below `.portcullis-compose` in the repository: two projects never share secrets.
    ///
    /// # Errors
    /// When the files are those of another project, or of no stack.
    pub fn of(settings: &Settings, options: &Options) -> Result<State> {
        let folder = match &options.state {
            Some(given) => std::path::absolute(given)?,
            None => settings.root.join(DEFAULT).join(&options.project),
        };
        let state = State {
            folder,
            project: options.project.clone(),
            is_default: options.state.is_none(),
        };
        let folder = state.folder.display();
        match state.record()? {
            Some(record) => ensure!(
                record.project == state.project,
                "{folder} has the secrets of the project `{}`, not of `{}`: choose another folder with `--state`",
                record.project,
                state.project
            ),
            None => ensure!(
                is_empty(&state.folder)?,
                "{folder} has files, but not those of a stack: choose another folder with `--state`"
            ),
        }
        Ok(state)
    }

    /// What the folder is of; `None` where no stack was started.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn record(&self) -> Result<Option<Record>> {
        let file = self.folder.join(RECORD);
        // A folder of another user cannot be searched.
        let exists = file.try_exists();
        if !exists.with_context(|| format!("cannot read {}", file.display()))? {
            return Ok(None);
        }
        let record = json_file::read(&file).with_context(|| format!("{} is damaged", file.display()))?;
        Ok(Some(record))
    }

    /// The folder of secrets.
    pub fn secrets(&self) -> PathBuf {
        self.folder.join("secrets")
    }

    /// The demo accounts.
    pub fn accounts(&self) -> Result<Vec<Account>> {
        accounts::in_secrets(&self.secrets())
    }

    /// The engine that runs the stack, else the first one that works.
    ///
    /// # Errors
    /// When the stack runs with an engine that does not work now, or as another user.
    pub fn engine<'a>(&self, context: &'a Context) -> Result<Engine<'a>> {
        let Some(record) = self.record()? else {
            return Engine::find(context);
        };
        record.ensure_run_by(record.engine, geteuid().as_raw())?;
        Engine::of(context, record.engine)
            .with_context(|| format!("the stack was started with {}", record.engine.name()))
    }

    /// Creates the folder, with the record of whose it is.
    ///
    /// # Errors
    /// When the stack runs with another engine or as another user.
    pub fn claim(&self, engine: Kind) -> Result<()> {
        let uid = geteuid().as_raw();
        if let Some(record) = self.record()? {
            return record.ensure_run_by(engine, uid);
        }
        create_private(&self.folder)?;
        let record = Record {
            project: self.project.clone(),
            engine,
            uid,
        };
        json_file::write(&self.folder.join(RECORD), &record)
    }

    /// Makes what is missing; the service's image generates keys.
    pub fn make(&self, engine: &Engine<'_>, image: &str) -> Result<()> {
        let secrets = self.secrets();
        create_private(&secrets)?;
        for login in LOGINS {
            password::load_or_create(&secrets.join(login))?;
        }
        self.accounts()?;
        for (file, arguments) in KEYS {
            let file = secrets.join(file);
            if !file.exists() {
                let run = [
                    "run",
                    "--rm",
                    "--read-only",
                    "--cap-drop",
                    "all",
                    "--network",
                    "none",
                    image,
                ];
                let key = engine.command(run).args(arguments.iter().copied()).output()?;
                password::write(&file, key.trim())?;
            }
        }
        certificates::make(&secrets)?;
        let demo = self.folder.join(DEMO);
        if !demo.exists() {
            local_stack::write_demo(&demo)?;
        }
        for entry in fs::read_dir(&secrets)? {
            readable(&entry?.path())?;
        }
        readable(&demo)
    }

    /// Removes what it made, and the folder if it is then empty.
    pub fn remove(&self) -> Result<()> {
        if self.record()?.is_none() {
            return Ok(());
        }
        if self.secrets().exists() {
            fs::remove_dir_all(self.secrets())?;
        }
        let _may_be_absent = fs::remove_file(self.folder.join(DEMO));
        fs::remove_file(self.folder.join(RECORD))?;
        let _other_files_stay = fs::remove_dir(&self.folder);
        if self.is_default {
            let _other_stacks_stay = self.folder.parent().map(fs::remove_dir);
        }
        Ok(())
    }
}

impl Record {
    /// Fails unless this engine and user see the stack's containers.
    pub fn ensure_run_by(&self, engine: Kind, uid: u32) -> Result<()> {
        ensure!(
            engine == self.engine,
            "the stack `{}` was started with {}, not with {}",
            self.project,
            self.engine.name(),
            engine.name()
        );
        ensure!(
            engine != Kind::Podman || uid == self.uid,
            "the stack `{}` was started by the user {}: podman shows its containers to no other",
            self.project,
            self.uid
        );
        Ok(())
    }
}

/// Whether a folder has no files, or does not exist.
fn is_empty(folder: &Path) -> Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", folder.display())),
    }
}

fn create_private(folder: &Path) -> Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(fs::set_permissions(folder, Permissions::from_mode(0o700))?)
}

/// An engine mounts single files, which the account of a container must be able to read. Only root can give them to it; elsewhere
/// all may read them, and the folder protects them on this machine.
fn readable(file: &Path) -> Result<()> {
    let made = if geteuid().is_root() {
        fs::set_permissions(file, Permissions::from_mode(0o400))
            .and_then(|()| chown(file, Some(ACCOUNT), Some(ACCOUNT)))
    } else {
        fs::set_permissions(file, Permissions::from_mode(0o444))
    };
    made.with_context(|| format!("cannot change {}", file.display()))
}

#[cfg(test)]
mod tests {
    use harness::process::script;
    use harness::process::shutdown::Stop;

    use super::*;

    fn options(project: &str, state: Option<&Path>) -> Options {
        let mut options = Options::of(project, "10.188.16", PathBuf::new());
        options.state = state.map(Path::to_owned);
        options
    }

    fn settings(root: &Path) -> Settings {
        Settings {
            root: root.to_owned(),
            ..Settings::read()
        }
    }

    fn started(settings: &Settings, project: &str) -> State {
        let state = State::of(settings, &options(project, None)).unwrap();
        state.claim(Kind::Podman).unwrap();
        create_private(&state.secrets()).unwrap();
        password::load_or_create(&state.secrets().join("admin")).unwrap();
        state
    }

    /// L1: `down` of one project leaves the secrets of another.
    #[test]
    fn each_project_has_its_own_secrets() {
        let root = tempfile::tempdir().unwrap();
        let settings = settings(root.path());
        let (first, second) = (started(&settings, "first"), started(&settings, "second"));
        second.remove().unwrap();
        assert!(first.secrets().join("admin").exists() && !second.folder.exists());
        State::of(&settings, &options("typo", None))
            .unwrap()
            .remove()
            .unwrap();
        assert!(first.secrets().join("admin").exists());
        first.remove().unwrap();
        assert!(!root.path().join(DEFAULT).exists());
    }

    /// L1: A folder with other files than those of the project is refused, and nothing in it is removed.
    #[test]
    fn the_folder_of_another_project_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let settings = settings(root.path());
        let first = started(&settings, "first");
        let refused = |folder: &Path| {
            State::of(&settings, &options("second", Some(folder)))
                .err()
                .unwrap()
        };
        let error = refused(&first.folder).to_string();
        assert!(error.contains("the project `first`, not of `second`"), "{error}");
        let home = root.path().join("home");
        fs::create_dir_all(home.join("secrets")).unwrap();
        let error = refused(&home).to_string();
        assert!(error.contains("not those of a stack"), "{error}");
        fs::write(first.folder.join(RECORD), "{}").unwrap();
        assert!(refused(&first.folder).to_string().contains("is damaged"));
    }

    /// L1: `down` never takes a stack of another engine or user for one that is gone.
    #[test]
    fn a_stack_is_bound_to_its_engine_and_user() {
        let root = tempfile::tempdir().unwrap();
        let settings = settings(root.path());
        let first = started(&settings, "first");
        first.claim(Kind::Podman).unwrap();
        let error = first.claim(Kind::Docker).unwrap_err().to_string();
        assert!(error.contains("started with podman, not with docker"), "{error}");

        let record = first.record().unwrap().unwrap();
        record.ensure_run_by(Kind::Podman, record.uid).unwrap();
        let error = record.ensure_run_by(Kind::Podman, record.uid + 1).unwrap_err();
        assert!(error.to_string().contains("started by the user"), "{error}");
        let docker = Record {
            engine: Kind::Docker,
            ..record
        };
        docker.ensure_run_by(Kind::Docker, docker.uid + 1).unwrap();
        docker.ensure_run_by(Kind::Podman, docker.uid).unwrap_err();
    }

    /// L1: The engine that started a stack is used although another one is found first, and its absence is an error.
    #[test]
    fn the_engine_of_a_stack_must_work() {
        let root = tempfile::tempdir().unwrap();
        let mut settings = settings(root.path());
        started(&settings, "first");
        let programs = root.path().join("bin");
        fs::create_dir(&programs).unwrap();
        let docker = programs.join("docker");
        script::write(&docker, "#!/bin/sh\necho 28.2.2\n").unwrap();
        settings.path = programs.clone().into();
        settings.cache = Some(root.path().to_owned());
        let context = Context {
            settings,
            stop: Stop::default(),
        };
        let engine = |project: &str| {
            let state = State::of(&context.settings, &options(project, None)).unwrap();
            state.engine(&context).map(|engine| engine.kind)
        };
        assert_eq!(engine("new").unwrap(), Kind::Docker);
        let error = engine("first").unwrap_err().to_string();
        assert_eq!(error, "the stack was started with podman");
        fs::rename(docker, programs.join("podman")).unwrap();
        assert_eq!(engine("first").unwrap(), Kind::Podman);
    }
}
