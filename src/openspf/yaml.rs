//! YAML as a tree in which every scalar is the text it was written as, and everything has a place.
//!
//! A `spec: 4.3` stays the text `4.3` here; what a scalar means is for its reader to say.

use std::collections::BTreeMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::error::{ParseError, Problem};

/// A node of a document. Cheap to clone: aliases share what they stand for.
#[derive(Debug, Clone)]
pub(super) struct Node {
    line: usize,
    column: usize,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A null is the empty text.
    Scalar(Arc<str>),
    Sequence(Arc<[Node]>),
    /// Pairs in the order of the file; keys may repeat.
    Mapping(Arc<[(Node, Node)]>),
}

/// The documents of a stream, the empty ones left out.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, ParseError> {
    let mut documents = Vec::new();
    let mut anchors: BTreeMap<usize, Node> = BTreeMap::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| at(error.marker(), Problem::Yaml(error.info().to_owned())))?;
        let start = &span.start;
        let (node, anchor) = match event {
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= MAX_DEPTH => {
                return Err(at(start, Problem::Yaml(format!("deeper than {MAX_DEPTH} levels"))));
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                let is_mapping = matches!(event, Event::MappingStart(..));
                open.push(Open { start: *start, anchor, is_mapping, nodes: Vec::new() });
                continue;
            }
            Event::Scalar(text, style, anchor, _) => {
                let is_null = style == ScalarStyle::Plain && matches!(&*text, "~" | "null");
                let text = if is_null { "" } else { &*text };
                (node(start, Kind::Scalar(Arc::from(text))), anchor)
            }
            Event::Alias(anchor) => match anchors.get(&anchor) {
                Some(node) => (node.clone(), 0),
                None => {
                    let what = "an alias inside what it stands for".to_owned();
                    return Err(at(start, Problem::Yaml(what)));
                }
            },
            Event::SequenceEnd | Event::MappingEnd => {
                let ended = open.pop().expect("the parser closes what it opened");
                let (start, anchor) = (ended.start, ended.anchor);
                (node(&start, ended.kind()), anchor)
            }
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::Nothing => continue,
        };
        if anchor > 0 {
            anchors.insert(anchor, node.clone());
        }
        match open.last_mut() {
            Some(parent) => parent.nodes.push(node),
            None if node.is_empty() => {}
            None => documents.push(node),
        }
    }
    Ok(documents)
}

/// A sequence or mapping whose end has not come.
struct Open {
    start: Marker,
    anchor: usize,
    is_mapping: bool,
    /// Of a mapping, keys and values by turns.
    nodes: Vec<Node>,
}

impl Open {
    fn kind(self) -> Kind {
        if !self.is_mapping {
            return Kind::Sequence(self.nodes.into());
        }
        let mut pairs = Vec::with_capacity(self.nodes.len() / 2);
        let mut nodes = self.nodes.into_iter();
        while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
            pairs.push((key, value));
        }
        Kind::Mapping(pairs.into())
    }
}

impl Node {
    /// The mistake at this place.
    pub(super) fn error(&self, problem: Problem) -> ParseError {
        ParseError { line: self.line, column: self.column, problem }
    }

    /// This is not what should be here.
    pub(super) fn unexpected(&self, expected: &'static str) -> ParseError {
        let found = match &self.kind {
            Kind::Scalar(text) => format!("{text:?}"),
            Kind::Sequence(_) => "a list".to_owned(),
            Kind::Mapping(_) => "a mapping".to_owned(),
        };
        self.error(Problem::Unexpected { found, expected })
    }

    /// The line, from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The text of a scalar.
    pub(super) fn text(&self, expected: &'static str) -> Result<&str, ParseError> {
        match &self.kind {
            Kind::Scalar(text) => Ok(text),
            _ => Err(self.unexpected(expected)),
        }
    }

    /// The items of a list; anything else is a list of itself.
    pub(super) fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::Sequence(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// The pairs of a mapping.
    pub(super) fn pairs(&self, expected: &'static str) -> Result<&[(Node, Node)], ParseError> {
        match &self.kind {
            Kind::Mapping(pairs) => Ok(pairs),
            _ => Err(self.unexpected(expected)),
        }
    }

    /// Whether nothing is written here.
    pub(super) fn is_empty(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(text) if text.is_empty())
    }
}

fn node(start: &Marker, kind: Kind) -> Node {
    Node { line: start.line(), column: start.col() + 1, kind }
}

fn at(place: &Marker, problem: Problem) -> ParseError {
    ParseError { line: place.line(), column: place.col() + 1, problem }
}

/// A suite needs six levels.
const MAX_DEPTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_the_text_they_were_written_as() {
        let text = "---\nspec: 4.30\nlist: [1:20, ~, yes]\n---\n# nothing\n---\n- &x a\n- *x\n";
        let documents = parse(text).unwrap();
        let [mapping, list] = &documents[..] else { panic!("{documents:?}") };
        let pairs = mapping.pairs("a mapping").unwrap();
        assert_eq!(pairs[0].1.text("text").unwrap(), "4.30");
        let texts = |node: &Node| -> Vec<String> {
            node.items().iter().map(|item| item.text("text").unwrap().to_owned()).collect()
        };
        assert_eq!(texts(&pairs[1].1), ["1:20", "", "yes"]);
        assert_eq!(texts(list), ["a", "a"]);
        assert_eq!((list.line, pairs[1].0.line, pairs[1].0.column), (7, 3, 1));
    }

    #[test]
    fn what_is_no_yaml_has_its_place() {
        let error = parse("a: b\nc: [d\n").unwrap_err();
        assert!(matches!(error.problem, Problem::Yaml(_)), "{error}");
        let deep = "[".repeat(MAX_DEPTH + 1);
        assert!(parse(&deep).unwrap_err().to_string().contains("deeper"));
        assert!(parse("&x [*x]").unwrap_err().to_string().contains("inside"));
    }
}
