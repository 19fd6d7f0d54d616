//! `/rates`.

/// Averages over a small data set.
mod averages;

/// Entity tags and answers that are reused.
mod caching;

/// Exports.
mod export;

/// The formats that `Accept` selects.
mod formats;

/// Whole dumps against an independent computation.
mod full_dumps;

/// Many lanes in one call.
mod lanes;

/// Clients that read slowly.
mod slow_streams;

/// Rejected requests.
mod validation;
