//! What a server says that it can (RFC 3501 §7.2.1), as far as a client session uses it.

use crate::proto::sasl::Mechanism;

/// The capabilities that matter here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Capabilities {
    pub(super) starttls: bool,
    pub(super) login_disabled: bool,
    /// In the server's order.
    pub(super) mechanisms: Vec<Mechanism>,
    /// Responses may come with AUTHENTICATE (RFC 4959).
    pub(super) sasl_ir: bool,
    /// Literals of any size need not wait (RFC 7888).
    pub(super) literal_plus: bool,
    pub(super) idle: bool,
    pub(super) condstore: bool,
    pub(super) qresync: bool,
}

impl Capabilities {
    /// Reads the words of a CAPABILITY response.
    pub(super) fn parse(words: &str) -> Self {
        let mut found = Capabilities::default();
        for word in words.split(' ') {
            let is = |name: &str| word.eq_ignore_ascii_case(name);
            if is("STARTTLS") {
                found.starttls = true;
            } else if is("LOGINDISABLED") {
                found.login_disabled = true;
            } else if is("SASL-IR") {
                found.sasl_ir = true;
            } else if is("LITERAL+") {
                found.literal_plus = true;
            } else if is("IDLE") {
                found.idle = true;
            } else if is("CONDSTORE") {
                found.condstore = true;
            } else if is("QRESYNC") {
                // It includes the other (RFC 7162 §3.2.3).
                (found.condstore, found.qresync) = (true, true);
            } else if is("IMAP4rev2") {
                // It has these built in (RFC 9051 appendix E).
                (found.sasl_ir, found.idle) = (true, true);
            } else if let Some((key, name)) = word.split_once('=')
                && key.eq_ignore_ascii_case("AUTH")
            {
                found.mechanisms.extend(name.parse::<Mechanism>().ok());
            }
        }
        found
    }
}
