//! How the page shows figures and the rows of the last bench.

use crate::report::bench::Row;
use crate::scan_result::Figure;

impl Figure {
    pub(super) fn percent(&self) -> Option<f64> {
        (self.unit == "%").then(|| self.value.clamp(0.0, 100.0))
    }

    /// `88.7 %`, `12 tests`, `0.25`.
    pub(super) fn text(&self) -> String {
        let digits = match (self.percent(), self.value.fract() == 0.0) {
            (Some(_), _) => 1,
            (None, true) => 0,
            (None, false) => 2,
        };
        let text = format!("{:.digits$} {}", self.value, self.unit);
        text.trim_end().to_owned()
    }
}

impl Row {
    pub(super) fn value_text(&self) -> String {
        self.value.map_or("–".to_owned(), |value| format!("{value:.2}"))
    }

    /// The class of its icon, and the words beside it.
    pub(super) fn verdict(&self) -> (&'static str, &'static str) {
        match self.holds {
            Some(true) => ("pass", "holds"),
            Some(false) => ("fail", "does not hold"),
            None => ("not-run", "not run"),
        }
    }
}
