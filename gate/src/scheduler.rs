//! Which step may start now: a pure state machine over the plan; starts nothing itself.

use std::collections::BTreeMap;

/// What a step needs of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceClass {
    /// Little: others may run beside it.
    Light,
    /// Cargo's build directory, which only one may hold.
    Cargo,
    /// All of it: what measures time runs alone.
    Exclusive,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not started.
    Waiting,
    /// Started, not ended.
    Running,
    /// Ended; whether those that build on it may start.
    Ended {
        /// It came to something that others can build on.
        good: bool,
    },
    /// Never started, because a step that it builds on was not good.
    Dropped,
}

/// One step of a plan.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name.
    pub id: String,
    /// Steps that must be good before; those that the plan does not have are no matter.
    pub after: Vec<String>,
    /// What it needs.
    pub resources: ResourceClass,
}

/// A plan and how far it has come.
#[derive(Debug)]
pub struct Scheduler {
    steps: Vec<(Step, State)>,
    places: BTreeMap<String, usize>,
    slots: usize,
    stopped: bool,
}

impl Scheduler {
    /// A plan of which so many steps run side by side.
    pub fn new(steps: Vec<Step>, slots: usize) -> Scheduler {
        let places = steps
            .iter()
            .enumerate()
            .map(|(place, step)| (step.id.clone(), place))
            .collect();
        Scheduler {
            steps: steps.into_iter().map(|step| (step, State::Waiting)).collect(),
            places,
            slots: slots.max(1),
            stopped: false,
        }
    }

    /// The next step to start, which then counts as running; in the order of the plan.
    pub fn start(&mut self) -> Option<usize> {
        if self.stopped {
            return None;
        }
        let next = (0..self.steps.len()).find(|place| self.may_start(*place))?;
        self.steps[next].1 = State::Running;
        Some(next)
    }

    /// A step has ended; whatever builds on a bad one is dropped. Answers what was dropped.
    pub fn end(&mut self, place: usize, good: bool) -> Vec<usize> {
        self.steps[place].1 = State::Ended { good };
        let mut dropped = Vec::new();
        loop {
            let next = (0..self.steps.len())
                .find(|place| self.steps[*place].1 == State::Waiting && self.bad_before(*place).is_some());
            let Some(next) = next else { return dropped };
            self.steps[next].1 = State::Dropped;
            dropped.push(next);
        }
    }

    /// Nothing starts any more.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// The step that keeps this one from running, if it was not good.
    pub fn bad_before(&self, place: usize) -> Option<&str> {
        self.before(place)
            .find(|before| {
                matches!(
                    self.steps[*before].1,
                    State::Dropped | State::Ended { good: false }
                )
            })
            .map(|before| self.steps[before].0.id.as_str())
    }

    /// Nothing runs, and nothing will.
    pub fn is_over(&self) -> bool {
        let waits = |state: &State| *state == State::Waiting && !self.stopped;
        !self
            .steps
            .iter()
            .any(|(_, state)| *state == State::Running || waits(state))
    }

    /// Steps in this state.
    pub fn of(&self, wanted: State) -> impl Iterator<Item = usize> + '_ {
        let places = 0..self.steps.len();
        places.filter(move |place| self.steps[*place].1 == wanted)
    }

    /// A step's name.
    pub fn id(&self, place: usize) -> &str {
        &self.steps[place].0.id
    }

    fn before(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        let after = &self.steps[place].0.after;
        after.iter().filter_map(|id| self.places.get(id).copied())
    }

    fn may_start(&self, place: usize) -> bool {
        let (step, state) = &self.steps[place];
        let ready = *state == State::Waiting
            && self
                .before(place)
                .all(|before| self.steps[before].1 == State::Ended { good: true });
        let running: Vec<ResourceClass> = self
            .of(State::Running)
            .map(|place| self.steps[place].0.resources)
            .collect();
        ready
            && running.len() < self.slots
            && match step.resources {
                ResourceClass::Light => !running.contains(&ResourceClass::Exclusive),
                ResourceClass::Cargo => {
                    !running.contains(&ResourceClass::Exclusive) && !running.contains(&ResourceClass::Cargo)
                }
                ResourceClass::Exclusive => running.is_empty(),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(id: &str, after: &[&str], resources: ResourceClass) -> Step {
        Step {
            id: id.to_owned(),
            after: after.iter().map(ToString::to_string).collect(),
            resources,
        }
    }

    fn started(scheduler: &mut Scheduler) -> Vec<String> {
        let mut ids = Vec::new();
        while let Some(place) = scheduler.start() {
            ids.push(scheduler.id(place).to_owned());
        }
        ids
    }

    #[test]
    fn independent_steps_run_side_by_side_and_one_builds_at_a_time() {
        let plan = vec![
            step("clippy", &[], ResourceClass::Cargo),
            step("coverage", &[], ResourceClass::Cargo),
            step("audit", &[], ResourceClass::Light),
            step("zizmor", &[], ResourceClass::Light),
        ];
        let mut scheduler = Scheduler::new(plan, 2);
        assert_eq!(started(&mut scheduler), ["clippy", "audit"]);
        assert!(scheduler.end(2, true).is_empty());
        assert_eq!(started(&mut scheduler), ["zizmor"]);
        scheduler.end(0, false);
        assert_eq!(started(&mut scheduler), ["coverage"]);
        scheduler.end(1, true);
        scheduler.end(3, true);
        assert!(scheduler.is_over());
    }

    #[test]
    fn what_measures_time_runs_alone() {
        let plan = vec![
            step("fmt", &[], ResourceClass::Light),
            step("test", &[], ResourceClass::Exclusive),
            step("deny", &[], ResourceClass::Light),
        ];
        let mut scheduler = Scheduler::new(plan, 4);
        assert_eq!(started(&mut scheduler), ["fmt", "deny"]);
        scheduler.end(0, true);
        assert!(started(&mut scheduler).is_empty());
        scheduler.end(2, true);
        assert_eq!(started(&mut scheduler), ["test"]);
    }

    #[test]
    fn what_builds_on_a_bad_step_is_dropped_with_its_name() {
        let plan = vec![
            step("build", &["not-in-the-plan"], ResourceClass::Cargo),
            step("image", &["build"], ResourceClass::Light),
            step("scan", &["image"], ResourceClass::Light),
        ];
        let mut scheduler = Scheduler::new(plan, 2);
        assert_eq!(started(&mut scheduler), ["build"]);
        assert_eq!(scheduler.end(0, false), [1, 2]);
        assert_eq!(scheduler.bad_before(1), Some("build"));
        assert!(scheduler.is_over());
    }

    #[test]
    fn a_stopped_plan_starts_nothing_and_ends_with_what_runs() {
        let mut scheduler = Scheduler::new(
            vec![
                step("a", &[], ResourceClass::Exclusive),
                step("b", &[], ResourceClass::Light),
            ],
            2,
        );
        assert_eq!(started(&mut scheduler), ["a"]);
        scheduler.stop();
        assert!(!scheduler.is_over());
        scheduler.end(0, true);
        assert!(scheduler.is_over() && scheduler.start().is_none());
        assert_eq!(scheduler.of(State::Waiting).count(), 1);
    }
}
