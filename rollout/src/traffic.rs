//! The traffic rules: naming the revision that has the traffic, and sharing it out.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::azure::{self, Health, Revision, Share};
use crate::config::Environment;
use crate::invocation::Invocation;
use crate::journal::{Journal, Target};
use crate::polling::poll;
use crate::runner::{Ended, Runner, is_not_found, line};

/// The revision that has all traffic, by name from now on; none before the first deploy. A split between it and the new revision is of
/// an earlier run of this deploy, whose journal is lost: the new one gives its share back, and the deploy begins again.
///
/// # Errors
/// When the app cannot have several revisions, its traffic is split in another way, or the new revision has all of it.
pub fn pin(runner: &impl Runner, target: &Target, new: &str) -> Result<Option<String>> {
    let ended = not_found_is_fine(runner, &target.show_app())?;
    let Some(app) = ended
        .map(|ended| serde_json::from_str(&ended.stdout))
        .transpose()?
    else {
        return Ok(None);
    };
    let app = azure::app(&app)?;
    ensure!(app.has_many_revisions, "the app is not in revision mode Multiple");
    let serving: Vec<&Share> = app.traffic.iter().filter(|share| share.weight > 0).collect();
    let (ours, others): (Vec<&Share>, Vec<&Share>) = serving
        .into_iter()
        .partition(|share| share.revision.as_deref() == Some(new));
    let [share] = others.as_slice() else {
        ensure!(
            !others.is_empty(),
            "{new} has all traffic already, from a run whose journal is lost: it serves; to return, `rollback --to REVISION`"
        );
        bail!(
            "the traffic is split between revisions: finish or roll back the deploy that split it, or choose one with `rollback --to REVISION`"
        );
    };
    if let Some(named) = &share.revision {
        if !ours.is_empty() {
            set_traffic(runner, target, &[(named, 100)])?;
        }
        return Ok(Some(named.clone()));
    }
    ensure!(
        ours.is_empty(),
        "the traffic is split between {new} and the latest revision: choose one with `rollback --to REVISION`"
    );
    let latest = app
        .latest_ready
        .context("the app has no revision that is ready")?;
    set_traffic(runner, target, &[(&latest, 100)])?;
    Ok(Some(latest))
}

/// Sets the shares and compares them with what `az` prints.
///
/// # Errors
/// Also when the shares are not as they were set.
pub fn set_traffic(runner: &impl Runner, target: &Target, shares: &[(&str, u8)]) -> Result<()> {
    let set = target.set_traffic(shares);
    let printed = azure::traffic(&runner.json(&set)?)?;
    for (revision, share) in shares {
        let rules = printed
            .iter()
            .filter(|rule| rule.revision.as_deref() == Some(*revision));
        let weight: u64 = rules.map(|rule| rule.weight).sum();
        ensure!(
            weight == u64::from(*share),
            "`{}`: {revision} has {weight} % of the traffic",
            line(&set)
        );
    }
    Ok(())
}

/// Waits until a revision is healthy. Each time it is verified first.
///
/// # Errors
/// When it failed or does not verify, or is not healthy within the time limit.
pub fn await_healthy(
    runner: &impl Runner,
    target: &Target,
    revision: &str,
    environment: &Environment,
    verify: impl Fn(&Revision) -> Result<()>,
) -> Result<()> {
    let limit = Duration::from_secs(environment.healthy_seconds);
    let show = target.show_revision(revision);
    poll(runner, &show, limit, environment.poll(), |json| {
        let found = azure::revision(json)?;
        verify(&found)?;
        Ok(match found.health {
            Health::Healthy => Ok(()),
            Health::NotYet => Err(found.states),
            Health::Failed => bail!("{revision} failed: {}", found.states),
        })
    })
}

/// Refuses a journal that is not of the last deploy: a run that was interrupted, or the record of a pipeline, may be resumed after a
/// later deploy, and would take its traffic.
///
/// # Errors
/// When a revision has traffic that is not of the journal's deploy.
pub fn no_other_serves(runner: &impl Runner, journal: &Journal) -> Result<()> {
    // Before the first deploy there is no app.
    let Some(ended) = not_found_is_fine(runner, &journal.target.list_revisions())? else {
        return Ok(());
    };
    let revisions = azure::revisions(&serde_json::from_str(&ended.stdout)?)?;
    let new = journal.new_revision();
    let other = revisions.iter().find(|revision| {
        let is_ours = revision.name == new || Some(&revision.name) == journal.deploy.old.as_ref();
        revision.weight > 0 && !is_ours
    });
    if let Some(Revision { name, .. }) = other {
        bail!(
            "{name} has traffic, and is not of this deploy: the journal is not of the last one. Nothing was changed; \
             to end this deploy, or to roll back the last one, name the revision that is to have the traffic: \
             `cargo xtask deploy rollback {} --to {name}`",
            journal.environment
        );
    }
    Ok(())
}

fn not_found_is_fine(runner: &impl Runner, invocation: &Invocation) -> Result<Option<Ended>> {
    let ended = runner.run_once(invocation)?;
    if is_not_found(&ended) {
        return Ok(None);
    }
    match ended.code {
        Some(0) => Ok(Some(ended)),
        _ => runner.run(invocation, &[0]).map(Some),
    }
}
