//! Which files are meant by the arguments of a command.

use std::fs;
use std::path::{Path, PathBuf};

use super::Failure;

/// The scenario files that are meant, in the order of the arguments, those of a folder by name.
/// A JSON Schema that stands beside them is none.
pub(super) fn scenarios(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            // `scenarios/*.json` names the schema too.
            if !is_schema(path) {
                found.push(path.clone());
            }
            continue;
        }
        let unreadable =
            |error| Failure::Io { what: format!("cannot read {}", path.display()), error };
        let mut inside = Vec::new();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            let is_json = file.extension().is_some_and(|end| end == "json");
            if file.is_file() && is_json && !is_schema(&file) {
                inside.push(file);
            }
        }
        inside.sort();
        found.append(&mut inside);
    }
    Ok(found)
}

fn is_schema(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".schema.json"))
}
