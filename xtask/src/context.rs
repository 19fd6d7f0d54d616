//! What every command needs: the settings and the stop flag.

use crate::settings::Settings;
use crate::stop::Stop;

/// Handed to every command first.
#[derive(Debug, Clone)]
pub struct Context {
    /// What the environment says.
    pub settings: Settings,
    /// Has somebody asked us to stop?
    pub stop: Stop,
}
