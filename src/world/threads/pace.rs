//! How much happens side by side, and whether threads pay.
//!
//! A turn costs a look at all parts and the handing over of packets. It saves something as far as events
//! are handled in it while another thread has a turn. Both are counted; no clock is asked.

/// What turns were good for, of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pace {
    /// How many turns there were.
    pub(super) turns: u64,
    /// How many events were handled in those that began while another thread had one.
    pub(super) beside: u64,
}

/// With fewer events beside others to a turn threads cost more than they save.
const FEW_EVENTS: u64 = 3;
/// How many turns are looked at before it is said that they do not pay.
const MANY_TURNS: u64 = 8_192;

impl Pace {
    pub(super) fn add(&mut self, more: Pace) {
        self.turns += more.turns;
        self.beside += more.beside;
        while self.turns >= 2 * MANY_TURNS {
            self.turns /= 2;
            self.beside /= 2;
        }
    }

    /// Whether so little happens side by side that the parts had better be one.
    pub(super) fn does_not_pay(self) -> bool {
        self.turns >= MANY_TURNS && self.beside < self.turns * FEW_EVENTS
    }

    /// How many events of a turn are handled beside others, in hundredths.
    pub(super) fn hundredths(self) -> u64 {
        self.beside * 100 / self.turns.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_many_turns_to_say_that_they_do_not_pay() {
        let mut pace = Pace::default();
        pace.add(Pace { turns: MANY_TURNS - 1, beside: MANY_TURNS });
        assert!(!pace.does_not_pay());
        pace.add(Pace { turns: 1, beside: 0 });
        assert!(pace.does_not_pay());
        assert_eq!(pace.hundredths(), 100);
        for _ in 0..4 {
            pace.add(Pace { turns: MANY_TURNS, beside: 9 * MANY_TURNS });
        }
        assert!(!pace.does_not_pay(), "what was long ago counts for less and less");
    }
}
