//! The scenarios of the folder, for tests that play all of them.

use std::fs;
use std::path::{Path, PathBuf};

use mxsim::scenario::{self, Plan};

/// All of them by name, in its order; not those of the folder below it.
pub(crate) fn scenarios() -> Vec<(String, Plan)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files = fs::read_dir(folder).expect("the folder of scenarios");
    let mut paths: Vec<PathBuf> =
        files.map(|entry| entry.expect("an entry of the folder").path()).collect();
    paths.retain(|path| {
        path.extension().is_some_and(|end| end == "json")
            && !path.to_string_lossy().ends_with(".schema.json")
    });
    paths.sort();
    let load = |path: &PathBuf| {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        (name, scenario::load(path).expect("a scenario without mistakes"))
    };
    paths.iter().map(load).collect()
}
