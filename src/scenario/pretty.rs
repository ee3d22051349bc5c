//! A scenario as a text for people: what fits on a line stands on one.

use std::fmt::Write;

use serde_json::{Map, Value};

/// The JSON text of a scenario, with a line feed at the end.
///
/// An object or list that fits on a line of 120 characters stands on one, except the scenario itself
/// and its lists.
pub fn pretty(scenario: &Map<String, Value>) -> String {
    let mut text = String::from("{\n");
    for (at, (key, value)) in scenario.iter().enumerate() {
        let comma = if at + 1 < scenario.len() { "," } else { "" };
        let _ = write!(text, "  {}: ", quoted(key));
        let opened = matches!(value, Value::Array(items) if !items.is_empty());
        write_value(&mut text, value, 2, key.len() + 6, opened);
        let _ = writeln!(text, "{comma}");
    }
    text.push_str("}\n");
    text
}

/// Writes a value that begins in column `used` of a line that is indented by `indent`.
fn write_value(text: &mut String, value: &Value, indent: usize, used: usize, opened: bool) {
    let flat = flat(value);
    if !opened && used + flat.chars().count() < WIDTH {
        text.push_str(&flat);
        return;
    }
    let inner = indent + 2;
    match value {
        Value::Array(items) if !items.is_empty() => {
            text.push_str("[\n");
            for (at, item) in items.iter().enumerate() {
                let comma = if at + 1 < items.len() { "," } else { "" };
                let _ = write!(text, "{:inner$}", "");
                write_value(text, item, inner, inner, false);
                let _ = writeln!(text, "{comma}");
            }
            let _ = write!(text, "{:indent$}]", "");
        }
        Value::Object(members) if !members.is_empty() => {
            text.push_str("{\n");
            for (at, (key, item)) in members.iter().enumerate() {
                let comma = if at + 1 < members.len() { "," } else { "" };
                let _ = write!(text, "{:inner$}{}: ", "", quoted(key));
                write_value(text, item, inner, inner + key.len() + 4, false);
                let _ = writeln!(text, "{comma}");
            }
            let _ = write!(text, "{:indent$}}}", "");
        }
        _ => text.push_str(&flat),
    }
}

const WIDTH: usize = 120;

/// On one line, with spaces as a person sets them.
pub fn flat(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flat).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let member =
                |(key, item): (&String, &Value)| format!("{}: {}", quoted(key), flat(item));
            let members: Vec<String> = members.iter().map(member).collect();
            format!("{{ {} }}", members.join(", "))
        }
        other => other.to_string(),
    }
}

fn quoted(key: &str) -> String {
    Value::from(key).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_value_again_and_short_things_stand_on_a_line() {
        let value = serde_json::json!({
            "title": "A \"title\"",
            "domains": { "example.org": { "users": ["alice"] } },
            "agenda": [
                { "at": "1s", "client": "alice@example.org", "send": { "to": "bob@example.com" } },
                { "at": "2s", "client": "alice@example.org", "send": {
                    "to": "bob@example.com", "text": "long ".repeat(20), "subject": "Hello" } }
            ],
            "faults": [],
            "seed": 7
        });
        let Value::Object(members) = &value else { unreachable!() };
        let text = pretty(members);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        insta::assert_snapshot!(text);
    }
}
