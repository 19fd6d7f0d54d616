//! The figure of a row, the median of its rounds, or the reason why there is none.

use std::fmt;

/// A figure with its spread.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The median of all rounds.
    pub value: f64,
    pub lowest: f64,
    pub highest: f64,
    /// How many rounds it is the median of.
    pub rounds: usize,
    pub note: String,
}

impl Figure {
    /// The median of rounds.
    pub fn of_rounds(rounds: &[f64], note: impl Into<String>) -> Self {
        Self {
            value: median(rounds.iter().copied()),
            lowest: rounds.iter().copied().fold(f64::INFINITY, f64::min),
            highest: rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            rounds: rounds.len(),
            note: note.into(),
        }
    }

    /// What was measured or counted once.
    pub fn once(value: f64, note: impl Into<String>) -> Self {
        Self::of_rounds(&[value], note)
    }
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
        let figure = Figure::of_rounds(&[4.0, 1.0, 2.0], "");
        assert_eq!(
            (figure.value, figure.lowest, figure.highest, figure.rounds),
            (2.0, 1.0, 4.0, 3)
        );
    }
}
