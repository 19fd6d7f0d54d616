//! The figure of a row, computed from a few rounds, or the reason why there is none.

use std::fmt;

/// A figure and its context.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    pub value: f64,
    pub note: String,
}

/// The error of a row that cannot be measured on this machine: why, and what to do about it.
#[derive(Debug)]
pub struct NotRun(pub String);

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotRun {}

/// The median; of an even number the mean of the middle two; 0 of none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.len() % 2) {
        (Some(upper), 0) => f64::midpoint(sorted[middle - 1], *upper),
        (Some(value), _) => *value,
        (None, _) => 0.0,
    }
}

/// The median of the ratios of adjacent rounds, so that a slow phase of the machine affects both sides.
pub fn median_ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    median(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs))
}

/// `12.3 to 14.5`.
pub fn span(values: &[f64], digits: usize) -> String {
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{min:.digits$} to {max:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_the_range_are_found() {
        assert!((median([3.0, 1.0, 2.0]) - 2.0).abs() < 1e-12);
        assert!((median([4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-12);
        assert!(median([]).abs() < 1e-12);
        assert_eq!(span(&[2.0, 1.25], 1), "1.2 to 2.0");
    }
}
