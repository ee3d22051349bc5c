//! Which expectations are judged in runs that the scenario did not have in mind.
//!
//! An expectation speaks of the scenario's own run: how many queries there were, how soon a message
//! was there. Where faults are added it need not hold any more; the laws judge there. What is left to
//! judge by is
//!
//! - under drawn faults: expectations that are marked with `"always": true`;
//! - after one lost packet: where mail has to come to (`delivered`, `not_delivered`, `bounce`,
//!   `path`, `queue`), in whatever time and with whatever `Date` and `Received`, since everything that
//!   is lost once is sent again;
//! - after one crash: the same, but a message may be there more than once, since a sender that has
//!   not seen the 250 sends again (RFC 1047). Whether a copy too many has that reason is the laws'
//!   matter.

use serde_json::{Map, Value, json};

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

/// Leaves the expectations in a scenario that have to hold with what was added; hands back which
/// these are.
pub(super) fn relax(scenario: &mut Map<String, Value>, added: Added) -> Vec<usize> {
    let Some(Value::Array(expect)) = scenario.get_mut("expect") else { return Vec::new() };
    let written = std::mem::take(expect).into_iter().enumerate();
    let (kept, left) = written
        .filter_map(|(index, mut expectation)| {
            let survives = survives(expectation.as_object_mut()?, added);
            survives.then_some((index, expectation))
        })
        .unzip();
    *expect = left;
    kept
}

fn survives(expectation: &mut Map<String, Value>, added: Added) -> bool {
    let always = expectation.get("always") == Some(&Value::Bool(true));
    match added {
        Added::Nothing => return true,
        _ if always => return true,
        Added::Drawn => return false,
        Added::LostPacket | Added::Crash => {}
    }
    let survivors = ["delivered", "not_delivered", "bounce", "path", "queue"];
    let mut keys = expectation.iter_mut().filter(|(key, _)| *key != "always");
    let Some((key, Value::Object(what))) = keys.next() else { return false };
    if !survivors.contains(&key.as_str()) {
        return false;
    }
    what.shift_remove("within");
    what.shift_remove("after");
    if let Some(Value::Object(header)) = what.get_mut("header") {
        header.retain(|name, _| !DATED.iter().any(|dated| name.eq_ignore_ascii_case(dated)));
    }
    let number = match key.as_str() {
        "delivered" => "copies",
        "bounce" => "count",
        _ => return true,
    };
    if added == Added::Crash {
        let least = match what.get(number) {
            None => 1,
            Some(Value::Object(bounds)) => {
                bounds.get("at_least").and_then(Value::as_u64).unwrap_or(0)
            }
            Some(exactly) => exactly.as_u64().unwrap_or(0),
        };
        // What must not be there is not there after a crash either.
        if least > 0 {
            what.insert(number.to_owned(), json!({ "at_least": least }));
        }
    }
    true
}

/// The header fields that say when something was.
const DATED: [&str; 2] = ["Date", "Received"];

#[cfg(test)]
mod tests {
    use super::*;

    fn left(added: Added) -> (Vec<usize>, Value) {
        let Value::Object(mut scenario) = json!({ "expect": [
            { "delivered": { "mail": "hi", "within": "1s", "header": { "To": "b", "date": "x" } } },
            { "queries": { "type": "MX", "count": 0 } },
            { "reply": { "code": 550, "count": 0 }, "always": true },
            { "bounce": { "to": "alice@example.org", "count": 0 } },
            { "queue": {} }
        ] }) else {
            unreachable!()
        };
        let kept = relax(&mut scenario, added);
        (kept, scenario["expect"].take())
    }

    #[test]
    fn what_is_judged_depends_on_what_was_added() {
        assert_eq!(left(Added::Nothing).0, [0, 1, 2, 3, 4]);
        assert_eq!(left(Added::Drawn).0, [2]);
        let (kept, expect) = left(Added::LostPacket);
        assert_eq!(
            (kept.as_slice(), &expect[0]),
            (&[0, 2, 3, 4][..], &json!({ "delivered": { "mail": "hi", "header": { "To": "b" } } }))
        );
        let (kept, expect) = left(Added::Crash);
        assert_eq!(kept, [0, 2, 3, 4]);
        assert_eq!(
            expect[0],
            json!({ "delivered": { "mail": "hi", "header": { "To": "b" }, "copies": { "at_least": 1 } } })
        );
        assert_eq!(expect[2], json!({ "bounce": { "to": "alice@example.org", "count": 0 } }));
    }
}
