//! Runs the features against a running service, over HTTP. Never starts, stops or configures a service. The only other program
//! that it runs is that of an operator.

mod browser;
mod browsers;
mod capabilities;
mod client;
mod escapes;
mod jwt;
mod mailbox;
mod operator;
mod outcome_counter;
mod report;
mod response;
mod steps;
mod token_forger;
mod variables;
mod world;

use capabilities::Capabilities;
use clap::Args;
use client::Client;
use cucumber::gherkin::{Feature, Rule, Scenario};
use cucumber::tag::Ext;
use cucumber::writer::{self, Coloring, Stats};
use cucumber::{World as _, WriterExt, cli};
use outcome_counter::OutcomeCounter;
use report::Report;
use reqwest::Certificate;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use world::World;

/// Scenarios that run at the same time. A service on a small machine hashes one password at a time and must still
/// respond to all of them within their request timeout.
const MAX_CONCURRENT_SCENARIOS: usize = 16;

/// Options in addition to those of cucumber.
#[derive(Args, Clone, Debug)]
struct Options {
    /// URL of the service
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3000")]
    base_url: String,
    /// PEM file with the only authority that may have issued its certificate
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
    /// URL of its internal listener (`--tags 'not @internal'` skips the scenarios that need it)
    #[arg(
        long,
        value_name = "URL",
        env = "XTASK_INTERNAL_URL",
        default_value = "http://127.0.0.1:9464"
    )]
    internal_url: String,
    /// Also write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write the outcome of each scenario, one JSON object per line: name, path, line, tags, outcome
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    capabilities: Capabilities,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut options = cli::Opts::<_, _, _, Options>::parsed();
    let authority = options.custom.authority.as_ref();
    let authority = authority.map(|file| anyhow::Ok(Certificate::from_pem(&fs::read(file)?)?));
    let authority = authority.transpose()?;
    let client = Client::new(&options.custom.base_url, &options.custom.internal_url, authority)?;
    let junit: Box<dyn Write> = match &options.custom.junit {
        Some(path) => Box::new(File::create(path)?),
        None => Box::new(io::sink()),
    };
    let console = writer::Basic::raw(io::stdout(), Coloring::Auto, writer::Verbosity::Default).summarized();
    let junit = writer::JUnit::for_tee(junit, writer::Verbosity::Default);
    let counter = Arc::new(OutcomeCounter::default());
    let (finished_counter, skipped_counter) = (Arc::clone(&counter), Arc::clone(&counter));
    let report = Arc::new(Report::create(options.custom.report.as_deref())?);
    let skipped_report = Arc::clone(&report);
    let capabilities = Arc::new(options.custom.capabilities.clone());
    let filter_capabilities = Arc::clone(&capabilities);
    // Taken from the options, because cucumber would apply them instead of our filter rather than in addition to it.
    let (by_name, by_tags) = (options.re_filter.take(), options.tags_filter.take());
    let filter = move |feature: &Feature, rule: Option<&Rule>, scenario: &Scenario| {
        let rule_tags = rule.map(|rule| rule.tags.as_slice()).unwrap_or_default();
        let tags = [&feature.tags, rule_tags, &scenario.tags].into_iter().flatten();
        let is_selected = by_name.as_ref().is_none_or(|name| name.is_match(&scenario.name))
            && by_tags.as_ref().is_none_or(|by_tags| by_tags.eval(tags.clone()));
        let missing = filter_capabilities
            .missing(tags.map(String::as_str))
            .filter(|_| is_selected);
        if let Some(capability) = missing {
            skipped_counter.count_skipped(capability);
            skipped_report.write(feature, rule, scenario, "skipped");
        }
        is_selected && missing.is_none()
    };
    let results = World::cucumber()
        .max_concurrent_scenarios(MAX_CONCURRENT_SCENARIOS)
        .with_writer(console.tee::<World, _>(junit).normalized())
        .fail_on_skipped()
        .with_cli(options)
        .before(move |_, _, _, world| {
            world.capabilities = Arc::clone(&capabilities);
            world.client = client.in_own_network().unwrap_or_else(|_| client.clone());
            Box::pin(async {})
        })
        .after(move |feature, rule, scenario, end, world| {
            let outcome = finished_counter.count(end);
            report.write(feature, rule, scenario, outcome);
            Box::pin(async {
                let Some(world) = world else { return };
                if let Err(error) = world.capabilities.write_secrets(world.variables.secrets()) {
                    eprintln!("cannot write the secrets of a scenario: {error:#}");
                }
                world.browsers.close().await;
            })
        })
        .filter_run(concat!(env!("CARGO_MANIFEST_DIR"), "/features"), filter)
        .await;
    counter.count_unreadable(results.parsing_errors());
    for (tag, scenarios) in counter.skipped() {
        println!("skipped: {scenarios} scenarios tagged @{tag}, because an option is missing (see `--help`)");
    }
    println!("{counter}");
    let is_success = counter.is_success() && !results.execution_has_failed();
    Ok(if is_success {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
