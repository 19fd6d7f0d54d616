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
    /// `1.12 (0.97 to 1.21)`: the median of several rounds, with the lowest and the highest.
    pub(super) fn value_text(&self) -> String {
        match (self.value, self.lowest, self.highest) {
            (Some(value), Some(lowest), Some(highest)) if lowest < highest => {
                format!("{value:.2} ({lowest:.2} to {highest:.2})")
            }
            (Some(value), _, _) => format!("{value:.2}"),
            (None, _, _) => "–".to_owned(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_shown_with_its_spread() {
        for (json, text) in [
            (
                r#""value":1.1,"lowest":0.97,"highest":1.21"#,
                "1.10 (0.97 to 1.21)",
            ),
            (r#""value":24.5,"lowest":24.5,"highest":24.5"#, "24.50"),
            (r#""value":24.5"#, "24.50"),
            (r#""value":null,"lowest":null,"highest":null"#, "–"),
        ] {
            let row = format!(r#"{{"id":"P1","goal":"≥ 1.1","holds":null,"note":"",{json}}}"#);
            let row: Row = serde_json::from_str(&row).unwrap();
            assert_eq!(row.value_text(), text);
        }
    }
}
