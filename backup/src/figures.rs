//! The report of a drill: `target/backup/drill.json`.

use serde::Serialize;

/// What a drill found, and its figures if it succeeded.
#[derive(Debug, Serialize)]
pub struct Drill {
    /// What failed, or differed, after the backup was made.
    problems: Vec<String>,
    #[serde(flatten)]
    figures: Option<Figures>,
}

impl Drill {
    pub fn succeeded(figures: Figures) -> Drill {
        Drill {
            problems: Vec::new(),
            figures: Some(figures),
        }
    }

    pub fn failed(error: &anyhow::Error) -> Drill {
        Drill {
            problems: vec![format!("{error:#}")],
            figures: None,
        }
    }
}

/// Rows, sizes and seconds.
#[derive(Debug, Serialize)]
pub struct Figures {
    pub prices: u64,
    /// Of all tables.
    pub rows: u64,
    /// Lines of the inventory that were compared.
    pub compared_lines: usize,
    pub audit_events: u64,
    pub dump_bytes: u64,
    pub backup_s: f64,
    /// The dump in the database, with all indexes, and compared.
    pub restore_s: f64,
    /// From the loss of the server until a new one is ready: server, roles, restore, record, service.
    pub outage_s: f64,
    /// Lines of the inventory by which one changed price of all shows.
    pub control_lines: usize,
}

impl Figures {
    /// One line.
    pub fn summary(&self) -> String {
        format!(
            "{} prices, {} rows, {} audit events: backup {:.1} s ({:.1} MB), restore {:.1} s, ready {:.1} s after the loss; {} lines compared",
            self.prices,
            self.rows,
            self.audit_events,
            self.backup_s,
            self.dump_bytes as f64 / 1e6,
            self.restore_s,
            self.outage_s,
            self.compared_lines,
        )
    }
}

/// The rows of all tables, and of one, in an inventory.
pub fn rows(inventory: &str, only: Option<&str>) -> u64 {
    let tables = inventory
        .lines()
        .filter_map(|line| line.strip_prefix("table ")?.split_once(": "));
    let tables = tables.filter(|(name, _)| only.is_none_or(|only| only == *name));
    let counts = tables.filter_map(|(_, rest)| rest.split_once(" rows")?.0.parse::<u64>().ok());
    counts.sum()
}

/// The number of lines that one of the two has and the other has not, in the same order.
pub fn differences(before: &str, after: &str) -> usize {
    let count = |of: &str, other: &str| {
        let other: std::collections::BTreeSet<&str> = other.lines().collect();
        of.lines().filter(|line| !other.contains(line)).count()
    };
    count(before, after) + count(after, before)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "postgres 15\ntable audit.events: 5 rows, checksum 1\ntable rates.prices: 7 rows, checksum -2\nrole a";

    #[test]
    fn rows_are_counted_by_table_and_in_all() {
        assert_eq!(rows(BEFORE, None), 12);
        assert_eq!(rows(BEFORE, Some("rates.prices")), 7);
        assert_eq!(rows(BEFORE, Some("prices")), 0);
    }

    #[test]
    fn a_changed_line_counts_on_both_sides() {
        assert_eq!(differences(BEFORE, BEFORE), 0);
        assert_eq!(differences(BEFORE, &BEFORE.replace("-2", "-3")), 2);
        assert_eq!(differences(BEFORE, &format!("{BEFORE}\nrole b")), 1);
    }
}
