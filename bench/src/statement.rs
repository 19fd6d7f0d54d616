//! The statements that pgbench runs.

/// A statement that answers one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statement {
    /// P1: what is usually written, over the table of prices.
    Textbook,
    /// P1b: over our sums, so that both sides read the same rows.
    Sums,
    /// P4: the same as the first between regions, whose ports are found by recursion.
    Recursive,
}

impl Statement {
    /// The name of its script.
    pub fn name(self) -> &'static str {
        match self {
            Self::Textbook => "textbook",
            Self::Sums => "sums",
            Self::Recursive => "recursive",
        }
    }

    /// Its text for these expressions.
    pub fn text(self, orig: &str, dest: &str, from: &str, to: &str) -> String {
        match self {
            Self::Textbook => format!(
                "SELECT day, avg(price), count(*) FROM bench.prices \
                 WHERE orig_code = {orig} AND dest_code = {dest} AND day BETWEEN {from} AND {to} GROUP BY day;"
            ),
            Self::Sums => format!(
                "SELECT day, price_sum, price_count FROM rates.daily_rates \
                 WHERE origin = {orig} AND destination = {dest} AND day BETWEEN {from} AND {to};"
            ),
            Self::Recursive => {
                let (origins, destinations) = (ports_within(orig), ports_within(dest));
                format!(
                    "SELECT day, avg(price), count(*) FROM bench.prices \
                     WHERE orig_code IN ({origins}) AND dest_code IN ({destinations}) \
                     AND day BETWEEN {from} AND {to} GROUP BY day;"
                )
            }
        }
    }

    /// Statements in a script. Those that find their rows in one place of an index are so fast that the script's own cost counts.
    pub fn per_script(self) -> u64 {
        match self {
            Self::Textbook | Self::Sums => 32,
            Self::Recursive => 1,
        }
    }
}

/// The ports below a region, at any depth.
fn ports_within(region: &str) -> String {
    format!(
        "WITH RECURSIVE within AS (SELECT slug FROM bench.regions WHERE slug = {region} \
         UNION ALL SELECT r.slug FROM bench.regions r JOIN within w ON r.parent_slug = w.slug) \
         SELECT p.code FROM bench.ports p JOIN within w ON p.parent_slug = w.slug"
    )
}
