//! Patterns of LIST and LSUB (RFC 3501 §6.3.8).

/// Whether `name` fits `pattern`, where `*` stands for anything and `%` for anything without the
/// separator. Costs at most the product of the lengths.
pub(crate) fn matches(pattern: &str, name: &str, separator: char) -> bool {
    // `fits[n]`: the pattern so far fits the first n octets of the name.
    let name = name.as_bytes();
    let mut separator_octets = [0; 4];
    // Octets of other characters are never those of the separator, but perhaps its first: that of
    // ASCII is alone.
    let separator = separator.encode_utf8(&mut separator_octets).as_bytes()[0];
    let mut fits = vec![false; name.len() + 1];
    fits[0] = true;
    for wanted in pattern.bytes() {
        if let b'*' | b'%' = wanted {
            for end in 0..name.len() {
                fits[end + 1] |= fits[end] && (wanted == b'*' || name[end] != separator);
            }
        } else {
            for end in (0..name.len()).rev() {
                fits[end + 1] = fits[end] && name[end] == wanted;
            }
            fits[0] = false;
        }
    }
    fits[name.len()]
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn percent_stops_at_the_separator_and_star_does_not() {
        for (pattern, name, wanted) in [
            ("*", "a.b.c", true),
            ("%", "a", true),
            ("%", "a.b", false),
            ("%.%", "a.b", true),
            ("a.%", "a.b.c", false),
            ("a*", "a.b.c", true),
            ("a%c", "abc", true),
            ("*%", "a.b", true),
            ("%*", "a.b", true),
            ("%.c", "a.b.c", false),
            ("*.c", "a.b.c", true),
            ("", "", true),
            ("", "a", false),
            ("a", "", false),
            ("A", "a", false),
        ] {
            assert_eq!(matches(pattern, name, '.'), wanted, "{pattern} {name}");
        }
    }
}
