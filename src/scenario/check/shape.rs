//! The shape of a scenario: which keys there are, and what kind of value each takes, by the JSON
//! Schema that is made from the types.
//!
//! Only the part of JSON Schema that the types produce is understood: `$ref`, `type`, `properties`,
//! `additionalProperties`, `required`, `items` with bounds, `const`, `anyOf` whose branches differ
//! in JSON type, `oneOf` of constants or of required keys, numeric bounds, `pattern` no further
//! than a format of ours, and our formats.

use std::net::IpAddr;

use serde_json::{Map, Value as Json};

use super::Report;
use crate::scenario::finding::{Path, did_you_mean, nearest, quoted};
use crate::scenario::format::units::{Date, Dur, Rate, Share, Size, UnitError};
use crate::scenario::spanned::{Node, Value};

/// Checks `node` against `schema`, which is the whole schema, and returns the value without what is
/// wrong. `None` where nothing is left.
pub(crate) fn check(node: &Node, schema: &Json, report: &mut Report<'_>) -> Option<Json> {
    Shape { root: schema, report }.check(node, schema, &Path::top())
}

struct Shape<'s, 'r, 'a> {
    root: &'s Json,
    report: &'r mut Report<'a>,
}

impl<'s> Shape<'s, '_, '_> {
    /// The schema, with a `$ref` followed.
    fn resolve(&self, schema: &'s Json) -> &'s Json {
        match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            Some(pointer) => self.root.pointer(pointer).expect("the schema's references lead"),
            None => schema,
        }
    }

    fn check(&mut self, node: &Node, schema: &'s Json, path: &Path<'_>) -> Option<Json> {
        let property = schema;
        let schema = self.resolve(schema);
        if let Some(words) = constants(schema) {
            return self.check_word(node, &words, path);
        }
        if let Some(branches) = schema["anyOf"].as_array() {
            let fitting = branches.iter().find(|branch| {
                let branch = self.resolve(branch);
                accepts(branch, node) || constants(branch).is_some() && is_string(node)
            });
            return match fitting {
                Some(branch) => self.check(node, branch, path),
                None => self.wrong_type(node, property, path),
            };
        }
        if !accepts(schema, node) {
            return self.wrong_type(node, property, path);
        }
        match &node.value {
            Value::Object(_) => self.check_object(node, schema, path),
            Value::Array(nodes) => self.check_array(node, nodes, schema, path),
            Value::String(text) => self.check_text(node, text, schema, path),
            Value::Number(number) => self.check_number(node, number, schema, path),
            Value::Null | Value::Bool(_) => Some(node.to_json()),
        }
    }

    fn check_object(&mut self, node: &Node, schema: &'s Json, path: &Path<'_>) -> Option<Json> {
        let Value::Object(members) = &node.value else { return None };
        let properties = schema["properties"].as_object();
        let others = &schema["additionalProperties"];
        let mut whole = true;
        let mut kept = Map::new();
        for member in members {
            let path = path.at(member.key.as_str());
            let property = properties.and_then(|properties| properties.get(&member.key));
            let schema = match property {
                Some(property) => property,
                None if others.is_object() => others,
                None => {
                    let known = properties.into_iter().flat_map(Map::keys).map(String::as_str);
                    self.report.at_offset(
                        member.key_span.start,
                        &path,
                        format!("there is no key \"{}\" here", member.key),
                        did_you_mean(&member.key, known.clone()),
                    );
                    let meant = nearest(&member.key, known);
                    if path.0.len() == 1 || meant.is_some_and(|meant| NAMING.contains(&meant)) {
                        self.report.damage(&path);
                    }
                    continue;
                }
            };
            match self.check(&member.node, schema, &path) {
                Some(value) => drop(kept.insert(member.key.clone(), value)),
                None if property.is_none() || NAMING.contains(&member.key.as_str()) => {
                    self.report.damage(&path);
                }
                None => {}
            }
        }
        for key in required_keys(schema) {
            if node.get(key).is_none() {
                let example = properties
                    .and_then(|properties| properties.get(key))
                    .and_then(|property| property["examples"].get(0));
                self.report.at_offset(
                    node.span.start,
                    path,
                    format!("the key \"{key}\" is missing"),
                    example.map(|example| format!("for example \"{key}\": {example}")),
                );
            }
            whole &= kept.contains_key(key);
        }
        whole &= self.check_one_of(node, schema, &kept, path);
        whole.then_some(Json::Object(kept))
    }

