//! Starts a server in the background of a program and stops it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::core::{self, Node, Vault};
use crate::server;

/// How a server starts.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; any free one when 0.
    pub port: u16,
    /// Whether it is initialised and unsealed at once, or as empty as a new one.
    pub ready: bool,
    /// How long a request may wait for PostgreSQL.
    pub max_request_duration: Duration,
    /// A file for the state: a server that starts with it again has what the killed one had, and is sealed.
    pub state: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            port: 0,
            ready: true,
            max_request_duration: Duration::from_secs(90),
            state: None,
        }
    }
}

/// A running server. It ends when this is dropped; without a file for its state everything that it knew is lost, while its
/// logins remain.
pub struct FakeVault {
    vault: Arc<Vault>,
    address: SocketAddr,
    standby_address: SocketAddr,
    root_token: String,
    unseal_keys: Vec<String>,
    runtime: Option<Runtime>,
}

impl FakeVault {
    /// Starts a server.
    ///
    /// # Errors
    /// When the port is taken or the state cannot be read.
    pub fn start(options: &Options) -> Result<FakeVault> {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime
            .worker_threads(2)
            .thread_name("fake-vault")
            .enable_all()
            .build()?;
        let bind = |port: u16| runtime.block_on(TcpListener::bind(("127.0.0.1", port)));
        let active = bind(options.port).with_context(|| format!("cannot listen on port {}", options.port))?;
        let standby = bind(0).context("cannot listen for the standby")?;
        let (address, standby_address) = (active.local_addr()?, standby.local_addr()?);
        let vault = Vault::new(
            address.to_string(),
            options.max_request_duration,
            options.state.clone(),
        )?;
        let vault = Arc::new(vault);
        let (mut root_token, mut unseal_keys) = (String::new(), Vec::new());
        let is_new = !vault.state().seal.is_initialized();
        if options.ready && is_new {
            let mut state = vault.state();
            let share = state.seal.initialize(1, 1)[0].clone();
            unseal_keys.push(STANDARD.encode(&share));
            state.seal.unseal(share, vault.now());
            root_token = state.tokens.create_root(vault.now());
        }
        for (listener, node) in [(active, Node::Active), (standby, Node::Standby)] {
            runtime.spawn(server::serve(Arc::clone(&vault), listener, node));
        }
        let background = Arc::clone(&vault);
        runtime.spawn(async move { core::run(&background).await });
        Ok(FakeVault {
            vault,
            address,
            standby_address,
            root_token,
            unseal_keys,
            runtime: Some(runtime),
        })
    }

    /// The address of the active node.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a second node that is a standby: it forwards, or redirects who forbids that.
    #[must_use]
    pub fn standby_address(&self) -> SocketAddr {
        self.standby_address
    }

    /// The root token; empty unless a new server started ready.
    #[must_use]
    pub fn root_token(&self) -> &str {
        &self.root_token
    }

    /// The keys that unseal it; none unless a new server started ready.
    #[must_use]
    pub fn unseal_keys(&self) -> &[String] {
        &self.unseal_keys
    }

    /// Changes how long a request may wait for PostgreSQL.
    pub fn set_max_request_duration(&self, duration: Duration) {
        self.vault.set_max_request_duration(duration);
    }

    /// Stops the clock: time passes only by [`FakeVault::advance`].
    pub fn stop_clock(&self) {
        self.vault.clock.stop();
    }

    /// Moves the clock forward; what is over by then has ended when this returns.
    pub fn advance(&self, duration: Duration) {
        self.vault
            .clock
            .advance(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX));
        if let Some(runtime) = &self.runtime {
            runtime.block_on(core::sweep(&self.vault));
        }
    }
}

impl Drop for FakeVault {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
