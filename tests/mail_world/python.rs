//! Python's `email` package, a parser that is not ours, as the judge of messages.

use std::io::{ErrorKind, Write};
use std::process::{Command, Stdio};

/// What `tests/data/read_message.py` prints of a message; `None`, with a line that says so, where
/// there is no Python.
///
/// # Panics
/// When it fails, or finds a defect.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn structure(message: &[u8]) -> Option<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/read_message.py");
    let python = Command::new("python3")
        .args(["-X", "utf8", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut python = match python {
        Ok(python) => python,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // Where tests count, Python is there.
            assert!(std::env::var_os("CI").is_none(), "no python3 to judge messages with");
            eprintln!("skipped: there is no python3 to judge messages with");
            return None;
        }
        Err(error) => panic!("python3: {error}"),
    };
    python.stdin.take().unwrap().write_all(message).unwrap();
    let output = python.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(!text.contains("DEFECT"), "{text}\n{}", String::from_utf8_lossy(message));
    Some(text)
}
