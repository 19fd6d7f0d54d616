//! Measured runs: without rotations, with rotations and incidents, with planted early revocations, and with leases that an
//! operator revokes.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::incidents::Incident;
use crate::load::Load;
use crate::rotations::Rotations;
use crate::samples::{Failure, Outage, Samples};
use crate::vault_stack::{Kind, Lifetimes, Plant, VaultStack};

/// The longest time that one rotation may take to come: several lifetimes.
const ROTATION_TIMEOUT: Duration = Duration::from_secs(60);

/// The rotations of the kinds in the planned run and in its control: twenty.
pub const PLANNED: [(Kind, u64); 3] = [(Kind::Dynamic, 8), (Kind::Static, 6), (Kind::Token, 6)];

/// After a revocation, for the failures that it causes.
const AFTERMATH: Duration = Duration::from_secs(8);

/// The outcome of a run.
#[derive(Debug)]
pub struct Outcome {
    /// What was replaced.
    pub kind: Kind,
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
    stack.serve(Kind::Dynamic, &Lifetimes::CALM)?;
    let run = Run::begin(stack, Kind::Dynamic)?;
    stack.context.stop.wait_until(time, || Ok(false))?;
    let outcome = run.end(stack)?;
    let rotations = &outcome.rotations;
    ensure!(rotations.total() == 0, "logins were replaced: {rotations}");
    Ok(outcome)
}

/// Rotations of all kinds under the load, in [`PLANNED`] numbers. With planted early revocations the same function, load and
/// count must find failed requests of each kind, or finding none proves nothing.
pub fn planned(stack: &mut VaultStack, plant: Plant) -> Result<Vec<Outcome>> {
    stack.plant(plant)?;
    let run = |(kind, rotations)| rotating(stack, kind, rotations, 0);
    let outcomes: Result<Vec<_>> = PLANNED.into_iter().map(run).collect();
    stack.plant(Plant::Nothing)?;
    let outcomes = outcomes?;
    if plant == Plant::EarlyRevocations {
        ensure_red(&outcomes)?;
    }
    Ok(outcomes)
}

fn ensure_red(outcomes: &[Outcome]) -> Result<()> {
    let green = outcomes.iter().find(|outcome| outcome.failed() == 0);
    if let Some(outcome) = green {
        let kind = outcome.kind.name();
        bail!("untrusted: revoking {kind} too early failed no request, so the measurement cannot fail");
    }
    Ok(())
}

/// The load until logins have been replaced so many times, with as many incidents, evenly spread.
pub fn rotating(stack: &mut VaultStack, kind: Kind, rotations: u64, incidents: usize) -> Result<Outcome> {
    stack.serve(kind, &Lifetimes::SHORT)?;
    let mut run = Run::begin(stack, kind)?;
    let distance = rotations / (incidents as u64 + 1);
    for (number, incident) in (1..).zip(Incident::sequence(kind).take(incidents)) {
        run.wait_for_rotations(stack, distance * number)?;
        run.outages.extend(incident.happen(stack, &run.load)?);
        run.incidents.push(incident);
    }
    run.wait_for_rotations(stack, rotations)?;
    run.end(stack)
}

/// The load while an operator revokes all leases in use, several times. Each revocation must replace every loaded login:
/// if nothing were revoked, nothing would fail.
pub fn unplanned_loss(stack: &mut VaultStack, times: u32) -> Result<(Vec<Loss>, Outcome)> {
    stack.serve(Kind::Dynamic, &Lifetimes::CALM)?;
    let run = Run::begin(stack, Kind::Dynamic)?;
    let mut revocations = Vec::new();
    for _ in 0..times {
        let before = run.rotations(stack)?;
        revocations.push(run.load.elapsed());
        revoke_all(stack)?;
        stack.context.stop.wait_until(AFTERMATH, || Ok(false))?;
        let unaffected = run.rotations(stack)?.since(&before).without_early_end();
        ensure!(
            unaffected.is_empty(),
            "untrusted: the revocation of all leases replaced no login of {}",
            unaffected.join(", ")
        );
    }
    let outcome = run.end(stack)?;
    Ok((losses(&revocations, &outcome.samples.failures), outcome))
}

/// What each revocation caused: the requests that failed after it and before the next one. When they were sent does not matter,
/// because those in progress at the next revocation were sent before it.
fn losses(revocations: &[Duration], failures: &[Failure]) -> Vec<Loss> {
    let ends = revocations.iter().skip(1).copied().chain([Duration::MAX]);
    let loss = |(from, end): (&Duration, Duration)| {
        let caused = || {
            failures
                .iter()
                .filter(|failure| (*from..end).contains(&failure.to))
        };
        let last = caused().map(|failure| failure.to).max();
        Loss {
            failed: caused().count(),
            recovered: last.map_or(Duration::ZERO, |last| last - *from),
        }
    };
    revocations.iter().zip(ends).map(loss).collect()
}

fn revoke_all(stack: &VaultStack) -> Result<()> {
    stack
        .vault
        .call("PUT", "sys/leases/revoke-prefix/database/creds", &Value::Null)
        .map(drop)
}

/// A load that runs, and what has happened so far.
struct Run {
    kind: Kind,
    load: Load,
    before: Rotations,
    begun: Instant,
    outages: Vec<Outage>,
    incidents: Vec<Incident>,
}

impl Run {
    fn begin(stack: &mut VaultStack, kind: Kind) -> Result<Run> {
        let load = Load::begin(&stack.context.stop, stack.local.serving()?.port, &stack.user)?;
        Ok(Run {
            kind,
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
            kind: self.kind,
            rotations,
            samples: self.load.end().context("the load")?,
            outages: self.outages,
            incidents: self.incidents,
            took,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn outcome(kind: Kind, failures: usize) -> Outcome {
        let failure = Failure {
            kind: samples::Kind::Wishes,
            from: Duration::from_secs(1),
            to: Duration::from_secs(2),
            reason: "POST: status 503".to_owned(),
        };
        let mut samples = Samples::default();
        samples.failures = vec![failure; failures];
        Outcome {
            kind,
            rotations: Rotations::default(),
            samples,
            outages: Vec::new(),
            incidents: Vec::new(),
            took: Duration::from_secs(3),
        }
    }

    #[test]
    fn a_control_must_fail_requests_of_each_kind() {
        let dynamic = || outcome(Kind::Dynamic, 1);
        assert!(ensure_red(&[dynamic(), outcome(Kind::Token, 3)]).is_ok());
        let error = ensure_red(&[dynamic(), outcome(Kind::Static, 0)]).unwrap_err();
        assert!(
            error.to_string().starts_with("untrusted: revoking static logins"),
            "{error}"
        );
    }

    #[test]
    fn a_failure_counts_for_the_revocation_that_it_follows() {
        let at = Duration::from_millis;
        let failure = |from, to| Failure {
            from: at(from),
            to: at(to),
            ..outcome(Kind::Dynamic, 1).samples.failures[0].clone()
        };
        // The second one is in progress at the second revocation.
        let failures = [failure(900, 1_100), failure(8_900, 9_050), failure(9_100, 9_300)];
        let found = losses(&[at(1_000), at(9_000), at(17_000)], &failures);
        let found: Vec<_> = found.iter().map(|loss| (loss.failed, loss.recovered)).collect();
        assert_eq!(found, [(1, at(100)), (2, at(300)), (0, at(0))]);
    }

    #[test]
    fn twenty_rotations_are_planned() {
        assert_eq!(PLANNED.iter().map(|(_, rotations)| rotations).sum::<u64>(), 20);
    }
}
