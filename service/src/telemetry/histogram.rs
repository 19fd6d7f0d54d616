//! Histograms of durations.

use opentelemetry::metrics::{Histogram, Meter};

/// A histogram in seconds with these boundaries.
pub fn seconds(
    meter: &Meter,
    name: &'static str,
    description: &'static str,
    boundaries: &[f64],
) -> Histogram<f64> {
    meter
        .f64_histogram(name)
        .with_unit("s")
        .with_description(description)
        .with_boundaries(boundaries.to_vec())
        .build()
}
