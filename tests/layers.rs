//! The floors of the house: a module imports only from those below its own.

use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up.
const FLOORS: [&str; 15] = [
    "engine", "net", "proto", "store", "world", "load", "actors", "rpl", "openspf", "scenario",
    "report", "verify", "explore", "live", "cli",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// Calls `check` with the name, line number and code of every line below `folder`. Comments are
/// left out: they may speak of any floor.
fn each_line(folder: &str, mut check: impl FnMut(&str, usize, &str)) {
    let mut files = Vec::new();
    sources(&root().join(folder), &mut files);
    assert!(!files.is_empty(), "{folder:?} is empty");
    for file in files {
        let name = file.strip_prefix(root()).expect("a file below src").display().to_string();
        let text = fs::read_to_string(&file).expect("a source file");
        for (index, line) in text.lines().enumerate() {
            check(&name, index + 1, line.split("//").next().unwrap_or_default());
        }
    }
}

#[test]
fn each_floor_imports_only_from_below() {
    let mut wrong = Vec::new();
    for (height, floor) in FLOORS.iter().enumerate() {
        each_line(floor, |file, line, code| {
            for above in &FLOORS[height + 1..] {
                let uses = [format!("crate::{above}::"), format!("crate::{above};")];
                if uses.iter().any(|path| code.contains(path)) {
                    wrong.push(format!("{file}:{line}: {floor} uses {above}"));
                }
            }
        });
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn one_module_names_the_dns_crate_five_floors_read_json_and_one_prints() {
    // What only these places may say.
    let rules: [(&[&str], &[&str]); 4] = [
        (&["domain::base", "domain::rdata", "domain::zonefile"], &["proto/dns/codec"]),
        (&["serde_json::"], &["scenario/", "report/", "explore/", "live/", "cli/"]),
        (&["println!(", "eprintln!("], &["cli/"]),
        (&["std::net::Tcp", "std::net::Udp", "mio::", "Instant::now"], &["live/", "cli/"]),
    ];
    let mut wrong = Vec::new();
    each_line("", |file, line, code| {
        for (words, places) in rules {
            let said = words.iter().find(|word| code.contains(*word));
            if let Some(word) = said
                && !places.iter().any(|place| file.starts_with(place))
            {
                wrong.push(format!("{file}:{line}: {word}"));
            }
        }
    });
    assert_eq!(wrong, Vec::<String>::new());
}
