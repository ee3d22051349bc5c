use super::super::header::{Header, Message};
use super::*;
use proptest::prelude::*;

/// Reads `value`, and writes it as one line.
fn check(value: &str, wanted: Result<&str, AuthenticationResultsError>) {
    let found = AuthenticationResults::parse(value.as_bytes());
    let line = found.map(|found| {
        let field = found.to_string();
        let value = field.strip_prefix("Authentication-Results: ").unwrap();
        value.strip_suffix("\r\n").unwrap().replace("\r\n\t", " ").replace("  ", " ")
    });
    assert_eq!(line, wanted.map(str::to_owned), "{value}");
}

#[test]
fn the_examples_of_rfc_8601_appendix_b() {
    check(" example.org 1; none", Ok("example.org; none"));
    check(
        " example.com;\r\n          spf=pass smtp.mailfrom=example.net",
        Ok("example.com; spf=pass smtp.mailfrom=example.net"),
    );
    let text = "example.com; auth=pass (cram-md5) smtp.auth=sender@example.net; \
                spf=pass smtp.mailfrom=example.net";
    check(text, Ok(text));
    let text = "example.com; iprev=pass policy.iprev=192.0.2.200";
    check(text, Ok(text));
    let text = "example.com; dkim=pass reason=\"good signature\" \
                header.i=@mail-router.example.net; dkim=fail reason=\"bad signature\" \
                header.i=@newyork.example.com";
    check(text, Ok(text));
    // Appendix C shows what comments may do.
    check(
        "foo.example.net (foobar) 1 (baz);\r\n    dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n      policy (A dot can go here) . (like that) expired\r\n      (this surprised me) = (as I wasn't expecting it) 1362471462",
        Ok("foo.example.net; dkim=fail policy.expired=1362471462"),
    );
}

#[test]
fn what_others_write_is_read() {
    check(
        "mx.google.com; dkim=pass header.i=@a.example header.s=x header.b=\"ab/c=\"; \
         dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=a.example",
        Ok("mx.google.com; dkim=pass header.i=@a.example header.s=x header.b=\"ab/c=\"; \
            dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=a.example"),
    );
    check("a; dkim=pass header.b=ab/c=;", Err(AuthenticationResultsError::Syntax { after: 1 }));
    check("a; dkim=pass header.b=ab/c=", Ok("a; dkim=pass header.b=\"ab/c=\""));
    check("a; spf=hardfail; dkim/2=pass; iprev=pass", Ok("a; iprev=pass"));
}

#[test]
fn what_does_not_follow_the_grammar_is_refused() {
    use AuthenticationResultsError::{NoAuthservId, Syntax, Version};
    check("", Err(NoAuthservId));
    check("(a) ; spf=pass", Err(NoAuthservId));
    check("a 2; spf=pass", Err(Version));
    check("a", Err(Syntax { after: 0 }));
    check("a; spf", Err(Syntax { after: 0 }));
    check("a; spf=pass; x", Err(Syntax { after: 1 }));
    check("a; spf=pass smtp", Err(Syntax { after: 0 }));
    check("a; spf=pass foo=bar", Err(Syntax { after: 0 }));
    check("a b; spf=pass", Err(Syntax { after: 0 }));
}

#[test]
fn long_results_are_folded() {
    let dkim = MethodResult::new("dkim", AuthResult::PermError)
        .with_comment("test mode")
        .with_reason("no key for signature")
        .with_property("header", "d", "example.com")
        .with_property("header", "i", "\"a b\"@example.com")
        .with_property("header", "a", "rsa-sha256");
    let spf = MethodResult::new("spf", AuthResult::SoftFail).with_property(
        "smtp",
        "mailfrom",
        "bob@example.com",
    );
    let results =
        AuthenticationResults { authserv_id: "mx.example.net".into(), results: vec![spf, dkim] };
    assert_eq!(
        results.to_string(),
        "Authentication-Results: mx.example.net;\r\n\
         \tspf=softfail smtp.mailfrom=bob@example.com;\r\n\
         \tdkim=permerror (test mode) reason=\"no key for signature\"\r\n\
         \t header.d=example.com header.i=\"\\\"a b\\\"@example.com\"\r\n\
         \t header.a=rsa-sha256\r\n"
    );
    let field = results.to_string();
    let read = AuthenticationResults::parse(
        Header::new(field.as_bytes()).fields().next().unwrap().raw_value(),
    );
    assert_eq!(read.unwrap().results[1].property("HEADER", "d"), Some("example.com"));
}

