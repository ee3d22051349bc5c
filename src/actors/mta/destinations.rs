//! How many deliveries run at once, to each destination and together, which wait for their turn,
//! and which destinations are dead.
//!
//! As Postfix's queue manager does it (SCHEDULER_README): each destination has a window, which grows
//! by one with each delivery that reached its site and shrinks by one with each that did not. When
//! as many as the window is wide failed in a row, the destination is dead for a while, and
//! what waits for it is put off without an attempt. Destinations take turns.
//!
//! Not modelled: preemption of large messages by small ones, feedback other than by one.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::engine::SimTime;
use crate::proto::smtp::{Mailbox, OriginalRecipient, RcptParams, ReversePath};
use crate::store::queue::{QueueId, QueuedRecipient, Trouble};

use super::config::Limits;
use super::hop::Hop;

/// A recipient of a queued message, with its place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipient {
    pub(super) index: usize,
    pub(super) address: Mailbox,
    /// What the next hop hears of it where it offers DSN.
    pub(super) params: RcptParams,
}

/// A delivery to be started: some recipients of a message that share their next hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) queue_id: QueueId,
    pub(super) hop: Hop,
    /// The reverse-path, which may be another than that of the message in the queue.
    pub(super) from: ReversePath,
    pub(super) recipients: Vec<Recipient>,
}

/// What a delivery says of its destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Site {
    /// It answers, whatever it said of the message.
    Alive,
    /// It could not be found, reached, or talked to.
    Failed(Trouble),
}

/// The destinations to which deliveries run.
#[derive(Debug)]
pub(super) struct Destinations {
    initial: usize,
    limit: usize,
    processes: usize,
    failed_cohorts: usize,
    dead_for: Duration,
    by_hop: BTreeMap<Hop, Destination>,
    /// Those for which something waits, in the order of their turns.
    turns: VecDeque<Hop>,
    running: usize,
}

#[derive(Debug)]
struct Destination {
    state: State,
    running: usize,
    waiting: VecDeque<Task>,
}

#[derive(Debug)]
enum State {
    /// So many deliveries may run, and since the last that reached it so many windows have failed.
    Alive { window: usize, failed_cohorts: f64 },
    /// Nothing is tried until then.
    Dead { until: SimTime, trouble: Trouble },
}

impl Recipient {
    /// As Postfix does, the next hop hears as what the recipient was taken here, unless the sender
    /// said more.
    pub(super) fn of(index: usize, queued: &QueuedRecipient) -> Self {
        let orcpt = queued.orcpt.clone();
        let orcpt = orcpt.unwrap_or_else(|| OriginalRecipient::of(&queued.taken_as));
        let params = RcptParams { notify: queued.notify, orcpt: Some(orcpt) };
        Recipient { index, address: queued.address.clone(), params }
    }
}

impl Destinations {
    /// Without any delivery. A destination that is dead stays so for `dead_for`.
    pub(super) fn new(limits: &Limits, dead_for: Duration) -> Self {
        let limit = limits.concurrency.max(1);
        Destinations {
            initial: limits.initial_concurrency.clamp(1, limit),
            limit,
            processes: limits.processes.max(1),
            failed_cohorts: limits.failed_cohorts,
            dead_for,
            by_hop: BTreeMap::new(),
            turns: VecDeque::new(),
            running: 0,
        }
    }

    /// Lets a delivery wait for its turn. One to a dead destination is handed back, with the
    /// trouble that its recipients have.
    pub(super) fn add(&mut self, task: Task, now: SimTime) -> Option<(Task, Trouble)> {
        let initial = self.initial;
        let destination = self.by_hop.entry(task.hop.clone()).or_insert_with(|| Destination {
            state: State::Alive { window: initial, failed_cohorts: 0.0 },
            running: 0,
            waiting: VecDeque::new(),
        });
        if let State::Dead { until, trouble } = &destination.state {
            if now < *until {
                return Some((task, suspended(trouble)));
            }
            destination.revive(initial);
        }
        if destination.waiting.is_empty() {
            self.turns.push_back(task.hop.clone());
        }
        destination.waiting.push_back(task);
        None
    }

