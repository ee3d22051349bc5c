//! Patterns of LIST and LSUB (RFC 3501 §6.3.8).

/// Whether `name` fits `pattern`, where `*` stands for anything and `%` for anything without the
/// separator. INBOX, also as the first level of a longer name, fits in any case (RFC 3501 §5.1).
/// Costs at most the product of the lengths.
pub(crate) fn matches(pattern: &str, name: &str, separator: char) -> bool {
    let name = name.as_bytes();
    // Octets of other characters are never those of the separator, but perhaps its first: that of
    // ASCII is alone.
    let separator = separator.encode_utf8(&mut [0; 4]).as_bytes()[0];
    let in_inbox = name.starts_with(b"INBOX") && name.get(5).is_none_or(|it| *it == separator);
    let caseless = if in_inbox { 5 } else { 0 };
    // `fits[n]`: the pattern so far fits the first n octets of the name.
    let mut fits = vec![false; name.len() + 1];
    fits[0] = true;
    for wanted in pattern.bytes() {
        if let b'*' | b'%' = wanted {
            for end in 0..name.len() {
                fits[end + 1] |= fits[end] && (wanted == b'*' || name[end] != separator);
            }
        } else {
            for end in (0..name.len()).rev() {
                let wanted = if end < caseless { wanted.to_ascii_uppercase() } else { wanted };
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

    #[test]
    fn inbox_fits_in_any_case_and_what_only_begins_so_does_not() {
        for (pattern, name, wanted) in [
            ("inbox", "INBOX", true),
            ("inbox*", "INBOX.x", true),
            ("InBox.%", "INBOX.x", true),
            ("inbox.X", "INBOX.x", false),
            ("i%", "INBOX", true),
            ("inbox%", "INBOXES", false),
        ] {
            assert_eq!(matches(pattern, name, '.'), wanted, "{pattern} {name}");
        }
    }
}