#[test]
fn nothing_that_is_handed_in_starts_a_field() {
    let result = MethodResult::new("spf", AuthResult::Fail)
        .with_comment("a)\r\nBcc: b")
        .with_reason("\"x\r\n\r\ny")
        .with_property("smtp", "helo", "a\r\nb; dkim=pass");
    let results = AuthenticationResults { authserv_id: "a\r\nb".into(), results: vec![result] };
    let field = results.to_string();
    assert_eq!(Message::parse(field.as_bytes()).header().fields().count(), 1);
    assert_eq!(Message::parse(field.as_bytes()).body(), b"");
    let read = AuthenticationResults::parse(field.as_bytes()[23..].trim_ascii()).unwrap();
    assert_eq!(read.results.len(), 1);
    assert_eq!(read.results[0].property("smtp", "helo"), Some("a  b; dkim=pass"));
}

#[test]
fn forged_fields_are_taken_away() {
    let strip = |message: &'static str| {
        let stripped = strip_forged(&Bytes::from_static(message.as_bytes()), |id| {
            id.eq_ignore_ascii_case("mx.example.net")
        });
        String::from_utf8(stripped.to_vec()).unwrap()
    };
    assert_eq!(
        strip(
            "A: 1\r\nAuthentication-Results: (x) MX.example.net;\r\n spf=pass\r\nB: 2\r\n\
             authentication-results : \"mx.example.net\" 1; none\r\n\
             Authentication-Results: other.example; spf=pass\r\n\
             Authentication-Results: other.example 2; spf=pass\r\n\r\n\
             Authentication-Results: mx.example.net; none\r\n"
        ),
        "A: 1\r\nB: 2\r\nAuthentication-Results: other.example; spf=pass\r\n\r\n\
         Authentication-Results: mx.example.net; none\r\n"
    );
    assert_eq!(strip("Authentication-Results:mx.example.net"), "");
}

#[test]
fn a_message_without_forged_fields_is_not_copied() {
    let message = Bytes::from_static(b"Authentication-Results: a; none\r\n\r\nx\r\n");
    let stripped = strip_forged(&message, |id| id == "b");
    assert_eq!(stripped.as_ptr(), message.as_ptr());
}

proptest! {
    #[test]
    fn no_octets_are_too_strange(octets in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = AuthenticationResults::parse(&octets);
        let message = [b"Authentication-Results: a;".as_slice(), &octets].concat();
        strip_forged(&message.into(), |id| id == "a");
    }

    #[test]
    fn what_is_written_reads_the_same(
        id in "[a-z.]{1,20}",
        values in prop::collection::vec("[ -~äö]{1,30}", 0..5),
        reason in prop::option::of("[ -~]{1,60}"),
        comment in prop::option::of("[ -'*-\\[\\]-~]{1,60}"),
    ) {
        let mut result = MethodResult::new("dkim", AuthResult::Neutral);
        result.reason = reason;
        result.comment = comment;
        for value in values {
            result = result.with_property("header", "x", value);
        }
        let results = AuthenticationResults { authserv_id: id, results: vec![result] };
        let field = results.to_string();
        let message = Message::parse(field.as_bytes());
        let read = AuthenticationResults::parse(
            message.header().fields().next().unwrap().raw_value(),
        );
        prop_assert_eq!(read, Ok(results));
    }
}
