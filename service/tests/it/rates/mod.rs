//! `/rates`.

/// Averages over a small data set.
mod averages;

/// The formats that `Accept` selects.
mod formats;

/// Whole dumps against an independent computation.
mod full_dumps;

/// Rejected requests.
mod validation;
