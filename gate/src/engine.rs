//! Runs a plan: starts what may start, shows what runs, and collects what comes of it; decides no verdict.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use harness::output::{print, seconds};
use tools::{install, table};

use crate::definition::Gate;
use crate::outcome::{Outcome, Verdict};
use crate::scan;
use crate::scan_result::ScanError;
use crate::scheduler::{ResourceClass, Scheduler, State, Step};
use crate::shared::Shared;
use crate::verdict_cache;
use crate::waivers::Ledger;

/// How often the screen says what runs.
const EVERY: Duration = Duration::from_secs(15);

/// What a step does.
enum Work<'g> {
    Install(&'static str),
    Gate(&'g Gate),
}

/// What came of a step.
enum Came {
    Installed(Result<(), String>),
    /// And whether it ran, rather than being taken over.
    Outcome(Box<Outcome>, bool),
}

/// Runs these gates; the outcomes are in their order.
pub fn run(gates: &[&Gate], shared: &Shared<'_>, ledger: &Ledger, slots: usize) -> Vec<Outcome> {
    let (steps, work) = plan(gates, shared);
    let mut scheduler = Scheduler::new(steps, slots);
    let mut outcomes: BTreeMap<&str, Outcome> = BTreeMap::new();
    let mut running: BTreeMap<usize, Instant> = BTreeMap::new();
    thread::scope(|scope| {
        let (sender, came) = channel();
        let mut told = Instant::now();
        while !scheduler.is_over() {
            while let Some(place) = scheduler.start() {
                running.insert(place, Instant::now());
                print(&format!("start    {}", scheduler.id(place)));
                let (sender, work) = (sender.clone(), &work[place]);
                scope.spawn(move || step(work, shared, ledger, place, &sender));
            }
            match came.recv_timeout(Duration::from_millis(200)) {
                Ok((place, came)) => {
                    let took = running
                        .remove(&place)
                        .map_or(Duration::ZERO, |since| since.elapsed());
                    let good = ended(&work[place], came, took, shared, &mut outcomes);
                    for dropped in scheduler.end(place, good) {
                        let before = scheduler.bad_before(dropped).unwrap_or_default();
                        if let Work::Gate(gate) = &work[dropped] {
                            let why = ScanError::DataUnavailable(format!("it builds on {before}"));
                            outcomes.insert(gate.id, scan::not_run(gate, shared, &why, true));
                        }
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            if shared.context.stop.is_set() {
                scheduler.stop();
            }
            if told.elapsed() >= EVERY && !running.is_empty() {
                told = Instant::now();
                print(&now_and_next(&scheduler, &running));
            }
        }
    });
    let outcome = |gate: &&Gate| {
        let stopped = || scan::not_run(gate, shared, &ScanError::Stopped, false);
        outcomes.remove(gate.id).unwrap_or_else(stopped)
    };
    gates.iter().map(outcome).collect()
}

/// A step for each tool that is missing and can be installed, then one for each gate.
fn plan<'g>(gates: &[&'g Gate], shared: &Shared<'_>) -> (Vec<Step>, Vec<Work<'g>>) {
    let (mut steps, mut work) = (Vec::new(), Vec::new());
    let mut tools: Vec<&'static str> = gates.iter().flat_map(|gate| gate.tools).copied().collect();
    tools.sort_unstable();
    tools.dedup();
    let missing = |name: &&str| matches!(shared.program(name), Err(ScanError::ToolMissing(_)));
    let can = |name: &&str| table::get(name).is_ok_and(|tool| tool.install.is_by_name());
    if !shared.options.offline {
        for tool in tools.into_iter().filter(|name| missing(name) && can(name)) {
            steps.push(Step {
                id: install_id(tool),
                after: Vec::new(),
                resources: ResourceClass::Light,
            });
            work.push(Work::Install(tool));
        }
    }
    for gate in gates {
        let installs = gate.tools.iter().map(|tool| install_id(tool));
        let after = gate.after.iter().map(ToString::to_string).chain(installs);
        steps.push(Step {
            id: gate.id.to_owned(),
            after: after.collect(),
            resources: gate.resources,
        });
        work.push(Work::Gate(gate));
    }
    (steps, work)
}

fn install_id(tool: &str) -> String {
    format!("install {tool}")
}

/// A gate that panics has failed; without an answer from it the run would wait for ever.
fn step(work: &Work<'_>, shared: &Shared<'_>, ledger: &Ledger, place: usize, came: &Sender<(usize, Came)>) {
    let worked = catch_unwind(AssertUnwindSafe(|| done(work, shared, ledger)));
    let result = worked.unwrap_or_else(|_| match work {
        Work::Install(_) => Came::Installed(Err("its installation panicked".to_owned())),
        Work::Gate(gate) => {
            let why = ScanError::ToolFailed("the gate itself panicked".to_owned());
            Came::Outcome(Box::new(scan::not_run(gate, shared, &why, false)), true)
        }
    });
    let _run_is_over = came.send((place, result));
}

fn done(work: &Work<'_>, shared: &Shared<'_>, ledger: &Ledger) -> Came {
    match work {
        Work::Install(name) => Came::Installed(
            table::get(name)
                .and_then(|tool| install::install(shared.context, &tool))
                .map_err(|error| format!("{error:#}")),
        ),
        Work::Gate(gate) => {
            let key = verdict_cache::key(gate, shared);
            match key
                .as_deref()
                .and_then(|key| verdict_cache::find(gate, shared, key))
            {
                Some(outcome) => Came::Outcome(Box::new(outcome), false),
                None => {
                    let outcome = scan::run(gate, shared, ledger);
                    verdict_cache::store(gate, shared, key, &outcome);
                    Came::Outcome(Box::new(outcome), true)
                }
            }
        }
    }
}

/// Takes in what came of a step; answers whether others can build on it.
fn ended<'g>(
    work: &Work<'g>,
    came: Came,
    took: Duration,
    shared: &Shared<'_>,
    outcomes: &mut BTreeMap<&'g str, Outcome>,
) -> bool {
    match (work, came) {
        (Work::Install(name), Came::Installed(installed)) => {
            shared.forget_program(name);
            match installed {
                Ok(()) => print(&format!("ready    install {name}, {}", seconds(took))),
                Err(why) => {
                    print(&format!("failed   install {name}: {why}"));
                    shared.record_missing(name, format!("no {name}: {why}"));
                }
            }
            // Its gate says what is missing.
            true
        }
        (Work::Gate(gate), Came::Outcome(outcome, ran)) => {
            let how = match ran {
                true => seconds(took),
                false => format!("unchanged since {}", outcome.ran_at),
            };
            print(&format!(
                "{:<10}{}: {}, {how}",
                outcome.verdict.to_string(),
                gate.id,
                outcome.reason
            ));
            let good = matches!(outcome.verdict, Verdict::Pass | Verdict::Waived);
            outcomes.insert(gate.id, *outcome);
            good
        }
        _ => false,
    }
}

fn now_and_next(scheduler: &Scheduler, running: &BTreeMap<usize, Instant>) -> String {
    let now: Vec<String> = running
        .iter()
        .map(|(place, since)| format!("{} ({})", scheduler.id(*place), seconds(since.elapsed())))
        .collect();
    let waiting: Vec<&str> = scheduler
        .of(State::Waiting)
        .map(|place| scheduler.id(place))
        .collect();
    let next = match waiting.as_slice() {
        [] => "nothing".to_owned(),
        [next] => (*next).to_owned(),
        [next, more @ ..] => format!("{next} (and {} more)", more.len()),
    };
    format!("running  {}; next: {next}", now.join(", "))
}
