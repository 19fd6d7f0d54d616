//! Runs the features against a service that already serves, over HTTP alone; never starts, stops or prepares one.

/// The words in which the features are written.
mod steps;

/// What one scenario knows.
mod visitor;

/// Requests: proper ones, and bytes that no proper client would send.
mod client;

/// A browser.
mod browser;

/// The browsers of one scenario.
mod browsers;

/// Answers, and what makes a good problem.
mod answer;

/// What there is beside the service.
mod surroundings;

/// What a scenario has learnt, by name.
mod notes;

/// The mails that people get.
mod mailbox;

/// Access tokens as somebody forges them.
mod forged;

/// How scenarios end.
mod tally;

/// How each scenario ended, for other programs.
mod report;

/// Spellings of the features that stand for something longer.
mod spelling;

use clap::Args;
use client::Client;
use cucumber::gherkin::{Feature, Rule, Scenario};
use cucumber::tag::Ext;
use cucumber::writer::{self, Coloring, Stats};
use cucumber::{World, WriterExt, cli};
use report::Report;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use surroundings::Surroundings;
use tally::Tally;
use visitor::Visitor;

/// How many scenarios run at the same time. A service on a small machine, which hashes one password after the other, must
/// answer all of them while they still wait.
const AT_ONCE: usize = 16;

/// Options beside those of cucumber itself.
#[derive(Args, Clone, Debug)]
struct Options {
    /// Where the service answers
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3000")]
    base_url: String,
    /// Where its internal listener answers (`--tags 'not @internal'` leaves that listener alone)
    #[arg(
        long,
        value_name = "URL",
        env = "XTASK_INTERNAL_URL",
        default_value = "http://127.0.0.1:9464"
    )]
    internal_url: String,
    /// Write the results as JUnit XML too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write how each scenario ended, one JSON object a line: feature, path, scenario, line, tags, outcome
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    surroundings: Surroundings,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut options = cli::Opts::<_, _, _, Options>::parsed();
    let client = Client::new(&options.custom.base_url, &options.custom.internal_url)?;
    let junit: Box<dyn Write> = match &options.custom.junit {
        Some(path) => Box::new(File::create(path)?),
        None => Box::new(io::sink()),
    };
    let console = writer::Basic::raw(io::stdout(), Coloring::Auto, writer::Verbosity::Default).summarized();
    let junit = writer::JUnit::for_tee(junit, writer::Verbosity::Default);
    let tally = Arc::new(Tally::default());
    let (counted, left_out) = (Arc::clone(&tally), Arc::clone(&tally));
    let report = Arc::new(Report::begin(options.custom.report.as_deref())?);
    let not_asked = Arc::clone(&report);
    let surroundings = Arc::new(options.custom.surroundings.clone());
    let given = Arc::clone(&surroundings);
    // Taken from the options: cucumber would look at them instead of at our filter, not beside it.
    let (by_name, by_tags) = (options.re_filter.take(), options.tags_filter.take());
    let is_wanted = move |feature: &Feature, rule_of_it: Option<&Rule>, scenario: &Scenario| {
        let rule = rule_of_it.map(|rule| rule.tags.as_slice()).unwrap_or_default();
        let tags = [&feature.tags, rule, &scenario.tags].into_iter().flatten();
        let asked = by_name.as_ref().is_none_or(|name| name.is_match(&scenario.name))
            && by_tags.as_ref().is_none_or(|wanted| wanted.eval(tags.clone()));
        let lack = given.lack(tags.map(String::as_str)).filter(|_| asked);
        if let Some(what) = lack {
            left_out.leave_out(what);
            not_asked.tell(feature, rule_of_it, scenario, "skipped");
        }
        asked && lack.is_none()
    };
    let results = Visitor::cucumber()
        .max_concurrent_scenarios(AT_ONCE)
        .with_writer(console.tee::<Visitor, _>(junit).normalized())
        .fail_on_skipped()
        .with_cli(options)
        .before(move |_, _, _, visitor| {
            visitor.surroundings = Arc::clone(&surroundings);
            visitor.client = client.elsewhere().unwrap_or_else(|_| client.clone());
            Box::pin(async {})
        })
        .after(move |feature, rule, scenario, end, visitor| {
            let outcome = counted.count(end);
            report.tell(feature, rule, scenario, outcome);
            Box::pin(async {
                let Some(visitor) = visitor else { return };
                if let Err(error) = visitor.surroundings.tell(visitor.notes.secrets()) {
                    eprintln!("the secrets of a scenario could not be written: {error:#}");
                }
                visitor.browsers.close().await;
            })
        })
        .filter_run(concat!(env!("CARGO_MANIFEST_DIR"), "/features"), is_wanted)
        .await;
    tally.unreadable(results.parsing_errors());
    for (what, scenarios) in tally.left_out() {
        println!("left out: {scenarios} scenarios tagged @{what}, for want of what they need (see `--help`)");
    }
    println!("{tally}");
    let good = tally.is_good() && !results.execution_has_failed();
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
