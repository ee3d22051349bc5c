//! Codes of what went wrong.

use crate::proto::smtp::EnhancedStatus;

/// What sort of bounce it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bounce {
    /// The status of the recipient (RFC 3463).
    pub status: Option<EnhancedStatus>,
    /// The reply code of the server that refused, if one did.
    pub code: Option<u16>,
}

impl Bounce {
    /// Of the status and the reason that a note gives.
    pub(super) fn of(status: &str, reason: &str) -> Self {
        Bounce { status: status.parse().ok(), code: said(reason) }
    }
}

/// The code that a reply begins with.
pub(super) fn code(reply: &str) -> Option<u16> {
    let (code, rest) = reply.split_at_checked(3)?;
    let is_over = rest.is_empty() || rest.starts_with([' ', '-']);
    let is_code = is_over && code.bytes().all(|digit| digit.is_ascii_digit());
    code.parse().ok().filter(|_| is_code)
}

/// The code of the reply that a reason tells of: a reply by itself, or what a host said.
fn said(reason: &str) -> Option<u16> {
    let reply = [" said: ", " refused to talk to me: ", " refused to start TLS: ", " reply: "]
        .into_iter()
        .find_map(|before| reason.split_once(before))
        .map_or(reason, |(_, reply)| reply);
    code(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_in_replies_and_reasons() {
        assert_eq!(
            (code("550 5.1.1 no"), code("550"), code("55x no")),
            (Some(550), Some(550), None)
        );
        assert_eq!((code("5501"), code("né"), code("")), (None, None, None));
        let said = "host mx1.example.com[192.0.2.1] said: 552 5.3.4 too big (in reply to MAIL FROM \
                    command)";
        let status = Some(EnhancedStatus::new(5, 3, 4));
        assert_eq!(Bounce::of("5.3.4", said), Bounce { status, code: Some(552) });
        let greeted = "host mx1.example.com[192.0.2.1] refused to talk to me: 554 no";
        assert_eq!(Bounce::of("5.0.0", greeted).code, Some(554));
        let odd =
            "protocol error with mx[192.0.2.1] while sending RCPT TO: unexpected reply: 354 go";
        assert_eq!(Bounce::of("4.5.0", odd).code, Some(354));
        assert_eq!(Bounce::of("5.4.6", "mail for b loops back to myself").code, None);
        assert_eq!(Bounce::of("", "550 no"), Bounce { status: None, code: Some(550) });
    }
}
