//! One cluster: start, stop, resume.

use crate::account::Account;
use crate::options::Options;
use crate::server::Server;
use crate::stop::Stop;
use crate::temporary::TemporaryDirectory;
use crate::{Error, Programs, data, orphan, password};

/// A running server with its data. It stops when this is dropped.
pub struct Cluster {
    options: Options,
    account: Account,
    password: String,
    port: u16,
    server: Option<Server>,
    /// Dropped after the server is stopped, because fields are dropped last.
    _temporary: Option<TemporaryDirectory>,
}

impl Cluster {
    /// Stops a server left running in the data directory, creates the directory if it is missing, and starts the server.
    pub fn start(options: Options) -> Result<Cluster, Error> {
        Cluster::start_in(options, None)
    }

    /// A new cluster on a free port, with these settings. Dropping it removes it completely; when its owner is killed,
    /// the next temporary cluster removes it.
    pub fn temporary(
        programs: &Programs,
        durable: bool,
        settings: &[(String, String)],
        stop: &Stop,
    ) -> Result<Cluster, Error> {
        let temporary = TemporaryDirectory::create()?;
        let options = Options {
            programs: programs.clone(),
            data: temporary.path().join("data"),
            password_file: temporary.path().join("password"),
            log: temporary.path().join("log"),
            port: None,
            durable,
            settings: settings.to_vec(),
            stop: stop.clone(),
        };
        Cluster::start_in(options, Some(temporary))
    }

    /// Starts the server again after [`Cluster::stop`], on the same port.
    pub fn resume(&mut self) -> Result<(), Error> {
        if self.server.is_none() {
            let server = Server::start(&self.options, self.account, Some(self.port))?;
            self.server = Some(server);
        }
        Ok(())
    }

    /// Stops the server: fast shutdown, then immediate, then SIGKILL. The data remains.
    ///
    /// # Errors
    /// `Unstoppable` when it survives SIGKILL.
    pub fn stop(&mut self) -> Result<(), Error> {
        self.server
            .take()
            .map_or(Ok(()), |server| server.stop(&self.options))
    }

    /// Lets the server outlive this process; returns its process id.
    #[must_use = "the process id is the only way to find it again"]
    pub fn detach(mut self) -> Option<i32> {
        self.server.take().map(|server| server.pid())
    }

    /// Whether the server has ended by itself.
    pub fn has_died(&mut self) -> bool {
        self.server.as_mut().is_some_and(Server::has_died)
    }

    /// The address: always the loopback.
    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The name of the superuser.
    pub fn user(&self) -> &'static str {
        "postgres"
    }

    /// The superuser's password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// A libpq conninfo string for the superuser. It contains the password: for a child's environment, never for a log.
    pub fn conninfo(&self) -> String {
        format!(
            "host=127.0.0.1 port={} user=postgres password={}",
            self.port, self.password
        )
    }

    /// The postmaster's process id while it runs.
    pub fn pid(&self) -> Option<i32> {
        self.server.as_ref().map(Server::pid)
    }

    /// The options that it was started with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    fn start_in(options: Options, temporary: Option<TemporaryDirectory>) -> Result<Cluster, Error> {
        let account = Account::for_server()?;
        orphan::stop(&options.data)?;
        let password = prepare(&options, account)?;
        let server = Server::start(&options, account, options.port)?;
        let port = server.port;
        Ok(Cluster {
            options,
            account,
            password,
            port,
            server: Some(server),
            _temporary: temporary,
        })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A destructor cannot report an error.
        let _ignored = self.stop();
    }
}

/// Creates the data directory or checks the existing one; returns the superuser's password.
fn prepare(options: &Options, account: Account) -> Result<String, Error> {
    let (programs, data, password_file) = (&options.programs, &options.data, &options.password_file);
    match data::major(data) {
        Some(data_major) if data_major != programs.major => Err(Error::WrongMajor {
            data: data.clone(),
            data_major,
            programs_major: programs.major,
        }),
        Some(_) if !password_file.exists() => Err(Error::PasswordLost {
            data: data.clone(),
            password_file: password_file.clone(),
        }),
        Some(_) => password::load_or_create(password_file),
        None => {
            let password = password::load_or_create(password_file)?;
            let new = data::NewCluster {
                bin: &programs.bin,
                data,
                durable: options.durable,
                stop: &options.stop,
            };
            data::create(&new, account, &password)?;
            Ok(password)
        }
    }
}
