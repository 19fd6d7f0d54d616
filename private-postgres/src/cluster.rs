//! One cluster: start, stop, start again; never talks SQL to it.

use crate::account::Account;
use crate::options::Options;
use crate::server::Server;
use crate::stop::Stop;
use crate::temporary::Place;
use crate::{Error, Programs, data, orphan, password};

/// A running server with its data. It stops when this is dropped.
pub struct Cluster {
    options: Options,
    account: Account,
    password: String,
    port: u16,
    server: Option<Server>,
    /// Dropped after the stop, for clusters that nobody keeps.
    _temporary: Option<Place>,
}

impl Cluster {
    /// Ends a server left over in the data directory, makes the directory if it is missing, and starts the server.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn start(options: Options) -> Result<Cluster, Error> {
        Cluster::start_in(options, None)
    }

    /// A new cluster on a free port, with these settings. Dropping it removes all of it; when its owner
    /// is killed, the next one that is made clears it away.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn temporary(
        programs: &Programs,
        durable: bool,
        settings: &[(String, String)],
        stop: &Stop,
    ) -> Result<Cluster, Error> {
        let place = Place::make()?;
        let options = Options {
            programs: programs.clone(),
            data: place.directory().join("data"),
            password_file: place.directory().join("password"),
            log: place.directory().join("log"),
            port: None,
            durable,
            settings: settings.to_vec(),
            stop: stop.clone(),
        };
        Cluster::start_in(options, Some(place))
    }

    /// Starts the server again after [`Cluster::stop`], on the port it had.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn resume(&mut self) -> Result<(), Error> {
        if self.server.is_none() {
            let server = Server::start(&self.options, self.account, Some(self.port))?;
            self.server = Some(server);
        }
        Ok(())
    }

    /// Stops the server: fast shutdown, and after a time limit the hard way. The data stays.
    ///
    /// # Errors
    /// `Unstoppable` when it survives even that.
    pub fn stop(&mut self) -> Result<(), Error> {
        self.server
            .take()
            .map_or(Ok(()), |server| server.stop(&self.options))
    }

    /// Lets the server outlive this process; answers its process id.
    #[must_use = "the process id is the only way to find it again"]
    pub fn detach(mut self) -> Option<i32> {
        self.server.take().map(|server| server.pid())
    }

    /// Has the server ended by itself?
    #[must_use]
    pub fn has_died(&mut self) -> bool {
        self.server.as_mut().is_some_and(Server::has_died)
    }

    /// Always the loopback.
    #[must_use]
    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The superuser.
    #[must_use]
    pub fn user(&self) -> &'static str {
        "postgres"
    }

    /// The superuser's password.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// A libpq conninfo string for the superuser. It holds the password: for a child's environment, not for a log.
    #[must_use]
    pub fn conninfo(&self) -> String {
        format!(
            "host=127.0.0.1 port={} user=postgres password={}",
            self.port, self.password
        )
    }

    /// The postmaster's process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<i32> {
        self.server.as_ref().map(Server::pid)
    }

    /// What it was started with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    fn start_in(options: Options, temporary: Option<Place>) -> Result<Cluster, Error> {
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
        let _nobody_left_to_tell = self.stop();
    }
}

/// Makes the data directory, or checks the one that is there; answers the superuser's password.
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
        Some(_) => password::kept_in(password_file),
        None => {
            let password = password::kept_in(password_file)?;
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
