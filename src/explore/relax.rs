//! Which expectations are judged in runs that the scenario did not have in mind.
//!
//! An expectation speaks of the scenario's own run: how many queries there were, how soon a message
//! was there. Where faults are added it need not hold any more; the laws judge there. What is left to
//! judge by is
//!
//! - under drawn faults: expectations that are marked with `"always": true`;
//! - after one lost packet: where mail has to come to (`delivered`, `not_delivered`, `bounce`,
//!   `path`, `queue`), in whatever time, since everything that is lost once is sent again;
//! - after one crash: the same, but a message may be there more than once, since a sender that has
//!   not seen the 250 sends again (RFC 1047). Whether a copy too many has that reason is the laws'
//!   matter.

use crate::scenario::Plan;
use crate::scenario::plan::{Count, Expect, Expectation};

/// What was added to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// Nothing: it is the scenario's own.
    Nothing,
    /// Faults that were drawn.
    Drawn,
    /// A packet is lost once.
    LostPacket,
    /// A host crashes once and starts again.
    Crash,
}

/// Leaves the expectations in a plan that have to hold with what was added.
pub fn relax(plan: &mut Plan, added: Added) {
    let expect = std::mem::take(&mut plan.expect).into_iter();
    plan.expect = match added {
        Added::Nothing => expect.collect(),
        Added::Drawn => expect.filter(|expectation| expectation.always).collect(),
        Added::LostPacket | Added::Crash => {
            expect.filter_map(|expectation| surviving(expectation, added)).collect()
        }
    };
}

fn surviving(expectation: Expectation, added: Added) -> Option<Expectation> {
    if expectation.always {
        return Some(expectation);
    }
    let copies_of = |count: Count| match added {
        Added::Crash if count.at_least > 0 => Count { at_most: u64::MAX, ..count },
        _ => count,
    };
    let expect = match expectation.expect {
        Expect::Delivered { mail, to, copies, octets_equal, header, within: _, after: _ } => {
            let copies = copies_of(copies);
            Expect::Delivered { mail, to, within: None, after: None, copies, octets_equal, header }
        }
        Expect::Bounce { to, mail, recipient, action, status, by, contains, count } => {
            let count = copies_of(count);
            Expect::Bounce { to, mail, recipient, action, status, by, contains, count }
        }
        expect @ (Expect::NotDelivered { .. } | Expect::Path { .. } | Expect::Queue { .. }) => {
            expect
        }
        _ => return None,
    };
    Some(Expectation { expect, ..expectation })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{self, NoFiles};

    fn left(added: Added) -> Vec<String> {
        let mut plan = scenario::parse(
            r#"{
                "domains": { "example.org": { "users": ["alice", "carol"] } },
                "agenda": [{ "at": "1s", "client": "alice@example.org",
                             "send": { "id": "hi", "to": "carol@example.org" } }],
                "expect": [
                    { "delivered": { "mail": "hi", "within": "1s" } },
                    { "queries": { "type": "MX", "count": 0 } },
                    { "reply": { "code": 550, "count": 0 }, "always": true },
                    { "queue": {} }
                ]
            }"#,
            "mine.json",
            &NoFiles,
        )
        .unwrap();
        relax(&mut plan, added);
        plan.expect.iter().map(|one| format!("{} {:?}", one.path, one.expect)).collect()
    }

    #[test]
    fn what_is_judged_depends_on_what_was_added() {
        let paths = |added| -> Vec<String> {
            left(added).iter().map(|one| one.split(' ').next().unwrap().to_owned()).collect()
        };
        assert_eq!(paths(Added::Nothing).len(), 4);
        assert_eq!(paths(Added::Drawn), ["expect[2]"]);
        assert_eq!(paths(Added::Crash), ["expect[0]", "expect[2]", "expect[3]"]);
        let lost = left(Added::LostPacket);
        assert!(lost[0].contains("within: None") && lost[0].contains("at_most: 1"), "{lost:?}");
        assert!(left(Added::Crash)[0].contains(&format!("at_most: {}", u64::MAX)));
    }
}
