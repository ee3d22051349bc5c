//! Broken scenario files, each with everything that is told about it.

#![allow(clippy::unwrap_used, reason = "a panic here is the failure")]

use std::path::Path;

use mxsim::scenario;

#[test]
fn every_mistake_has_its_place_and_remedy() {
    insta::glob!("broken/*.json", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        let folder = scenario::Folder(path.parent().unwrap().to_owned());
        let findings = scenario::parse(&text, &name, &folder).expect_err("the file is broken");
        assert!(!findings.is_empty());
        let told: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
        insta::assert_snapshot!(told);
    });
}

#[test]
fn a_file_that_cannot_be_read_is_a_finding_too() {
    let findings = scenario::load(Path::new("tests/broken/no-such-file.json")).unwrap_err();
    let told = findings[0].to_string();
    assert!(told.starts_with("tests/broken/no-such-file.json: cannot be read: "), "{told}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("latin1.json");
    std::fs::write(&file, b"{\n\"title\": \"caf\xe9\"}").unwrap();
    let told = scenario::load(&file).unwrap_err()[0].to_string();
    assert!(told.ends_with("line 2 is not UTF-8 (JSON is; save the file as UTF-8)"), "{told}");
}