    /// Where exactly one of several keys is to be there.
    fn check_one_of(
        &mut self,
        node: &Node,
        schema: &Json,
        kept: &Map<String, Json>,
        path: &Path<'_>,
    ) -> bool {
        let Some(branches) = schema["oneOf"].as_array() else { return true };
        let keys: Vec<&str> = branches.iter().flat_map(required_keys).collect();
        let there: Vec<&str> = keys.iter().copied().filter(|key| node.get(key).is_some()).collect();
        match there.as_slice() {
            [one] => kept.contains_key(*one),
            [] => {
                // A key that is not known is a finding already, and was perhaps meant to be one.
                let known = schema["properties"].as_object();
                let unknown = match &node.value {
                    Value::Object(members) => members
                        .iter()
                        .any(|member| !known.is_some_and(|known| known.contains_key(&member.key))),
                    _ => false,
                };
                if !unknown {
                    let found = "this does nothing".to_owned();
                    let remedy = Some(format!("one of the keys {} is due", quoted(&keys)));
                    self.report.at_offset(node.span.start, path, found, remedy);
                }
                false
            }
            [first, second, ..] => {
                let found = format!("\"{first}\" and \"{second}\" stand in one item");
                let remedy = Some("make an item of each".to_owned());
                self.report.at_offset(node.span.start, path, found, remedy);
                false
            }
        }
    }

    fn check_array(
        &mut self,
        node: &Node,
        nodes: &[Node],
        schema: &'s Json,
        path: &Path<'_>,
    ) -> Option<Json> {
        let (least, most) = (schema["minItems"].as_u64(), schema["maxItems"].as_u64());
        let length = nodes.len() as u64;
        if least.is_some_and(|least| length < least) || most.is_some_and(|most| length > most) {
            let remedy = match (least, most) {
                (Some(least), Some(most)) if least == most => format!("{least} are due"),
                (Some(least), _) if length < least => format!("at least {least} are due"),
                (_, most) => format!("at most {} may stand here", most.unwrap_or(u64::MAX)),
            };
            let found = format!("a list of {length}");
            self.report.at_offset(node.span.start, path, found, Some(remedy));
            return None;
        }
        let mut kept = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            let path = path.at(index);
            match self.check(node, &schema["items"], &path) {
                Some(value) => kept.push(value),
                None => self.report.leave_out(&path),
            }
        }
        // Of a pair with a wrong half nothing is left.
        least.is_none_or(|least| kept.len() as u64 >= least).then_some(Json::Array(kept))
    }

    fn check_word(&mut self, node: &Node, words: &[&str], path: &Path<'_>) -> Option<Json> {
        if let Value::String(text) = &node.value
            && words.contains(&text.as_str())
        {
            return Some(Json::String(text.clone()));
        }
        let written = match &node.value {
            Value::String(text) => text,
            _ => "",
        };
        let remedy = did_you_mean(written, words.iter().copied());
        let found = format!("found {}", node.describe());
        self.report.at_offset(node.span.start, path, found, remedy);
        None
    }

    fn check_text(
        &mut self,
        node: &Node,
        text: &str,
        schema: &Json,
        path: &Path<'_>,
    ) -> Option<Json> {
        if let Err(UnitError { wrong, remedy }) = check_format(schema, text) {
            self.report.at_offset(node.span.start, path, wrong, Some(remedy.into()));
            return None;
        }
        Some(Json::String(text.into()))
    }

    fn check_number(
        &mut self,
        node: &Node,
        number: &serde_json::Number,
        schema: &Json,
        path: &Path<'_>,
    ) -> Option<Json> {
        let value = number.as_f64().unwrap_or(f64::NAN);
        let (least, most) = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
        if least.is_some_and(|least| value < least) || most.is_some_and(|most| value > most) {
            let remedy = match (least, most) {
                (Some(least), Some(most)) => format!("from {least} to {most}"),
                (Some(least), None) => format!("at least {least}"),
                (None, most) => format!("at most {}", most.unwrap_or(f64::MAX)),
            };
            let found = format!("the number {number} is out of bounds");
            self.report.at_offset(node.span.start, path, found, Some(remedy));
            return None;
        }
        Some(Json::Number(number.clone()))
    }

    fn wrong_type(&mut self, node: &Node, property: &'s Json, path: &Path<'_>) -> Option<Json> {
        let remedy = match node.value {
            Value::Null => "leave the key out".to_owned(),
            _ => self.wanted(property),
        };
        let found = format!("found {}", node.describe());
        self.report.at_offset(node.span.start, path, found, Some(remedy));
        None
    }

    /// What may stand where `schema` holds, in words.
    fn wanted(&self, property: &'s Json) -> String {
        let schema = self.resolve(property);
        if let Some(words) = constants(schema) {
            return quoted(&words);
        }
        if let Some(branches) = schema["anyOf"].as_array() {
            let kinds: Vec<String> = branches.iter().map(|branch| self.wanted(branch)).collect();
            return kinds.join(", or ");
        }
        if let Err(UnitError { remedy, .. }) = check_format(schema, "") {
            return remedy.into();
        }
        let kind = match schema["type"].as_str() {
            Some("string") => "text in \"...\"",
            Some("integer") => "a whole number",
            Some("number") => "a number",
            Some("boolean") => "true or false",
            Some("array") => "a list [...]",
            _ => "an object {...}",
        };
        match property["examples"].get(0) {
            Some(example) => format!("{kind}, for example {example}"),
            None => kind.into(),
        }
    }
}

