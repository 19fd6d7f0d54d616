//! What one caller may ask: how often, how much, how long a range.
use super::source::{ConfigError, Source};
use std::num::NonZeroU32;

/// Limits on requests.
#[derive(Clone, Copy, Debug)]
pub struct LimitSettings {
    /// Requests a minute and client address.
    pub rate: NonZeroU32,
    /// Bytes of a body where the operation says nothing else.
    pub body: usize,
    /// Days that one query of `/rates` may span.
    pub rates_max_days: u32,
}

impl LimitSettings {
    /// Reads the settings.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        let rate = source.number("RATE_LIMIT", 1..=1_000_000_000)?;
        Ok(Self {
            rate: NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN),
            body: source.number("BODY_LIMIT", 0..=10_485_760)?,
            rates_max_days: source.number("RATES_MAX_DAYS", 1..=36_600)?,
        })
    }
}
