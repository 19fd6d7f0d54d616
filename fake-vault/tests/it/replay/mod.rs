//! Replays a recorded OpenBao against this server, entry by entry (README.md has the rules), and shows that a wrong answer is
//! reported.

mod bindings;
mod comparison;
mod falsified;
mod jwts;
mod outside;
mod review_server;
mod shapes;
mod skipped;
mod transcript;
mod world;

use falsified::change;
use skipped::SKIPPED;
use transcript::Transcript;
use world::{Outcome, World};

/// Every entry is answered as recorded or is skipped by name.
#[test]
fn the_server_answers_as_the_recorded_one() {
    let transcript = Transcript::read();
    let mut world = World::new(&transcript);
    let mut failures = Vec::new();
    let mut skipped = Vec::new();
    let mut passed = 0;
    for entry in &transcript.entries {
        match world.replay(entry) {
            Outcome::Passed => passed += 1,
            Outcome::Skipped(reason) => skipped.push(format!("{}: {reason}", entry.id)),
            Outcome::Failed(differences) => {
                failures.push(format!("{}\n  {}", entry.id, differences.join("\n  ")))
            }
        }
    }
    println!(
        "{passed} entries passed; {} skipped:\n{}",
        skipped.len(),
        skipped.join("\n")
    );
    assert!(
        failures.is_empty(),
        "{} of {} entries differ:\n{}",
        failures.len(),
        transcript.entries.len(),
        failures.join("\n")
    );
    assert_eq!(passed + skipped.len(), transcript.entries.len());
}

/// A run over a recording with wrong entries reports these, and the others still pass.
#[test]
fn a_falsified_entry_is_reported() {
    let transcript = Transcript::read();
    let mut entries = transcript.entries.clone();
    let end = entries
        .iter()
        .position(|entry| entry.group == "database")
        .unwrap();
    entries.truncate(end);
    let falsified = [
        "health/active",
        "init/yes",
        "setup/mount-again",
        "setup/policy-read",
        "setup/tune-read",
    ];
    for entry in entries
        .iter_mut()
        .filter(|entry| falsified.contains(&entry.id.as_str()))
    {
        match entry.id.as_str() {
            "health/active" => entry.response.status = 201,
            "init/yes" => entry.note = Some("no newline at the end".to_owned()),
            _ => change(&mut entry.response.body),
        }
    }
    let mut world = World::new(&transcript);
    let mut reported = Vec::new();
    for entry in &entries {
        if let Outcome::Failed(_) = world.replay(entry) {
            reported.push(entry.id.as_str());
        }
    }
    reported.sort_unstable();
    assert_eq!(reported, falsified);
}

/// A reason that no entry needs is removed from the list.
#[test]
fn every_reason_to_skip_is_needed() {
    let transcript = Transcript::read();
    for (name, _) in SKIPPED {
        let is_named = transcript
            .entries
            .iter()
            .any(|entry| entry.id == *name || entry.group == *name);
        assert!(is_named, "{name} is in no entry");
    }
}
