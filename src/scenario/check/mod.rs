//! Finding every mistake of a scenario file at once.
//!
//! First the text ([`super::spanned`]), then the shape ([`shape`]: keys, types, units, by the JSON
//! Schema of the types), then the meaning ([`super::expand`], where names are resolved). What is
//! wrong in shape is left out before the meaning is looked at, so that one reading tells all three.

pub(crate) mod shape;

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Path, Segment, did_you_mean};
use super::spanned::{Node, Value};

/// Collects the findings of one file.
pub(crate) struct Report<'a> {
    file: &'a str,
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    root: Option<&'a Node>,
    findings: Vec<Finding>,
    /// The sections of the file in which something was left out because of a mistake: a name from
    /// there may be unknown only for that reason.
    damaged: BTreeSet<String>,
    /// The items left out of each list, by the list's path, in ascending order.
    left_out: BTreeMap<String, Vec<usize>>,
    /// How many more near names are looked for: a file with 10,000 mistakes in it shall not take a
    /// minute to read.
    suggestions: usize,
}

impl<'a> Report<'a> {
    /// An empty report on the text of `file`.
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        let lines = std::iter::once(0)
            .chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1))
            .collect();
        Report {
            file,
            text,
            lines,
            root: None,
            findings: Vec::new(),
            damaged: BTreeSet::new(),
            left_out: BTreeMap::new(),
            suggestions: MAX_SUGGESTIONS,
        }
    }

    /// Reports that no `noun` is called `name`, unless that may be only because something was left
    /// out of one of the `sections`.
    pub(crate) fn unknown<'k>(
        &mut self,
        path: &Path<'_>,
        noun: &str,
        name: &str,
        known: impl IntoIterator<Item = &'k str> + Clone,
        sections: &[&str],
    ) {
        if self.is_damaged(sections) {
            return;
        }
        let remedy = match self.suggestions {
            0 => None,
            _ => did_you_mean(name, known),
        };
        self.suggestions = self.suggestions.saturating_sub(1);
        self.at(path, format!("no {noun} is named \"{name}\""), remedy);
    }

    /// Lets findings be placed by path.
    pub(crate) fn set_root(&mut self, root: &'a Node) {
        self.root = Some(root);
    }

    /// Adds a finding at an offset of the text.
    pub(crate) fn at_offset(
        &mut self,
        offset: usize,
        path: &Path<'_>,
        found: impl Into<String>,
        remedy: Option<String>,
    ) {
        let (line, column) = self.place(offset);
        self.findings.push(Finding {
            file: self.file.into(),
            line,
            column,
            path: path.to_string(),
            found: found.into(),
            remedy,
        });
    }

    /// Adds a finding at the value at `path`, or what is nearest to it in the text. Indices in `path`
    /// count what is left of a list.
    pub(crate) fn at(
        &mut self,
        path: &Path<'_>,
        found: impl Into<String>,
        remedy: impl Into<Option<String>>,
    ) {
        let path = self.as_written(path);
        let offset = self.offset(&path);
        self.at_offset(offset, &path, found, remedy.into());
    }

    /// Adds a finding in another file, as a master file.
    pub(crate) fn in_file(&mut self, file: &str, line: usize, column: usize, found: String) {
        let file = match self.file.rfind('/') {
            Some(folder) => format!("{}/{file}", &self.file[..folder]),
            None => file.to_owned(),
        };
        let path = String::new();
        self.findings.push(Finding { file, line, column, path, found, remedy: None });
    }

    /// The line, from 1, of the value at `path`.
    pub(crate) fn line(&self, path: &Path<'_>) -> usize {
        self.place(self.offset(&self.as_written(path))).0
    }

    /// Whether the object at `path` has this key in the text, right or wrong.
    pub(crate) fn is_written(&self, path: &Path<'_>, key: &str) -> bool {
        self.offset(&self.as_written(&path.at(key))) != self.offset(&self.as_written(path))
    }

    /// Notes that something at `path` was left out.
    pub(crate) fn damage(&mut self, path: &Path<'_>) {
        if let Some(Segment::Key(section)) = path.0.first() {
            self.damaged.insert(section.clone().into_owned());
        }
    }

    /// Notes that the item at `path` of a list was left out.
    pub(crate) fn leave_out(&mut self, path: &Path<'_>) {
        self.damage(path);
        if let Some((Segment::Index(index), list)) = path.0.split_last() {
            self.left_out.entry(Path(list.to_vec()).to_string()).or_default().push(*index);
        }
    }

    /// The path with indices as in the text.
    fn as_written<'p>(&self, path: &Path<'p>) -> Path<'p> {
        if self.left_out.is_empty() {
            return path.clone();
        }
        let mut written = Path::top();
        for segment in &path.0 {
            let mut segment = segment.clone();
            if let Segment::Index(index) = &mut segment
                && let Some(left_out) = self.left_out.get(&written.to_string())
            {
                for gone in left_out {
                    *index += usize::from(gone <= index);
                }
            }
            written.0.push(segment);
        }
        written
    }

    /// Whether something was left out in one of the sections, or a whole section.
    pub(crate) fn is_damaged(&self, sections: &[&str]) -> bool {
        let known = super::schema::schema()["properties"].as_object();
        self.damaged.iter().any(|section| {
            sections.contains(&section.as_str())
                || !known.is_some_and(|known| known.contains_key(section))
        })
    }

    /// All findings in the order of the text, those of other files last.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        let file = self.file;
        self.findings.sort_by(|a, b| {
            (a.file != file, a.line, a.column).cmp(&(b.file != file, b.line, b.column))
        });
        self.findings.dedup();
        self.findings
    }

    fn offset(&self, path: &Path<'_>) -> usize {
        let Some(mut node) = self.root else { return 0 };
        let mut offset = node.span.start;
        for segment in &path.0 {
            let next = match (segment, &node.value) {
                (Segment::Index(index), Value::Array(nodes)) => nodes.get(*index),
                (Segment::Index(0), _) => continue, // one that may stand for a list of one
                (Segment::Key(key), _) => node.get(key),
                _ => None,
            };
            let Some(next) = next else { break };
            node = next;
            offset = node.span.start;
        }
        offset
    }

    fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines[line - 1];
        let before = self.text.get(start..offset).unwrap_or_default();
        (line, before.trim_start_matches('\u{feff}').chars().count() + 1)
    }
}

const MAX_SUGGESTIONS: usize = 100;
