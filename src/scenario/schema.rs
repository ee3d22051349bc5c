//! The JSON Schema of a scenario (2020-12), from the types. Editors complete and check with it, and
//! so do we: see `check::shape`.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::format::Scenario;

/// The JSON Schema of a scenario file.
pub fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let schema =
            SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Scenario>();
        let mut schema = schema.to_value();
        simplify(&mut schema);
        schema
    });
    &SCHEMA
}

/// The schema as `mxsim schema` prints it.
pub fn schema_text() -> String {
    let mut text = serde_json::to_string_pretty(schema()).expect("a JSON value is JSON");
    text.push('\n');
    text
}

/// Makes of "this or null" just "this": a key that is not there is left out, never null. Joins the
/// lines of descriptions, and drops defaults that say no more than "empty".
fn simplify(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(simplify),
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|one| one != "null");
                if let [one] = types.as_mut_slice() {
                    let one = one.take();
                    object.insert("type".into(), one);
                }
            }
            if let Some(Value::Array(branches)) = object.get_mut("anyOf") {
                branches.retain(|branch| branch["type"] != "null");
                if let [Value::Object(only)] = branches.as_mut_slice() {
                    let only = std::mem::take(only);
                    object.shift_remove("anyOf");
                    for (key, value) in only {
                        object.entry(key).or_insert(value);
                    }
                }
            }
            let empty = |value: &Value| match value {
                Value::Object(members) => !members.contains_key("at_least"),
                Value::Array(items) => items.is_empty(),
                value => value.is_null(),
            };
            if object.get("default").is_some_and(empty) && !object.contains_key("const") {
                object.shift_remove("default");
            }
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = text.replace("\n\n", "\u{0}").replace('\n', " ").replace('\u{0}', "\n\n");
            }
            for (key, value) in object.iter_mut() {
                if key != "examples" && key != "default" {
                    simplify(value);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_description_and_an_example() {
        let mut keys = 0;
        let mut check = |name: &str, object: &Value| {
            let Some(properties) = object["properties"].as_object() else { return };
            for (key, property) in properties {
                keys += 1;
                assert!(property["description"].is_string(), "{name}.{key} has no description");
                assert!(property["examples"].is_array(), "{name}.{key} has no example");
            }
        };
        check("Scenario", schema());
        for (name, object) in schema()["$defs"].as_object().expect("the schema has definitions") {
            check(name, object);
        }
        assert!(keys > 100, "{keys}");
    }

    #[test]
    fn nothing_is_null() {
        assert!(!schema_text().contains("\"null\""));
    }
}
