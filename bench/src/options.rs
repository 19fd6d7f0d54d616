//! The options of `cargo xtask bench`.

/// Prices in the small dataset, and the fewest in the large one.
pub const SMALL: u64 = 50_000;

/// Options of `cargo xtask bench`.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Measure only these rows, for example `P1,P3`
    #[arg(long, value_delimiter = ',', value_name = "ROW")]
    pub only: Vec<String>,
    /// Number of rounds of each side, which alternate
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub rounds: u64,
    /// Duration of a round, in seconds
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub seconds: u64,
    /// Prices in the large dataset; the goals are for the default
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(SMALL..=100_000_000))]
    pub prices: u64,
}
