//! The reference of the scenario format: every key with its type, unit, default and an example.
//!
//! Written from the JSON Schema, and so from the docstrings of the types. A test compares it with
//! `docs/scenario-reference.md`.

use std::fmt::Write;

use serde_json::Value;

use super::schema::schema;

/// The reference, in Markdown.
pub fn reference() -> String {
    let mut text = String::from(INTRODUCTION);
    let root = schema();
    section(&mut text, "Scenario", root, "The top of the file");
    for (name, object) in root["$defs"].as_object().into_iter().flatten() {
        if object["properties"].is_object() {
            section(&mut text, name, object, name);
        } else if let Some(words) = words(object) {
            choice(&mut text, name, object, words);
        }
    }
    text
}

fn section(text: &mut String, name: &str, object: &Value, heading: &str) {
    let out = &mut *text;
    put(out, format_args!("\n## {heading}\n\n{}\n", description(object)));
    if heading != name {
        put(out, format_args!("\nAll keys are optional.\n"));
    }
    put(
        out,
        format_args!("\n| key | type | default | what it is | example |\n|---|---|---|---|---|\n"),
    );
    let required: Vec<&str> =
        object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (key, property) in object["properties"].as_object().into_iter().flatten() {
        let (description, default) = match description(property).split_once("Default: ") {
            Some((before, default)) => {
                (before.trim().to_owned(), default.trim_end_matches('.').to_owned())
            }
            None => (description(property).to_owned(), String::new()),
        };
        let default = match &property["default"] {
            _ if required.contains(&key.as_str()) => "**required**".to_owned(),
            Value::Null if default.is_empty() => "none".to_owned(),
            Value::Null => default,
            value => code(value),
        };
        let example = property["examples"].get(0).map(code).unwrap_or_default();
        let row = [format!("`{key}`"), kind(property), default, description, example];
        put(out, format_args!("| {} |\n", row.map(|cell| cell.replace('|', "\\|")).join(" | ")));
    }
}

fn choice(text: &mut String, name: &str, object: &Value, words: Vec<(String, String)>) {
    put(text, format_args!("\n## {name}\n\n{} One of:\n\n", description(object)));
    for (word, meaning) in words {
        put(text, format_args!("- `\"{word}\"`: {meaning}\n"));
    }
}

/// What may stand there, with its unit.
fn kind(property: &Value) -> String {
    if let Some(name) = reference_to(property) {
        let object = &schema()["$defs"][name];
        if object["properties"].is_object() || words(object).is_some() {
            return format!("[{name}](#{})", name.to_lowercase());
        }
        return kind(object);
    }
    if let Some(branches) = property["anyOf"].as_array() {
        return branches.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    match property["format"].as_str() {
        Some("mxsim-duration") => return "duration (`ns us ms s m h d w`)".into(),
        Some("mxsim-size") => return "size (`B KB MB GB KiB MiB GiB`)".into(),
        Some("mxsim-rate") => return "rate (`bps kbps Mbps Gbps`)".into(),
        Some("mxsim-share") => return "share (`\"5%\"` or `0.05`)".into(),
        Some("mxsim-date") => return "date and time (RFC 3339)".into(),
        Some("ip") => return "IP address".into(),
        _ => {}
    }
    match property["type"].as_str() {
        Some("string") => "text".into(),
        Some("integer") => format!("whole number{}", bounds(property)),
        Some("number") => format!("number{}", bounds(property)),
        Some("boolean") => "`true` or `false`".into(),
        Some("array") => match property["minItems"].as_u64() {
            Some(count) => format!("list of {count}: {}", kind(&property["items"])),
            None => format!("list of {}", kind(&property["items"])),
        },
        _ => format!("object of {}, by name", kind(&property["additionalProperties"])),
    }
}

fn bounds(property: &Value) -> String {
    match (property["minimum"].as_f64(), property["maximum"].as_f64()) {
        (Some(least), Some(most)) => format!(", {least} to {most}"),
        _ => String::new(),
    }
}

fn reference_to(property: &Value) -> Option<&str> {
    property["$ref"].as_str()?.strip_prefix("#/$defs/")
}

/// The words of a choice, with what each means.
fn words(object: &Value) -> Option<Vec<(String, String)>> {
    let word = |branch: &Value| {
        Some((branch["const"].as_str()?.to_owned(), description(branch).to_owned()))
    };
    object["oneOf"].as_array()?.iter().map(word).collect()
}

fn description(object: &Value) -> &str {
    object["description"].as_str().unwrap_or_default()
}

fn code(value: &Value) -> String {
    format!("`{value}`")
}

fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a String takes everything");
}

const INTRODUCTION: &str = "\
# Scenario reference

Every key of a scenario file. This file is made from the types that read it; a test keeps it true.
`mxsim schema` prints the same as a JSON Schema, by which editors complete and check:
begin a file with `\"$schema\": \"mxsim.schema.json\"`.

A file is JSON (RFC 8259). Quantities are text with a unit: `\"40ms\"`, `\"1h30m\"`, `\"2KiB\"`,
`\"10Mbps\"`, `\"5%\"`. Hosts, domains, users, messages and clients are named, never numbered. Names of
hosts and domains are compared without case. Files are named from the scenario's folder, and stay in
it. `mxsim check FILE` tells every mistake at once.
";
