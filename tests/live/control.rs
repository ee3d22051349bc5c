//! The control API, by the test suite in Python that uses it.

use std::process::Command;

use crate::served::root;

#[test]
fn a_test_suite_in_python_uses_the_control_api() {
    // Where several Pythons are, that one counts which has pytest.
    let has_pytest = |python: &&str| {
        let tried = Command::new(python).args(["-c", "import pytest"]).output();
        tried.is_ok_and(|tried| tried.status.success())
    };
    let Some(python) =
        ["python3", "/usr/bin/python3"].into_iter().find(|python| has_pytest(python))
    else {
        assert!(std::env::var_os("CI").is_none(), "no pytest to test with");
        eprintln!("skipped: there is no pytest");
        return;
    };
    let suite = root().join("tests/live/test_control.py");
    let done = Command::new(python)
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
        .arg(suite)
        .env("MXSIM", env!("CARGO_BIN_EXE_mxsim"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{out}\n{}", String::from_utf8_lossy(&done.stderr));
}