    /// The delivery that may start now, if one may: the first that waits for the destination whose
    /// turn it is.
    pub(super) fn next(&mut self) -> Option<Task> {
        if self.running >= self.processes {
            return None;
        }
        for _ in 0..self.turns.len() {
            let hop = self.turns.pop_front()?;
            let destination = self.by_hop.get_mut(&hop).expect("who waits has a destination");
            let free = match destination.state {
                State::Alive { window, .. } => destination.running < window,
                State::Dead { .. } => false,
            };
            let task = if free { destination.waiting.pop_front() } else { None };
            if !destination.waiting.is_empty() {
                self.turns.push_back(hop);
            }
            if let Some(task) = task {
                destination.running += 1;
                self.running += 1;
                return Some(task);
            }
        }
        None
    }

    /// A delivery to `hop` has ended. Where that was one failure too many, those that waited for
    /// it are handed back, with the trouble that their recipients have.
    pub(super) fn ended(
        &mut self,
        hop: &Hop,
        site: Site,
        now: SimTime,
    ) -> Option<(Vec<Task>, Trouble)> {
        let destination = self.by_hop.get_mut(hop).expect("a delivery runs to its destination");
        let mut given_up = None;
        match site {
            Site::Alive => destination.succeeded(self.initial, self.limit),
            Site::Failed(trouble) => {
                if destination.failed(self.failed_cohorts) {
                    let tasks: Vec<_> = destination.waiting.drain(..).collect();
                    self.turns.retain(|other| other != hop);
                    given_up = Some((tasks, suspended(&trouble)));
                    let until = now + self.dead_for;
                    destination.state = State::Dead { until, trouble };
                }
            }
        }
        destination.running -= 1;
        self.running -= 1;
        let idle = destination.running == 0 && destination.waiting.is_empty();
        if idle && matches!(destination.state, State::Alive { .. }) {
            self.by_hop.remove(hop);
        }
        given_up
    }

    /// Forgets which destinations are dead, as a flush does.
    pub(super) fn revive(&mut self) {
        self.by_hop.retain(|_, destination| {
            destination.revive(self.initial);
            destination.running > 0 || !destination.waiting.is_empty()
        });
    }
}

impl Destination {
    fn revive(&mut self, initial: usize) {
        if matches!(self.state, State::Dead { .. }) {
            // Back from the almost grave, the best concurrency is anyone's guess (Postfix).
            let window = if self.running > 0 { self.running } else { initial };
            self.state = State::Alive { window, failed_cohorts: 0.0 };
        }
    }

    fn succeeded(&mut self, initial: usize, limit: usize) {
        self.revive(initial);
        if let State::Alive { window, failed_cohorts } = &mut self.state {
            *failed_cohorts = 0.0;
            // Not far from what really runs, or else a failure would not be felt.
            if *window < limit && *window < self.running + initial {
                *window += 1;
            }
        }
    }

    /// Whether that was one failure too many. `cohorts`: of how many windows; 0: never.
    fn failed(&mut self, cohorts: usize) -> bool {
        let State::Alive { window, failed_cohorts } = &mut self.state else { return false };
        *failed_cohorts += 1.0 / *window as f64;
        if cohorts > 0 && *failed_cohorts >= cohorts as f64 {
            return true;
        }
        *window = (*window - 1).max(1);
        false
    }
}

