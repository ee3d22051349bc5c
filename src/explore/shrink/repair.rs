//! Making a scenario right again from which something was taken: what referred to it goes too.

use serde_json::{Map, Value};

use crate::scenario::{Finding, Plan, Source};

use super::place::{Place, Step};

/// The plan of the scenario, after everything was taken out of it that its findings are at; `None`
/// where that leads to nothing.
pub(super) fn repaired(source: &Source, mut value: Value) -> Option<(Value, Plan)> {
    for _ in 0..MOST_ROUNDS {
        let members = value.as_object()?;
        match source.plan_of(members) {
            Ok(plan) => return Some((value, plan)),
            Err(findings) => {
                let places = findings.iter().filter_map(|one| culprit(one, members)).collect();
                if !Place::remove_all(places, &mut value) {
                    return None;
                }
            }
        }
    }
    None
}

const MOST_ROUNDS: usize = 16;

/// What has to go for a finding to go: the item of a list that it is in, or the entry of a section;
/// a key, where there is neither.
fn culprit(finding: &Finding, scenario: &Map<String, Value>) -> Option<Place> {
    let place = Place::parse(&finding.path)?;
    let is_item = |at: &usize| match &place.0[*at] {
        Step::Index(_) => true,
        Step::Key(_) => *at == 1 && is_map(place.0.first()),
    };
    let cut = (0..place.0.len()).rev().find(is_item);
    let length = cut.map_or(place.0.len(), |at| at + 1);
    let culprit = Place(place.0[..length].to_vec());
    // A key that is missing is not there to be taken out.
    let is_there = |place: &Place| {
        let (first, rest) = place.0.split_first()?;
        let Step::Key(section) = first else { return None };
        Place(rest.to_vec()).get(scenario.get(section)?)
    };
    let mut culprit = culprit;
    while is_there(&culprit).is_none() {
        culprit.0.pop()?;
    }
    (!culprit.0.is_empty()).then_some(culprit)
}

/// Whether this is a section of named things.
fn is_map(section: Option<&Step>) -> bool {
    let maps = ["domains", "hosts", "zones", "clients"];
    matches!(section, Some(Step::Key(key)) if maps.contains(&key.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scenario::{FIRST_MAIL, NoFiles};

    #[test]
    fn what_referred_to_a_domain_goes_with_it() {
        let source = Source::parse(FIRST_MAIL, "mine.json", Box::new(NoFiles)).unwrap();
        let mut value = Value::Object(source.value().clone());
        Place::parse("domains.\"example.com\"").unwrap().remove(&mut value);
        let (value, plan) = repaired(&source, value).expect("it can be repaired");
        assert!(!plan.domains.contains_key("example.com"));
        let agenda = value["agenda"].as_array().unwrap();
        assert!(agenda.iter().all(|step| step["client"] == "alice@example.org"), "{agenda:?}");
        assert!(!value["expect"].to_string().contains("bob@example.com"), "{}", value["expect"]);
    }

    #[test]
    fn what_cannot_be_repaired_is_given_up() {
        let source = Source::parse(FIRST_MAIL, "mine.json", Box::new(NoFiles)).unwrap();
        assert_eq!(repaired(&source, json!([])), None);
    }
}