/// The words that may stand here, if `schema` is a choice of words.
fn constants(schema: &Json) -> Option<Vec<&str>> {
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(Json::as_str).collect();
    }
    schema["oneOf"].as_array()?.iter().map(|branch| branch["const"].as_str()).collect()
}

/// The keys below which names are given to things. Where the value of another key is left out, no
/// name gets lost.
const NAMING: &[&str] = &[
    "routers",
    "links",
    "between",
    "dns",
    "root_servers",
    "hints",
    "domains",
    "users",
    "name",
    "devices",
    "servers",
    "border",
    "mailbox",
    "submission",
    "name_servers",
    "backup_mx",
    "resolver",
    "aliases",
    "hosts",
    "services",
    "zones",
    "clients",
    "host",
    "user",
    "agenda",
    "send",
    "append",
    "id",
    "network",
];

fn required_keys(schema: &Json) -> impl Iterator<Item = &str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str)
}

fn is_string(node: &Node) -> bool {
    matches!(node.value, Value::String(_))
}

/// Whether the schema takes values of the node's JSON type.
fn accepts(schema: &Json, node: &Node) -> bool {
    let takes = |name: &str| match (&node.value, name) {
        (Value::Null, "null") => true,
        (Value::Bool(_), "boolean") => true,
        (Value::Number(_), "number") => true,
        (Value::Number(number), "integer") => number.is_u64() || number.is_i64(),
        (Value::String(_), "string") => true,
        (Value::Array(_), "array") => true,
        (Value::Object(_), "object") => true,
        _ => false,
    };
    match &schema["type"] {
        Json::String(name) => takes(name),
        Json::Array(names) => names.iter().filter_map(Json::as_str).any(takes),
        _ => false,
    }
}

fn check_format(schema: &Json, text: &str) -> Result<(), UnitError> {
    match schema["format"].as_str() {
        Some("mxsim-duration") => text.parse::<Dur>().map(drop),
        Some("mxsim-size") => text.parse::<Size>().map(drop),
        Some("mxsim-rate") => text.parse::<Rate>().map(drop),
        Some("mxsim-share") => text.parse::<Share>().map(drop),
        Some("mxsim-date") => text.parse::<Date>().map(drop),
        Some("ip") => text.parse::<IpAddr>().map(drop).map_err(|_| UnitError {
            wrong: format!("{text:?} is no IP address"),
            remedy: "write it as \"192.0.2.10\" or \"2001:db8::10\"",
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::schema::schema;
    use crate::scenario::spanned::read;

    #[test]
    fn every_example_and_default_is_of_the_right_shape() {
        let root = schema();
        let objects = root["$defs"].as_object().into_iter().flatten();
        for (name, object) in objects.chain([(&"Scenario".to_owned(), root)]) {
            for (key, property) in object["properties"].as_object().into_iter().flatten() {
                let examples = property["examples"].as_array().into_iter().flatten();
                for value in examples.chain(property.get("default")) {
                    // A list of one, because a text stands for itself only inside a value.
                    let text = format!("[{value}]");
                    let (node, errors) = read(&text);
                    assert_eq!(errors, []);
                    let Some(Node { value: Value::Array(nodes), .. }) = node else { continue };
                    let mut report = Report::new(name, &text);
                    Shape { root, report: &mut report }.check(&nodes[0], property, &Path::top());
                    let findings = report.finish();
                    assert!(findings.is_empty(), "{name}.{key}: {findings:?}");
                }
            }
        }
    }
}
