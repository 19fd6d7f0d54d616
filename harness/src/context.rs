//! What every command needs: the settings and the stop flag.

use anyhow::Result;

use crate::process::shutdown::Stop;
use crate::settings::Settings;

/// Handed to every command first.
#[derive(Debug, Clone)]
pub struct Context {
    /// The environment.
    pub settings: Settings,
    /// Set by Ctrl-C and stop signals.
    pub stop: Stop,
}

impl Context {
    /// Reads the environment and starts to listen for signals.
    pub fn new() -> Result<Context> {
        Ok(Context {
            settings: Settings::read(),
            stop: Stop::listen()?,
        })
    }
}
