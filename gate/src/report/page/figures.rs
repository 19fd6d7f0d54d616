//! The page's figures: what gates measured, and the rows of the last bench.

use crate::report::bench;
use crate::report::format;
use crate::report::model::Report;
use crate::scan_result::Figure as Measured;

pub(super) struct Set<'a> {
    pub gate: &'a str,
    pub title: &'a str,
    pub figures: Vec<Figure<'a>>,
}

pub(super) struct Figure<'a> {
    pub name: &'a str,
    pub value: String,
    pub percent: Option<f64>,
}

pub(super) struct Bench<'a> {
    pub written: String,
    pub stale: bool,
    pub rows: Vec<Row<'a>>,
}

pub(super) struct Row<'a> {
    pub id: &'a str,
    pub what: &'a str,
    pub value: String,
    pub goal: &'a str,
    pub class: &'static str,
    pub verdict: &'static str,
    pub note: &'a str,
}

pub(super) fn sets(run: &Report) -> Vec<Set<'_>> {
    let with_figures = run.gates.iter().filter(|gate| !gate.figures.is_empty());
    with_figures
        .map(|gate| Set {
            gate: &gate.id,
            title: &gate.title,
            figures: gate.figures.iter().map(Figure::of).collect(),
        })
        .collect()
}

impl<'a> Figure<'a> {
    fn of(figure: &'a Measured) -> Figure<'a> {
        let is_percent = figure.unit == "%";
        let value = match (figure.value.fract() == 0.0, is_percent) {
            (true, false) => format!("{:.0}", figure.value),
            (_, true) => format!("{:.1}", figure.value),
            (false, false) => format!("{:.2}", figure.value),
        };
        Figure {
            name: &figure.name,
            value: format!("{value} {}", figure.unit).trim_end().to_owned(),
            percent: is_percent.then(|| figure.value.clamp(0.0, 100.0)),
        }
    }
}

impl<'a> Bench<'a> {
    pub(super) fn of(bench: &'a bench::Bench) -> Bench<'a> {
        Bench {
            written: format::when(&bench.written),
            stale: bench.stale,
            rows: bench.rows.iter().map(Row::of).collect(),
        }
    }
}

impl<'a> Row<'a> {
    fn of(row: &'a bench::Row) -> Row<'a> {
        let (class, verdict) = match row.holds {
            Some(true) => ("pass", "holds"),
            Some(false) => ("fail", "does not hold"),
            None => ("not-run", "not run"),
        };
        Row {
            id: &row.id,
            what: &row.what,
            value: row.value.map_or("–".to_owned(), |value| format!("{value:.2}")),
            goal: &row.goal,
            class,
            verdict,
            note: &row.note,
        }
    }
}
