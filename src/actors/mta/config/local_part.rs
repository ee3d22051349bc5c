//! How local parts are made up: a name, a detail behind the delimiter, the parts of a mailing list.

/// A local part without its detail, and the detail; `None` where it has none. `+x` has none: nobody is
/// called nothing.
pub fn split_detail(local_part: &str, delimiter: Option<char>) -> Option<(&str, &str)> {
    let split = local_part.split_once(delimiter?)?;
    Some(split).filter(|(name, _)| !name.is_empty())
}

/// The list that a local part in lower case would be a part of: `team` for `team-owner`,
/// `team-request`, `team-bounces`, and for what stands in the reverse-paths of VERP,
/// `team-bounces+bob=example.com`.
pub fn list_of_part(local_part: &str) -> Option<&str> {
    let part = PARTS.iter().find_map(|part| local_part.strip_suffix(part));
    part.or_else(|| local_part.split_once("-bounces+").map(|(list, _)| list))
}

/// What follows the name of a list in the addresses of those who look after it.
const PARTS: [&str; 3] = ["-owner", "-request", "-bounces"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_stands_behind_the_first_delimiter() {
        assert_eq!(split_detail("bob+a+b", Some('+')), Some(("bob", "a+b")));
        assert_eq!(split_detail("bob+", Some('+')), Some(("bob", "")));
        assert_eq!(split_detail("+bob", Some('+')), None);
        assert_eq!(split_detail("bob", Some('+')), None);
        assert_eq!(split_detail("bob+a", None), None);
    }

    #[test]
    fn parts_of_a_list_name_it() {
        assert_eq!(list_of_part("team-owner"), Some("team"));
        assert_eq!(list_of_part("the-team-request"), Some("the-team"));
        assert_eq!(list_of_part("team-bounces"), Some("team"));
        assert_eq!(list_of_part("team-bounces+bob=example.com"), Some("team"));
        assert_eq!(list_of_part("team-owners"), None);
        assert_eq!(list_of_part("team"), None);
    }
}
