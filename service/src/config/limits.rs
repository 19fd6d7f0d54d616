//! Request limits: rate, body size, range of days, cached answers.

use super::source::{ConfigError, Source};
use std::num::NonZeroU32;

/// Request limits.
#[derive(Clone, Copy, Debug)]
pub struct LimitSettings {
    /// Requests per minute and client address.
    pub rate: NonZeroU32,
    /// Maximum size of a request body in bytes, for operations without a limit of their own.
    pub body: usize,
    /// Maximum number of days in one query of `/rates`.
    pub rates_max_days: u32,
    /// Bytes of the cache of `/rates`; 0: no cache.
    pub rates_cache_bytes: usize,
}

impl LimitSettings {
    /// Parses the settings.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        let rate = source.number("RATE_LIMIT", 1..=1_000_000_000)?;
        Ok(Self {
            rate: NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN),
            body: source.number("BODY_LIMIT", 0..=10_485_760)?,
            rates_max_days: source.number("RATES_MAX_DAYS", 1..=36_600)?,
            rates_cache_bytes: source.number::<usize>("RATES_CACHE_SIZE", 0..=4096)? << 20,
        })
    }
}
