//! A mistake in a scenario, and where: file, line, column and JSON path; what was found, and what
//! would be right.

use std::borrow::Cow;
use std::fmt;

/// A mistake in a scenario, or something doubtful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file it stands in.
    pub file: String,
    /// Its line, from 1; 0 where there is none, as for a file that cannot be read.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// Where in the JSON: `hosts."mx1.example.org".addresses[1]`. Empty at the top.
    pub path: String,
    /// What was found.
    pub found: String,
    /// What would be right, as far as that is known.
    pub remedy: Option<String>,
}

/// `scenarios/x.json:12:9: domains."example.org".users[1]: found 7 (write a name)`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        f.write_str(": ")?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.found)?;
        match &self.remedy {
            Some(remedy) => write!(f, " ({remedy})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Finding {}

/// A place in a JSON text: the keys and indices that lead there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub(crate) struct Path<'a>(pub(crate) Vec<Segment<'a>>);

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Segment<'a> {
    /// Into an object.
    Key(Cow<'a, str>),
    /// Into an array.
    Index(usize),
}

impl<'a> From<&'a str> for Segment<'a> {
    fn from(key: &'a str) -> Self {
        Segment::Key(Cow::Borrowed(key))
    }
}

impl From<usize> for Segment<'_> {
    fn from(index: usize) -> Self {
        Segment::Index(index)
    }
}

impl<'a> Path<'a> {
    /// The top.
    pub(crate) fn top() -> Self {
        Path::default()
    }

    /// One step down from here.
    pub(crate) fn at<'b>(&self, segment: impl Into<Segment<'b>>) -> Path<'b>
    where
        'a: 'b,
    {
        let mut segments: Vec<Segment<'b>> = self.0.clone();
        segments.push(segment.into());
        Path(segments)
    }
}

/// `hosts."mx1.example.org".addresses[1]`.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) => {
                    if at > 0 {
                        f.write_str(".")?;
                    }
                    let plain = |c: char| c.is_ascii_alphanumeric() || "_-$".contains(c);
                    match !key.is_empty() && key.chars().all(plain) {
                        true => f.write_str(key)?,
                        false => write!(f, "{key:?}")?,
                    }
                }
            }
        }
        Ok(())
    }
}

/// The one of `known` that `name` was perhaps meant to be.
pub(crate) fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let name = name.to_ascii_lowercase();
    let most = name.chars().count().div_ceil(3).clamp(1, 4);
    known
        .into_iter()
        .filter(|one| one.len().abs_diff(name.len()) <= 4 * most)
        .map(|one| (strsim::damerau_levenshtein(&name, &one.to_ascii_lowercase()), one))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, one)| one)
}

/// `did you mean "x"?` for the nearest of `known`, or else `known: "a", "b"`, if they are few.
pub(crate) fn did_you_mean<'k>(
    name: &str,
    known: impl IntoIterator<Item = &'k str> + Clone,
) -> Option<String> {
    if let Some(nearest) = nearest(name, known.clone()) {
        return Some(format!("did you mean \"{nearest}\"?"));
    }
    let few: Vec<&str> = known.into_iter().take(FEW + 1).collect();
    (1..=FEW).contains(&few.len()).then(|| format!("known: {}", quoted(&few)))
}

/// `"a", "b"`.
pub(crate) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// So many names are worth listing.
const FEW: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_quotes_what_is_no_plain_key() {
        let path = Path::top().at("domains").at("example.org").at("users").at(1);
        assert_eq!(path.to_string(), "domains.\"example.org\".users[1]");
        assert_eq!(Path::top().at("").at("a\"b").to_string(), "\"\".\"a\\\"b\"");
    }

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(nearest("mx3.example.net", ["mx2.example.net", "a"]), Some("mx2.example.net"));
        assert_eq!(nearest("usres", ["users", "servers"]), Some("users"));
        assert_eq!(nearest("zebra", ["users", "servers"]), None);
    }
}
