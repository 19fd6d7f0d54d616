//! Two sides that are measured alternately in many short rounds (A B A B …), and the ratios pair by pair: a slow phase of the
//! machine then affects both sides of a pair, and three long rounds differ by a third on some machines.

use anyhow::{Result, ensure};
use harness::output::print;
use harness::process::shutdown::Stop;

use crate::figure::{Figure, median, span};

/// Which side a round measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Ours,
    Theirs,
}

/// What was measured, pair by pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

impl Pairs {
    /// Measures this many pairs, our side first. One pair before them warms both sides up and does not count.
    ///
    /// # Errors
    /// Also when a side measures nothing: there is no ratio then.
    pub fn measure(stop: &Stop, count: usize, mut round: impl FnMut(Side) -> Result<f64>) -> Result<Self> {
        let mut pairs = Self {
            ours: Vec::new(),
            theirs: Vec::new(),
        };
        for number in 0..=count {
            stop.check()?;
            let (ours, theirs) = (round(Side::Ours)?, round(Side::Theirs)?);
            ensure!(
                ours.is_finite() && theirs.is_finite() && ours > 0.0 && theirs > 0.0,
                "{ours} ÷ {theirs} is no ratio"
            );
            if number > 0 {
                let ratio = ours / theirs;
                print(&format!("      {number}: {ours:.4} ÷ {theirs:.4} = {ratio:.3}"));
                pairs.ours.push(ours);
                pairs.theirs.push(theirs);
            }
        }
        Ok(pairs)
    }

    /// Pairs that one program printed for each of its rounds.
    pub fn of(pairs: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let (ours, theirs) = pairs.into_iter().unzip();
        Self { ours, theirs }
    }

    /// The median of our side.
    pub fn ours(&self) -> f64 {
        median(self.ours.iter().copied())
    }

    /// The median of the ratios, with the lowest and the highest. `unit` and `digits` are of what the sides measured.
    pub fn figure(&self, unit: &str, digits: usize, note: &str) -> Figure {
        let ratios = self.ours.iter().zip(&self.theirs);
        let ratios: Vec<f64> = ratios.map(|(ours, theirs)| ours / theirs).collect();
        let (ours, theirs) = (span(&self.ours, digits), span(&self.theirs, digits));
        Figure::of_rounds(&ratios, format!("{ours} {unit} ÷ {theirs} {unit}, {note}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_alternate_and_the_first_pair_only_warms_up() {
        let mut order = Vec::new();
        let values = [900.0, 1.0, 10.0, 10.0, 30.0, 20.0, 40.0, 10.0];
        let pairs = Pairs::measure(&Stop::default(), 3, |side| {
            order.push(side);
            Ok(values[order.len() - 1])
        });
        let figure = pairs.unwrap().figure("requests/s", 0, "idle");
        assert_eq!(order, [Side::Ours, Side::Theirs].repeat(4));
        assert_eq!(
            (figure.value, figure.lowest, figure.highest, figure.rounds),
            (1.5, 1.0, 4.0, 3)
        );
        assert_eq!(figure.note, "10 to 40 requests/s ÷ 10 to 20 requests/s, idle");
    }

    #[test]
    fn a_ratio_is_taken_within_a_pair_not_between_medians() {
        // A machine that is twice as fast in two of three pairs; the ratio of the medians would be 1.
        let pairs = Pairs::of([(10.0, 20.0), (20.0, 40.0), (20.0, 20.0)]);
        assert!((pairs.figure("", 0, "").value - 0.5).abs() < 1e-12);
        assert!((pairs.ours() - 20.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_measured_is_no_ratio() {
        let error = Pairs::measure(&Stop::default(), 1, |_| Ok(0.0)).unwrap_err();
        assert_eq!(error.to_string(), "0 ÷ 0 is no ratio");
    }
}
