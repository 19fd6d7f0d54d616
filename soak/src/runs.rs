//! Measured runs: without rotations, with rotations and incidents, with leases that an operator revokes, and with leases
//! that end too early.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use stack::vault::Source;

use crate::incidents::{INCIDENTS, Incident};
use crate::load::Load;
use crate::rotations::Rotations;
use crate::samples::{Outage, Samples};
use crate::vault_stack::{Lifetimes, VaultStack};

/// The longest time that one rotation may take to come: several lifetimes.
const ROTATION_TIMEOUT: Duration = Duration::from_secs(60);

/// How long no new login is issued in the control: longer than a request waits for a connection and is repeated.
const NOT_ISSUED: Duration = Duration::from_secs(15);

/// Longer than the service waits for an answer of Vault.
const UNANSWERED_MS: u64 = 60_000;

/// After a revocation, for the failures that it causes.
const AFTERMATH: Duration = Duration::from_secs(8);

/// The outcome of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Replaced logins by reason.
    pub rotations: Rotations,
    /// What the load measured.
    pub samples: Samples,
    /// Announced outages.
    pub outages: Vec<Outage>,
    /// The incidents, in order.
    pub incidents: Vec<Incident>,
    /// How long it took.
    pub took: Duration,
}

impl Outcome {
    /// Failed requests that no outage explains.
    pub fn failed(&self) -> usize {
        self.samples.unexplained(&self.outages).count()
    }
}

/// What an operator's revocation of all leases in use caused.
#[derive(Debug, Clone, Copy)]
pub struct Loss {
    /// Failed requests.
    pub failed: usize,
    /// From the revocation to the end of the last request that failed.
    pub recovered: Duration,
}

/// The load without any rotation, for comparison.
pub fn calm(stack: &mut VaultStack, time: Duration) -> Result<Outcome> {
    stack.serve(Source::Dynamic, &Lifetimes::CALM)?;
    let run = Run::begin(stack)?;
    stack.context.stop.wait_until(time, || Ok(false))?;
    let outcome = run.end(stack)?;
    let rotations = &outcome.rotations;
    ensure!(rotations.total() == 0, "logins were replaced: {rotations}");
    Ok(outcome)
}

/// The load until logins have been replaced so many times, with as many incidents, evenly spread.
pub fn rotating(stack: &mut VaultStack, source: Source, rotations: u64, incidents: usize) -> Result<Outcome> {
    stack.serve(source, &Lifetimes::SHORT)?;
    let mut run = Run::begin(stack)?;
    let distance = rotations / (incidents as u64 + 1);
    for number in 0..incidents {
        run.wait_for_rotations(stack, distance * (number as u64 + 1))?;
        let incident = INCIDENTS[number % INCIDENTS.len()];
        run.outages.extend(incident.happen(stack, &run.load)?);
        run.incidents.push(incident);
    }
    run.wait_for_rotations(stack, rotations)?;
    run.end(stack)
}

/// The load while an operator revokes all leases in use, several times.
pub fn unplanned_loss(stack: &mut VaultStack, times: u32) -> Result<(Vec<Loss>, Outcome)> {
    stack.serve(Source::Dynamic, &Lifetimes::CALM)?;
    let run = Run::begin(stack)?;
    let mut revocations = Vec::new();
    for _ in 0..times {
        revocations.push(run.load.elapsed());
        revoke_all(stack)?;
        stack.context.stop.wait_until(AFTERMATH, || Ok(false))?;
    }
    let outcome = run.end(stack)?;
    let loss = |from: &Duration| {
        let to = *from + AFTERMATH;
        let failures = outcome.samples.failures.iter();
        let caused: Vec<_> = failures
            .filter(|failure| failure.to >= *from && failure.from < to)
            .collect();
        let last = caused.iter().map(|failure| failure.to).max();
        Loss {
            failed: caused.len(),
            recovered: last.map_or(Duration::ZERO, |last| last - *from),
        }
    };
    Ok((revocations.iter().map(loss).collect(), outcome))
}

/// The same load and count as in [`rotating`], but leases end before there are new logins. A measurement that finds no
/// failed request here proves nothing.
pub fn control(stack: &mut VaultStack) -> Result<Outcome> {
    stack.serve(Source::Dynamic, &Lifetimes::SHORT)?;
    let run = Run::begin(stack)?;
    run.wait_for_rotations(stack, 1)?;
    let slow = json!({"path": "database/creds", "effect": {"delay_ms": UNANSWERED_MS}});
    stack.vault.control("POST", "rules", &slow)?;
    revoke_all(stack)?;
    stack.context.stop.wait_until(NOT_ISSUED, || Ok(false))?;
    stack.vault.control("DELETE", "rules", &Value::Null)?;
    let context = stack.context.clone();
    stack.local.serving()?.wait_until_ready(&context)?;
    run.end(stack)
}

fn revoke_all(stack: &VaultStack) -> Result<()> {
    stack
        .vault
        .call("PUT", "sys/leases/revoke-prefix/database/creds", &Value::Null)
        .map(drop)
}

/// A load that runs, and what has happened so far.
struct Run {
    load: Load,
    before: Rotations,
    begun: Instant,
    outages: Vec<Outage>,
    incidents: Vec<Incident>,
}

impl Run {
    fn begin(stack: &mut VaultStack) -> Result<Run> {
        let load = Load::begin(stack.local.serving()?.port, &stack.user)?;
        Ok(Run {
            load,
            before: Rotations::read(stack.local.internal_port())?,
            begun: Instant::now(),
            outages: Vec::new(),
            incidents: Vec::new(),
        })
    }

    fn rotations(&self, stack: &VaultStack) -> Result<Rotations> {
        Ok(Rotations::read(stack.local.internal_port())?.since(&self.before))
    }

    fn wait_for_rotations(&self, stack: &mut VaultStack, wanted: u64) -> Result<()> {
        let (mut last, mut since) = (0, Instant::now());
        loop {
            stack.context.stop.check()?;
            stack.local.serving()?.ensure_alive()?;
            let rotations = self.rotations(stack)?;
            if rotations.total() >= wanted {
                return Ok(());
            }
            if rotations.total() > last {
                (last, since) = (rotations.total(), Instant::now());
            }
            if since.elapsed() > ROTATION_TIMEOUT {
                let log = stack.local.serving()?.log.display().to_string();
                bail!(
                    "only {last} of {wanted} rotations, and none for {} s; the service's log is {log}",
                    since.elapsed().as_secs()
                );
            }
            stack
                .context
                .stop
                .wait_until(Duration::from_millis(200), || Ok(false))?;
        }
    }

    fn end(self, stack: &VaultStack) -> Result<Outcome> {
        let rotations = self.rotations(stack)?;
        let took = self.begun.elapsed();
        Ok(Outcome {
            rotations,
            samples: self.load.end().context("the load")?,
            outages: self.outages,
            incidents: self.incidents,
            took,
        })
    }
}
