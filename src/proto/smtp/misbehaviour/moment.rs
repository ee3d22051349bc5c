//! The moments of a session that a rule can name.

use std::fmt;

/// A moment of a session: all but [`Moment::Text`] are those at which the server owes a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// The connection stands, and nothing was said.
    Connect,
    /// EHLO, or LHLO of LMTP.
    Ehlo,
    /// HELO.
    Helo,
    /// STARTTLS.
    StartTls,
    /// AUTH, and not the responses after it.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA, or the first BDAT of a message: the client is about to send the text.
    Data,
    /// So many octets of the text have come, as the wire has them.
    Text,
    /// The whole text has come: the final dot, or the last BDAT.
    EndOfText,
    /// RSET.
    Rset,
    /// NOOP.
    Noop,
    /// VRFY.
    Vrfy,
    /// EXPN.
    Expn,
    /// HELP.
    Help,
    /// QUIT.
    Quit,
}

/// As it follows "at".
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Moment::Connect => "the connection",
            Moment::Ehlo => "EHLO",
            Moment::Helo => "HELO",
            Moment::StartTls => "STARTTLS",
            Moment::Auth => "AUTH",
            Moment::Mail => "MAIL",
            Moment::Rcpt => "RCPT",
            Moment::Data => "DATA",
            Moment::Text => "the text",
            Moment::EndOfText => "the final dot",
            Moment::Rset => "RSET",
            Moment::Noop => "NOOP",
            Moment::Vrfy => "VRFY",
            Moment::Expn => "EXPN",
            Moment::Help => "HELP",
            Moment::Quit => "QUIT",
        })
    }
}
