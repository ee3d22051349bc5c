//! Message-IDs, as the fields that refer to messages list them.
//!
//! Follows RFC 5322 §3.6.4 and §4.5.4. Two spellings of one Message-ID are the same: quotes,
//! comments and white space are no part of it (RFC 5256 §3, REFERENCES).

use super::lex::Lexer;

/// The Message-IDs in the value of `Message-ID`, `In-Reply-To` or `References`, without brackets.
///
/// What is between them, and what is in brackets without an `@`, is passed over. Of more than
/// [`MAX_IDS`], the last.
pub fn message_ids(value: &[u8]) -> Vec<Vec<u8>> {
    let mut lexer = Lexer::new(value);
    let mut ids = Vec::new();
    loop {
        lexer.skip_cfws();
        match lexer.bump() {
            None => break,
            Some(b'<') => ids.extend(message_id(&mut lexer)),
            Some(_) => {}
        }
    }
    let surplus = ids.len().saturating_sub(MAX_IDS);
    ids.split_off(surplus)
}

/// What stands in brackets, of which the first is taken.
fn message_id(lexer: &mut Lexer<'_>) -> Option<Vec<u8>> {
    let mut id = Vec::new();
    let mut at_signs = 0;
    loop {
        lexer.skip_cfws();
        match lexer.peek()? {
            b'>' => {
                lexer.bump();
                let is_whole = at_signs == 1 && !id.starts_with(b"@") && !id.ends_with(b"@");
                return is_whole.then_some(id);
            }
            // Another begins, and this one has no end.
            b'<' => return None,
            b'"' => id.extend(lexer.quoted_string()),
            b'@' => {
                lexer.bump();
                at_signs += 1;
                id.push(b'@');
            }
            // Brackets of a domain literal, and what else there is that ought not to be.
            b'[' | b']' | b':' | b';' | b',' | b')' | b'\\' => id.extend(lexer.bump()),
            _ => id.extend_from_slice(lexer.dot_atom()),
        }
    }
}

/// How many Message-IDs of a field count.
pub const MAX_IDS: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(value: &str, wanted: &[&str]) {
        let found: Vec<String> = (message_ids(value.as_bytes()).into_iter())
            .map(|id| String::from_utf8(id).unwrap())
            .collect();
        assert_eq!(found, wanted, "{value}");
    }

    #[test]
    fn spellings_of_one_message_id() {
        // RFC 5256 §3.
        for value in [
            "<01KF8JCEOCBS0045PS@xxx.yyy.com>",
            "<\"01KF8JCEOCBS0045PS\"@xxx.yyy.com>",
            "<01KF8JCEOCBS0045PS@ (a comment) xxx.yyy.com >",
        ] {
            check(value, &["01KF8JCEOCBS0045PS@xxx.yyy.com"]);
        }
    }

    #[test]
    fn fields_that_refer() {
        check("<1@x>\r\n <2@x>,<3@[192.0.2.1]>", &["1@x", "2@x", "3@[192.0.2.1]"]);
        check("Your message of \"Mon\" <a.b$c@x.example>", &["a.b$c@x.example"]);
        check("1@x <2> <@x> <y@> <a@b@c> <3@x", &[]);
        check("<1@x <2@x>", &["2@x"]);
        check("(<1@x>) <2@x>", &["2@x"]);
        assert_eq!(message_ids("<1@x>".repeat(2_000).as_bytes()).len(), MAX_IDS);
    }

    proptest! {
        #[test]
        fn no_octets_are_too_strange(
            octets in prop::collection::vec(prop::sample::select(b"a<>@\"[](),:;\\\0 \xff".to_vec()), 0..60)
        ) {
            message_ids(&octets);
        }
    }
}
