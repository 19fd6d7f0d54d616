//! Runs a plan: starts the steps that may start, prints what runs, and collects the outcomes; decides no verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use harness::output::{print, seconds};
use tools::{install, table};

use crate::definition::Gate;
use crate::outcome::{Outcome, Verdict};
use crate::run_state::RunState;
use crate::scan;
use crate::scan_result::ScanError;
use crate::scheduler::{ResourceClass, Scheduler, State, Step};
use crate::verdict_cache;
use crate::waivers::Ledger;

const PROGRESS_INTERVAL: Duration = Duration::from_secs(15);

/// How often the stop flag is checked.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

enum Work<'g> {
    Install(&'static str),
    Gate(&'g Gate),
}

enum StepResult {
    Installed(Result<(), String>),
    Outcome { outcome: Box<Outcome>, is_cached: bool },
}

/// Runs the gates; the outcomes are in the order of the gates.
pub fn run(gates: &[&Gate], run_state: &RunState<'_>, ledger: &Ledger, slots: usize) -> Vec<Outcome> {
    let (steps, work) = plan(gates, run_state);
    let mut scheduler = Scheduler::new(steps, slots);
    let mut outcomes: BTreeMap<&str, Outcome> = BTreeMap::new();
    let mut running: BTreeMap<usize, Instant> = BTreeMap::new();
    thread::scope(|scope| {
        let (sender, results) = channel();
        let mut printed = Instant::now();
        while !scheduler.is_over() {
            while let Some(index) = scheduler.start() {
                running.insert(index, Instant::now());
                print(&format!("start    {}", scheduler.id(index)));
                let (sender, work) = (sender.clone(), &work[index]);
                scope.spawn(move || run_step(work, run_state, ledger, index, &sender));
            }
            if let Ok((index, result)) = results.recv_timeout(POLL_INTERVAL) {
                let start = running.remove(&index);
                let elapsed = start.map_or(Duration::ZERO, |start| start.elapsed());
                let good = finish(&work[index], result, elapsed, run_state, &mut outcomes);
                for dropped in scheduler.end(index, good) {
                    let blocker = scheduler.blocker(dropped).unwrap_or_default();
                    if let Work::Gate(gate) = &work[dropped] {
                        let error =
                            ScanError::DataUnavailable(format!("builds on {blocker}, which did not pass"));
                        outcomes.insert(gate.id, scan::not_run(gate, run_state, error, true));
                    }
                }
            }
            if run_state.context.stop.is_set() {
                scheduler.stop();
            }
            if printed.elapsed() >= PROGRESS_INTERVAL && !running.is_empty() {
                printed = Instant::now();
                print(&progress(&scheduler, &running));
            }
        }
    });
    let outcome = |gate: &&Gate| {
        let stopped = || scan::not_run(gate, run_state, ScanError::Stopped, false);
        outcomes.remove(gate.id).unwrap_or_else(stopped)
    };
    gates.iter().map(outcome).collect()
}

/// A step for each tool that is missing and can be installed, then one for each gate.
fn plan<'g>(gates: &[&'g Gate], run_state: &RunState<'_>) -> (Vec<Step>, Vec<Work<'g>>) {
    let (mut steps, mut work) = (Vec::new(), Vec::new());
    let mut tools: BTreeSet<&'static str> = gates.iter().flat_map(|gate| gate.tools).copied().collect();
    tools.retain(|name| {
        let is_missing = matches!(run_state.program(name), Err(ScanError::ToolMissing(_)));
        let can_install = || table::get(name).is_ok_and(|tool| tool.install.is_by_name());
        !run_state.options.offline && is_missing && can_install()
    });
    for tool in tools {
        steps.push(Step {
            id: install_id(tool),
            after: Vec::new(),
            resources: ResourceClass::Light,
        });
        work.push(Work::Install(tool));
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

/// A gate that panics has failed. Without a result from it the run would never end.
fn run_step(
    work: &Work<'_>,
    run_state: &RunState<'_>,
    ledger: &Ledger,
    index: usize,
    results: &Sender<(usize, StepResult)>,
) {
    let result = match work {
        Work::Install(name) => StepResult::Installed(
            catch_unwind(AssertUnwindSafe(|| install(run_state, name)))
                .unwrap_or_else(|_| Err("the installation panicked".to_owned())),
        ),
        Work::Gate(gate) => {
            let (outcome, is_cached) =
                catch_unwind(AssertUnwindSafe(|| cached_or_run(gate, run_state, ledger))).unwrap_or_else(
                    |_| {
                        let error = ScanError::ToolFailed("the gate itself panicked".to_owned());
                        (scan::not_run(gate, run_state, error, false), false)
                    },
                );
            let outcome = Box::new(outcome);
            StepResult::Outcome { outcome, is_cached }
        }
    };
    let _run_is_over = results.send((index, result));
}

fn install(run_state: &RunState<'_>, name: &str) -> Result<(), String> {
    let tool = table::get(name).map_err(|error| format!("{error:#}"))?;
    install::install(run_state.context, &tool, false).map_err(|error| format!("{error:#}"))
}

fn cached_or_run(gate: &Gate, run_state: &RunState<'_>, ledger: &Ledger) -> (Outcome, bool) {
    let key = verdict_cache::key(gate, run_state);
    let cached = key
        .as_deref()
        .and_then(|key| verdict_cache::find(gate, run_state, key));
    if let Some(outcome) = cached {
        return (outcome, true);
    }
    let outcome = scan::run(gate, run_state, ledger);
    verdict_cache::store(gate, run_state, key, &outcome);
    (outcome, false)
}

/// Prints and stores the result of a step; returns whether other steps can build on it.
fn finish<'g>(
    work: &Work<'g>,
    result: StepResult,
    elapsed: Duration,
    run_state: &RunState<'_>,
    outcomes: &mut BTreeMap<&'g str, Outcome>,
) -> bool {
    match (work, result) {
        (Work::Install(name), StepResult::Installed(installed)) => {
            run_state.forget_program(name);
            match installed {
                Ok(()) => print(&format!("ready    install {name}, {}", seconds(elapsed))),
                Err(why) => {
                    print(&format!("failed   install {name}: {why}"));
                    run_state.record_missing(name, format!("no {name}: {why}"));
                }
            }
            // The gate itself reports what is missing.
            true
        }
        (Work::Gate(gate), StepResult::Outcome { outcome, is_cached }) => {
            let how = if is_cached {
                format!("unchanged since {}", outcome.ran_at)
            } else {
                seconds(elapsed)
            };
            let verdict = outcome.verdict.to_string();
            print(&format!("{verdict:<10}{}: {}, {how}", gate.id, outcome.reason));
            let good = matches!(outcome.verdict, Verdict::Pass | Verdict::Waived);
            outcomes.insert(gate.id, *outcome);
            good
        }
        _ => false,
    }
}

fn progress(scheduler: &Scheduler, running: &BTreeMap<usize, Instant>) -> String {
    let running: Vec<String> = running
        .iter()
        .map(|(index, start)| format!("{} ({})", scheduler.id(*index), seconds(start.elapsed())))
        .collect();
    let waiting = scheduler.steps_in(State::Waiting);
    let waiting: Vec<&str> = waiting.map(|index| scheduler.id(index)).collect();
    let next = match waiting.as_slice() {
        [] => "nothing".to_owned(),
        [next] => (*next).to_owned(),
        [next, more @ ..] => format!("{next} (and {} more)", more.len()),
    };
    format!("running  {}; next: {next}", running.join(", "))
}
