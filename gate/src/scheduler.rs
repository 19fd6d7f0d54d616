//! Which step of a plan may start: a pure state machine that starts nothing itself.

use std::collections::BTreeMap;

/// What a step needs from the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceClass {
    /// Little: other steps may run at the same time.
    Light,
    /// Cargo's build directory, which cargo locks.
    Cargo,
    /// The whole machine, for steps that measure time.
    Exclusive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Waiting,
    Running,
    /// Whether steps that build on it may start.
    Ended {
        good: bool,
    },
    /// Never started, because a step that it builds on was not good.
    Dropped,
}

#[derive(Debug, Clone)]
pub struct Step {
    pub id: String,
    /// Steps that must end good before. Names that are not in the plan are ignored.
    pub after: Vec<String>,
    pub resources: ResourceClass,
}

/// A plan and its progress.
#[derive(Debug)]
pub struct Scheduler {
    steps: Vec<(Step, State)>,
    indices: BTreeMap<String, usize>,
    slots: usize,
    stopped: bool,
}

impl Scheduler {
    /// At most `slots` steps run at the same time.
    pub fn new(steps: Vec<Step>, slots: usize) -> Scheduler {
        let ids = steps.iter().map(|step| step.id.clone());
        let indices = ids.enumerate().map(|(index, id)| (id, index)).collect();
        Scheduler {
            steps: steps.into_iter().map(|step| (step, State::Waiting)).collect(),
            indices,
            slots: slots.max(1),
            stopped: false,
        }
    }

    /// Starts the next step, in the order of the plan.
    pub fn start(&mut self) -> Option<usize> {
        if self.stopped {
            return None;
        }
        let next = (0..self.steps.len()).find(|index| self.may_start(*index))?;
        self.steps[next].1 = State::Running;
        Some(next)
    }

    /// Ends a step; if it is not good, returns the steps that are dropped because they build on it.
    pub fn end(&mut self, index: usize, good: bool) -> Vec<usize> {
        self.steps[index].1 = State::Ended { good };
        let mut dropped = Vec::new();
        loop {
            let next = (0..self.steps.len())
                .find(|index| self.steps[*index].1 == State::Waiting && self.blocker(*index).is_some());
            let Some(next) = next else { return dropped };
            self.steps[next].1 = State::Dropped;
            dropped.push(next);
        }
    }

    /// Starts no further step.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// The step that blocks this one because it is not good.
    pub fn blocker(&self, index: usize) -> Option<&str> {
        let is_bad = |state: State| matches!(state, State::Dropped | State::Ended { good: false });
        let blocker = self.before(index).find(|before| is_bad(self.steps[*before].1));
        blocker.map(|before| self.id(before))
    }

    /// Whether nothing runs and nothing will.
    pub fn is_over(&self) -> bool {
        let waits = |state: &State| *state == State::Waiting && !self.stopped;
        let mut states = self.steps.iter().map(|(_, state)| state);
        !states.any(|state| *state == State::Running || waits(state))
    }

    pub fn steps_in(&self, wanted: State) -> impl Iterator<Item = usize> + '_ {
        let indices = 0..self.steps.len();
        indices.filter(move |index| self.steps[*index].1 == wanted)
    }

    pub fn id(&self, index: usize) -> &str {
        &self.steps[index].0.id
    }

    fn before(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let after = &self.steps[index].0.after;
        after.iter().filter_map(|id| self.indices.get(id).copied())
    }

    fn may_start(&self, index: usize) -> bool {
        let (step, state) = &self.steps[index];
        let is_good = |index: usize| self.steps[index].1 == State::Ended { good: true };
        let ready = *state == State::Waiting && self.before(index).all(is_good);
        let running = self.steps_in(State::Running);
        let running: Vec<ResourceClass> = running.map(|index| self.steps[index].0.resources).collect();
        ready
            && running.len() < self.slots
            && match step.resources {
                ResourceClass::Light => !running.contains(&ResourceClass::Exclusive),
                ResourceClass::Cargo => running.iter().all(|class| *class == ResourceClass::Light),
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
        while let Some(index) = scheduler.start() {
            ids.push(scheduler.id(index).to_owned());
        }
        ids
    }

    #[test]
    fn independent_steps_run_concurrently_and_one_builds_at_a_time() {
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
    fn exclusive_steps_run_alone() {
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
    fn a_step_that_builds_on_a_bad_one_is_dropped_and_names_it() {
        let plan = vec![
            step("build", &["not-in-the-plan"], ResourceClass::Cargo),
            step("image", &["build"], ResourceClass::Light),
            step("scan", &["image"], ResourceClass::Light),
        ];
        let mut scheduler = Scheduler::new(plan, 2);
        assert_eq!(started(&mut scheduler), ["build"]);
        assert_eq!(scheduler.end(0, false), [1, 2]);
        assert_eq!(scheduler.blocker(1), Some("build"));
        assert!(scheduler.is_over());
    }

    #[test]
    fn a_stopped_plan_starts_nothing_and_is_over_when_running_steps_end() {
        let plan = vec![
            step("a", &[], ResourceClass::Exclusive),
            step("b", &[], ResourceClass::Light),
        ];
        let mut scheduler = Scheduler::new(plan, 2);
        assert_eq!(started(&mut scheduler), ["a"]);
        scheduler.stop();
        assert!(!scheduler.is_over());
        scheduler.end(0, true);
        assert!(scheduler.is_over() && scheduler.start().is_none());
        assert_eq!(scheduler.steps_in(State::Waiting).count(), 1);
    }
}
