//! The trace field that tells what became of a check (RFC 7208 §9.1).
//!
//! A sender or HELO name is written as it came: a server takes none of more than a few hundred
//! octets (RFC 5321 §4.5.3.1), so that each line stays within what a line may have.

use std::fmt;

use super::request::{Identity, Request};
use super::verdict::{SpfResult, Verdict};

/// A `Received-SPF` field. `Display` writes it folded, with its line end.
///
/// What the peer or a record said is quoted, and what cannot be in a quoted string is `?`.
#[derive(Debug, Clone, Copy)]
pub struct ReceivedSpf<'a> {
    /// What was asked.
    pub request: &'a Request,
    /// What came of it.
    pub verdict: &'a Verdict,
    /// The host that checked.
    pub receiver: &'a str,
}

impl fmt::Display for ReceivedSpf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ReceivedSpf { request, verdict, receiver } = self;
        write!(f, "Received-SPF: {}\r\n\t({})", verdict.result, self.comment())?;
        write!(f, "\r\n\treceiver={};", Value(receiver))?;
        write!(f, " identity={};", request.identity.as_str())?;
        write!(f, " client-ip={};", Value(&request.client.to_string()))?;
        write!(f, "\r\n\tenvelope-from={}; helo={}", Value(&self.sender()), Value(&request.helo))?;
        if let Some(directive) = &verdict.directive {
            write!(f, ";\r\n\tmechanism={}", Value(cut(directive)))?;
        }
        if let Some(problem) = &verdict.problem {
            write!(f, ";\r\n\tproblem={}", Value(cut(&problem.to_string())))?;
        }
        f.write_str("\r\n")
    }
}

impl ReceivedSpf<'_> {
    /// What people read; the words are those of the RFC's examples.
    fn comment(&self) -> String {
        let client = self.request.client;
        let who = match self.request.identity {
            Identity::MailFrom => format!("domain of {}", Comment(&self.sender())),
            Identity::Helo => format!("domain {}", Comment(&self.request.helo)),
        };
        let says = match self.verdict.result {
            SpfResult::Pass => format!("{who} designates {client} as permitted sender"),
            SpfResult::Fail => format!("{who} does not designate {client} as permitted sender"),
            SpfResult::SoftFail => {
                format!("{who} does not designate {client} as permitted sender, in transition")
            }
            SpfResult::Neutral => format!("{who} neither permits nor denies {client}"),
            SpfResult::None => format!("{who} does not designate permitted senders"),
            SpfResult::TempError => format!("error in look-ups for {who}"),
            SpfResult::PermError => format!("{who} has a record that cannot be evaluated"),
        };
        format!("{}: {says}", Comment(self.receiver))
    }

    fn sender(&self) -> String {
        self.request.sender()
    }
}

/// As much of what a record says as a line holds.
fn cut(text: &str) -> &str {
    text.char_indices().nth(MAX_CHARS).map_or(text, |(end, _)| &text[..end])
}

/// A line has at most 998 octets (RFC 5322 §2.1.1), and each character here may take two.
const MAX_CHARS: usize = 300;

/// A dot-atom, or a quoted string (RFC 5322 §3.2.3 and §3.2.4).
struct Value<'a>(&'a str);

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_atom = |atom: &str| {
            let is_atext = |octet: u8| {
                octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&octet)
            };
            !atom.is_empty() && atom.bytes().all(is_atext)
        };
        if self.0.split('.').all(is_atom) {
            return f.write_str(self.0);
        }
        f.write_str("\"")?;
        for char in self.0.chars() {
            match char {
                '"' | '\\' => write!(f, "\\{char}")?,
                ' '..='~' => write!(f, "{char}")?,
                _ => f.write_str("?")?,
            }
        }
        f.write_str("\"")
    }
}

/// Text inside a comment (RFC 5322 §3.2.2).
struct Comment<'a>(&'a str);

impl fmt::Display for Comment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            match char {
                '(' | ')' | '\\' => write!(f, "\\{char}")?,
                '!'..='~' => write!(f, "{char}")?,
                _ => f.write_str("?")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Problem;
    use super::*;

    #[track_caller]
    fn check(request: &Request, change: impl Fn(&mut Verdict), field: &str) {
        let mut verdict = Verdict {
            result: SpfResult::Pass,
            domain: request.domain.clone(),
            directive: None,
            problem: None,
            explanation: None,
            lookups: 1,
        };
        change(&mut verdict);
        let receiver = "mybox.example.org";
        let written = ReceivedSpf { request, verdict: &verdict, receiver }.to_string();
        assert_eq!(written.replace("\r\n", "\n"), field);
        assert!(written.lines().all(|line| line.len() <= 998));
    }

    fn request() -> Request {
        Request::mail_from([192, 0, 2, 1].into(), "myname@example.com", "foo.example.com")
    }

    #[test]
    fn the_results_of_rfc_7208_section_9_1() {
        check(
            &request(),
            |verdict| verdict.directive = Some("+ip4:192.0.2.0/24".into()),
            "\
Received-SPF: pass
\t(mybox.example.org: domain of myname@example.com designates 192.0.2.1 as permitted sender)
\treceiver=mybox.example.org; identity=mailfrom; client-ip=192.0.2.1;
\tenvelope-from=\"myname@example.com\"; helo=foo.example.com;
\tmechanism=\"+ip4:192.0.2.0/24\"
",
        );
        let fail = |verdict: &mut Verdict| {
            verdict.result = SpfResult::Fail;
            verdict.directive = Some("-all".into());
        };
        let request = Request::helo("2001:db8::1".parse().unwrap(), "foo.example.com");
        check(
            &request,
            fail,
            "\
Received-SPF: fail
\t(mybox.example.org: domain foo.example.com does not designate 2001:db8::1 as permitted sender)
\treceiver=mybox.example.org; identity=helo; client-ip=\"2001:db8::1\";
\tenvelope-from=\"postmaster@foo.example.com\"; helo=foo.example.com;
\tmechanism=-all
",
        );
    }

    #[test]
    fn nothing_that_a_peer_says_leaves_its_place() {
        let path = "a\"\r\nX: (b@example.com";
        let request = Request::mail_from([192, 0, 2, 1].into(), path, "x;)\u{e9}\\");
        let none = |verdict: &mut Verdict| {
            verdict.result = SpfResult::None;
            verdict.problem = Some(Problem::NoRecord);
        };
        check(
            &request,
            none,
            "\
Received-SPF: none
\t(mybox.example.org: domain of a\"??X:?\\(b@example.com does not designate permitted senders)
\treceiver=mybox.example.org; identity=mailfrom; client-ip=192.0.2.1;
\tenvelope-from=\"a\\\"??X: (b@example.com\"; helo=\"x;)?\\\\\";
\tproblem=\"no SPF record\"
",
        );
    }
}
