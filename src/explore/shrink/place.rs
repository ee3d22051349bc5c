//! Places in a JSON value, and what can be taken out there.

use std::fmt;

use serde_json::Value;

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// A place: the steps that lead there from the top.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Place(pub(super) Vec<Step>);

impl Place {
    /// One step down from here.
    pub(super) fn at(&self, step: Step) -> Place {
        let mut steps = self.0.clone();
        steps.push(step);
        Place(steps)
    }

    /// The place that a finding names: `agenda[1].send."to"[0]`.
    pub(super) fn parse(text: &str) -> Option<Place> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(index) = rest.strip_prefix('[') {
                let (index, after) = index.split_once(']')?;
                steps.push(Step::Index(index.parse().ok()?));
                rest = after;
            } else if rest.starts_with('"') {
                let mut values = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                let key = values.next()?.ok()?;
                rest = &rest[values.byte_offset()..];
                steps.push(Step::Key(key));
            } else if let Some(after) = rest.strip_prefix('.') {
                rest = after;
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                steps.push(Step::Key(rest[..end].to_owned()));
                rest = &rest[end..];
            }
        }
        Some(Place(steps))
    }

    /// What is there.
    pub(super) fn get<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        })
    }

    /// What is there, to be changed.
    pub(super) fn get_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        self.0.iter().try_fold(value, |value, step| match step {
            Step::Key(key) => value.get_mut(key),
            Step::Index(index) => value.get_mut(index),
        })
    }

    /// The places one step down, in their order.
    pub(super) fn children(&self, value: &Value) -> Vec<Place> {
        match self.get(value) {
            Some(Value::Array(items)) => {
                (0..items.len()).map(|index| self.at(Step::Index(index))).collect()
            }
            Some(Value::Object(members)) => {
                members.keys().map(|key| self.at(Step::Key(key.clone()))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Takes out what is here; whether there was something.
    pub(super) fn remove(&self, value: &mut Value) -> bool {
        let Some((last, parent)) = self.0.split_last() else { return false };
        match (Place(parent.to_vec()).get_mut(value), last) {
            (Some(Value::Object(members)), Step::Key(key)) => members.shift_remove(key).is_some(),
            (Some(Value::Array(items)), Step::Index(index)) if *index < items.len() => {
                items.remove(*index);
                true
            }
            _ => false,
        }
    }

    /// Takes out what is at all of these places, whatever their order.
    pub(super) fn remove_all(mut places: Vec<Place>, value: &mut Value) -> bool {
        places.sort();
        places.dedup();
        // Later ones first, so that no index moves under what is still to go.
        let mut gone = false;
        for place in places.iter().rev() {
            gone |= place.remove(value);
        }
        gone
    }
}

/// `agenda[1].send.to`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("the scenario");
        }
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    f.write_str(if at > 0 { "." } else { "" })?;
                    match key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                        true => f.write_str(key)?,
                        false => write!(f, "{}", Value::from(key.as_str()))?,
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_place_is_read_from_a_finding_and_leads_there() {
        let value = json!({ "domains": { "example.org": { "users": ["alice", "bob"] } } });
        let place = Place::parse("domains.\"example.org\".users[1]").unwrap();
        assert_eq!(place.get(&value), Some(&json!("bob")));
        assert_eq!(place.to_string(), "domains.\"example.org\".users[1]");
        assert_eq!(Place::parse("a[x]"), None);
        assert_eq!(Place::parse(""), Some(Place::default()));
    }

    #[test]
    fn several_are_taken_out_at_once() {
        let mut value = json!({ "a": [0, 1, 2, { "b": 3 }], "c": 4 });
        let places = ["a[1]", "a[3].b", "a[0]", "c", "a[9]"];
        let places = places.iter().map(|text| Place::parse(text).unwrap()).collect();
        assert!(Place::remove_all(places, &mut value));
        assert_eq!(value, json!({ "a": [2, {}] }));
        assert!(!Place::default().remove(&mut value));
    }
}
