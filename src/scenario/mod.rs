//! Scenario files: JSON text, typed form, checked plan. The only floor that reads JSON.
//!
//! ```
//! use mxsim::scenario;
//!
//! let text = r#"{"domains": {"example.org": {"users": ["alice"]}}}"#;
//! let plan = scenario::parse(text, "mine.json", &scenario::NoFiles).unwrap();
//! assert!(plan.hosts.contains_key("mail.example.org"));
//!
//! let wrong = r#"{"domains": {"example.org": {"usres": ["alice"]}}}"#;
//! let findings = scenario::parse(wrong, "mine.json", &scenario::NoFiles).unwrap_err();
//! assert_eq!(
//!     findings[0].to_string(),
//!     "mine.json:1:30: domains.\"example.org\".usres: there is no key \"usres\" here \
//!      (did you mean \"users\"?)"
//! );
//! ```

pub mod build;
mod check;
mod expand;
pub mod files;
pub mod finding;
pub mod format;
pub mod plan;
pub mod presets;
pub mod pretty;
pub mod reference;
pub mod schema;
pub mod source;
mod spanned;

use std::path::Path as FilePath;

pub use files::{Files, Folder, NoFiles};
pub use finding::Finding;
pub use plan::Plan;
pub use pretty::pretty;
pub use reference::reference;
pub use schema::{schema, schema_text};
pub use source::Source;

use check::Report;
use finding::Path;

/// Reads and checks the scenario file at `path`. The files that it names are beside it.
///
/// # Errors
///
/// Every mistake, in the order of the file; never an empty list.
pub fn load(path: &FilePath) -> Result<Plan, Vec<Finding>> {
    let (text, folder) = read(path)?;
    parse(&text, &path.display().to_string(), &folder)
}

/// Reads the text of the scenario file at `path`, and says where the files are that it names.
///
/// # Errors
///
/// Why it cannot be read, or is no text.
pub fn read(path: &FilePath) -> Result<(String, Folder), Vec<Finding>> {
    let name = path.display().to_string();
    let unreadable = |found: String| {
        let path = String::new();
        vec![Finding { file: name.clone(), line: 0, column: 0, path, found, remedy: None }]
    };
    let octets =
        std::fs::read(path).map_err(|error| unreadable(format!("cannot be read: {error}")))?;
    let text = match String::from_utf8(octets) {
        Ok(text) => text,
        Err(error) => {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = memchr::memchr_iter(b'\n', before).count() + 1;
            let found = format!("line {line} is not UTF-8 (JSON is; save the file as UTF-8)");
            return Err(unreadable(found));
        }
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    Ok((text, Folder(folder.unwrap_or(FilePath::new(".")).to_owned())))
}

/// Checks the text of a scenario. `file_name` is for findings; `files` has the files it names.
///
/// # Errors
///
/// Every mistake, in the order of the text; never an empty list.
pub fn parse(text: &str, file_name: &str, files: &dyn Files) -> Result<Plan, Vec<Finding>> {
    let mut report = Report::new(file_name, text);
    let (root, errors) = spanned::read(text);
    for error in errors {
        report.at_offset(error.at, &Path::top(), error.found, error.remedy);
    }
    let Some(root) = root else { return Err(report.finish()) };
    report.set_root(&root);
    let value = check::shape::check(&root, schema(), &mut report);
    // What the shape lets through is what the types take; should the two ever differ, the place is
    // told all the same.
    let scenario = value.map(serde_path_to_error::deserialize::<_, format::Scenario>);
    let plan = match scenario {
        Some(Ok(scenario)) => Some(expand::expand(&scenario, files, &mut report)),
        Some(Err(error)) => {
            report.at(&Path::top(), error.to_string(), None);
            None
        }
        None => None,
    };
    let findings = report.finish();
    match plan {
        Some(plan) if findings.is_empty() => Ok(plan),
        _ => Err(findings),
    }
}

/// The built-in scenario for live mode: two mail domains to play with.
pub const PLAYGROUND: &str = include_str!("../../scenarios/playground.json");

/// The built-in scenario: a message from alice@example.org to bob@example.com.
pub const FIRST_MAIL: &str = include_str!("../../scenarios/first-mail.json");