/// What the recipients have to hear that were not tried.
fn suspended(trouble: &Trouble) -> Trouble {
    let reason = format!("delivery temporarily suspended: {}", trouble.reason);
    Trouble { reason, ..trouble.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;
    use crate::proto::smtp::EnhancedStatus;

    fn task(domain: &str) -> Task {
        let queue_id = QueueId::draw(&mut Seed(1).stream("queue ids"));
        Task { queue_id, hop: Hop::mx(domain), from: ReversePath::Null, recipients: Vec::new() }
    }

    fn destinations(change: impl FnOnce(&mut Limits)) -> Destinations {
        let mut limits = Limits::default();
        change(&mut limits);
        Destinations::new(&limits, Duration::from_secs(300))
    }

    fn started(destinations: &mut Destinations) -> usize {
        std::iter::from_fn(|| destinations.next()).count()
    }

    fn failed() -> Site {
        Site::Failed(Trouble::local(EnhancedStatus::new(4, 4, 1), "Connection timed out"))
    }

    const START: SimTime = SimTime::ZERO;

    #[test]
    fn five_start_and_each_success_lets_one_more_run_up_to_twenty() {
        let mut all = destinations(|_| {});
        for _ in 0..100 {
            assert_eq!(all.add(task("example.net"), START), None);
        }
        assert_eq!(started(&mut all), 5);
        let hop = Hop::mx("EXAMPLE.NET");
        for _ in 0..15 {
            assert_eq!(all.ended(&hop, Site::Alive, START), None);
            assert_eq!(started(&mut all), 2); // its own place, and one more
        }
        all.ended(&hop, Site::Alive, START);
        assert_eq!(started(&mut all), 1);
    }

    #[test]
    fn a_window_of_failures_in_a_row_makes_a_destination_dead_for_a_while() {
        let mut all = destinations(|_| {});
        for _ in 0..10 {
            assert_eq!(all.add(task("example.net"), START), None);
        }
        assert_eq!(all.add(task("example.org"), START), None);
        assert_eq!(started(&mut all), 6);
        let hop = Hop::mx("example.net");
        // 1/5, 1/4, 1/3, 1/2: the fourth makes one whole.
        for _ in 0..3 {
            assert_eq!(all.ended(&hop, failed(), START), None);
            assert_eq!(started(&mut all), 0);
        }
        let (tasks, trouble) = all.ended(&hop, failed(), START).unwrap();
        assert_eq!(tasks.len(), 5);
        assert_eq!(trouble.reason, "delivery temporarily suspended: Connection timed out");
        assert_eq!(all.ended(&hop, failed(), START), None); // the last that ran
        let early = SimTime::from_secs(299);
        assert_eq!(all.add(task("example.net"), early).unwrap().1, trouble);
        assert_eq!(all.add(task("example.org"), early), None);
        assert_eq!(all.add(task("example.net"), SimTime::from_secs(300)), None);
        assert_eq!(started(&mut all), 2);
    }

    #[test]
    fn a_success_or_a_flush_brings_the_dead_back() {
        let mut all = destinations(|limits| limits.initial_concurrency = 2);
        let hop = Hop::mx("example.net");
        let add = |all: &mut Destinations| all.add(task("example.net"), START).is_none();
        assert!(add(&mut all) && add(&mut all));
        assert_eq!(started(&mut all), 2);
        all.ended(&hop, failed(), START);
        assert!(add(&mut all)); // 1/2 is not enough, and the window is 1 now
        assert_eq!(started(&mut all), 0);
        all.ended(&hop, Site::Alive, START);
        assert_eq!(started(&mut all), 1);
        assert!(add(&mut all));
        assert_eq!(started(&mut all), 1);
        all.ended(&hop, failed(), START);
        assert!(all.ended(&hop, failed(), START).is_some());
        assert!(!add(&mut all));
        all.revive();
        assert!(add(&mut all));
    }

    #[test]
    fn all_deliveries_together_have_a_limit_and_destinations_take_turns() {
        let mut all = destinations(|limits| limits.processes = 4);
        for domain in ["a.example", "a.example", "a.example", "b.example", "c.example"] {
            assert_eq!(all.add(task(domain), START), None);
        }
        let order: Vec<_> =
            std::iter::from_fn(|| all.next()).map(|task| task.hop.to_string()).collect();
        assert_eq!(order, ["a.example", "b.example", "c.example", "a.example"]);
        all.ended(&Hop::mx("b.example"), Site::Alive, START);
        assert_eq!(started(&mut all), 1);
    }

    #[test]
    fn a_destination_that_nothing_goes_to_is_forgotten() {
        let mut all = destinations(|_| {});
        assert_eq!(all.add(task("example.net"), START), None);
        assert_eq!(started(&mut all), 1);
        all.ended(&Hop::mx("example.net"), failed(), START);
        assert!(all.by_hop.is_empty());
    }
}
