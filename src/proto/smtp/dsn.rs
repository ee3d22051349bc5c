//! What a sender asks to be told of: the parameters of the DSN extension (RFC 3461 §4), and xtext.
//!
//! MAIL carries RET and ENVID, RCPT carries NOTIFY and ORCPT. Addresses beyond ASCII have the type
//! `utf-8`, whose two forms RFC 6533 §3 defines; `Display` writes the one that any server can read.
//!
//! Not modelled: address types beside `rfc822` and `utf-8` are kept as text and never looked into.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::str::FromStr;
use std::sync::Arc;

use super::address::{Mailbox, is_atext};

/// `RET=`: how much of the message comes back with a report of failure (RFC 3461 §4.3).
///
/// Reports of other kinds have the header only, whatever this says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ret {
    /// `FULL`: the whole message.
    Full,
    /// `HDRS`: its header.
    Headers,
}

impl fmt::Display for Ret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ret::Full => "FULL",
            Ret::Headers => "HDRS",
        })
    }
}

impl FromStr for Ret {
    type Err = DsnError;
    fn from_str(text: &str) -> Result<Self, DsnError> {
        if text.eq_ignore_ascii_case("FULL") {
            Ok(Ret::Full)
        } else if text.eq_ignore_ascii_case("HDRS") {
            Ok(Ret::Headers)
        } else {
            Err(DsnError::Ret)
        }
    }
}

/// `NOTIFY=`: which news of a recipient the sender wants (RFC 3461 §4.1).
///
/// Without the parameter a server reports failures, and delays as it sees fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Notify {
    /// `SUCCESS`: the message was delivered.
    pub success: bool,
    /// `FAILURE`: it could not be.
    pub failure: bool,
    /// `DELAY`: it is still being tried.
    pub delay: bool,
}

impl Notify {
    /// `NEVER`: no news of any kind.
    pub const NEVER: Notify = Notify { success: false, failure: false, delay: false };

    /// Whether no news is wanted.
    pub fn is_never(self) -> bool {
        self == Notify::NEVER
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_never() {
            return f.write_str("NEVER");
        }
        let all = [(self.success, "SUCCESS"), (self.failure, "FAILURE"), (self.delay, "DELAY")];
        let mut separator = "";
        for (_, name) in all.into_iter().filter(|(wanted, _)| *wanted) {
            write!(f, "{separator}{name}")?;
            separator = ",";
        }
        Ok(())
    }
}

/// `NEVER` stands alone; the others stand in any order, separated by commas.
impl FromStr for Notify {
    type Err = DsnError;
    fn from_str(text: &str) -> Result<Self, DsnError> {
        let mut notify = Notify::NEVER;
        if text.eq_ignore_ascii_case("NEVER") {
            return Ok(notify);
        }
        for word in text.split(',') {
            let is = |name: &str| word.eq_ignore_ascii_case(name);
            if is("SUCCESS") {
                notify.success = true;
            } else if is("FAILURE") {
                notify.failure = true;
            } else if is("DELAY") {
                notify.delay = true;
            } else {
                return Err(DsnError::Notify);
            }
        }
        Ok(notify)
    }
}

/// What a sender asks of all recipients of a message alike. By default nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DsnRequest {
    /// Which news it wants.
    pub notify: Option<Notify>,
    /// How much of the message comes back with a report of failure.
    pub ret: Option<Ret>,
    /// What it calls the transaction.
    pub envid: Option<String>,
}

/// `ORCPT=`: the recipient as the sender first wrote it (RFC 3461 §4.2).
///
/// `Display` and `FromStr` use the form of the parameter, `rfc822;bob+2Btag@example.net`. A field of
/// a report (RFC 3464 §2.3.1) has the same without xtext: [`OriginalRecipient::to_field`]. Cheap to
/// clone, as it is handed on with its recipient everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginalRecipient {
    address_type: Cow<'static, str>,
    address: Arc<str>,
}

impl OriginalRecipient {
    /// The mailbox under the type `rfc822`, or `utf-8` where it goes beyond ASCII.
    pub fn of(mailbox: &Mailbox) -> Self {
        let address_type = if mailbox.is_ascii() { RFC822 } else { "utf-8" };
        OriginalRecipient { address_type: Cow::Borrowed(address_type), address: mailbox.text() }
    }

    /// What kind of address it is, as it came: `rfc822`, `utf-8`, or another registered word.
    pub fn address_type(&self) -> &str {
        &self.address_type
    }

    /// The address, decoded. It need not be of the mail that carries it, nor any mailbox at all.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The value of the field Original-Recipient: `rfc822;bob+tag@example.net`.
    ///
    /// Beyond ASCII where [`OriginalRecipient::is_ascii`] says so: such a field may stand only in a
    /// report of the type `message/global-delivery-status` (RFC 6533 §3).
    pub fn to_field(&self) -> String {
        format!("{};{}", self.address_type, self.address)
    }

    /// Whether the address is of ASCII alone.
    pub fn is_ascii(&self) -> bool {
        self.address.is_ascii()
    }

    fn is_utf8_type(&self) -> bool {
        self.address_type.eq_ignore_ascii_case("utf-8")
    }

    /// Writes it as `Display` does.
    pub(super) fn write(&self, out: &mut (impl Write + ?Sized)) -> fmt::Result {
        out.write_str(&self.address_type)?;
        out.write_str(";")?;
        if self.is_utf8_type() {
            encode_utf8_address(&self.address, out)
        } else {
            encode_xtext(&self.address, out)
        }
    }
}

impl fmt::Display for OriginalRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

/// At most 500 characters (RFC 3461 §4.2).
impl FromStr for OriginalRecipient {
    type Err = DsnError;
    fn from_str(text: &str) -> Result<Self, DsnError> {
        if text.len() > ORCPT_LIMIT {
            return Err(DsnError::OriginalRecipient);
        }
        let (address_type, address) = text.split_once(';').ok_or(DsnError::OriginalRecipient)?;
        // An atom of RFC 5322 §3.2.3.
        let is_atext = |b: u8| b.is_ascii() && is_atext(b);
        if address_type.is_empty() || !address_type.bytes().all(is_atext) {
            return Err(DsnError::OriginalRecipient);
        }
        let utf8 = address_type.eq_ignore_ascii_case("utf-8");
        let address: Arc<str> = match utf8 {
            false if is_plain_xtext(address) => Arc::from(address),
            _ => {
                let decoded =
                    if utf8 { decode_utf8_address(address) } else { decode_xtext(address) };
                let good = |address: &String| match address.is_ascii() {
                    true => !address.bytes().any(|b| b.is_ascii_control()),
                    false => utf8 && !address.chars().any(char::is_control),
                };
                Arc::from(decoded.filter(good).ok_or(DsnError::OriginalRecipient)?)
            }
        };
        if address.is_empty() {
            return Err(DsnError::OriginalRecipient);
        }
        let address_type = match address_type {
            RFC822 => Cow::Borrowed(RFC822),
            other => Cow::Owned(other.to_owned()),
        };
        Ok(OriginalRecipient { address_type, address })
    }
}

/// The value of a DSN parameter is not what RFC 3461 allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DsnError {
    /// `RET` is neither `FULL` nor `HDRS`.
    Ret,
    /// `ENVID` is no xtext of 1 to 100 printable characters.
    EnvId,
    /// `NOTIFY` is neither `NEVER` nor a list of `SUCCESS`, `FAILURE` and `DELAY`.
    Notify,
    /// `ORCPT` is no type, semicolon and address in xtext, or is longer than 500 characters.
    OriginalRecipient,
}

impl DsnError {
    /// The keyword of the parameter.
    pub const fn keyword(self) -> &'static str {
        match self {
            DsnError::Ret => "RET",
            DsnError::EnvId => "ENVID",
            DsnError::Notify => "NOTIFY",
            DsnError::OriginalRecipient => "ORCPT",
        }
    }
}

impl fmt::Display for DsnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DsnError::Ret => "RET is neither FULL nor HDRS",
            DsnError::EnvId => "ENVID is no xtext of 1 to 100 printable characters",
            DsnError::Notify => "NOTIFY is neither NEVER nor a list of SUCCESS, FAILURE, DELAY",
            DsnError::OriginalRecipient => "ORCPT is no type;address in xtext",
        })
    }
}

impl std::error::Error for DsnError {}

/// The decoded value of `ENVID=`: printable ASCII, at most 100 characters (RFC 3461 §4.4).
///
/// # Errors
///
/// [`DsnError::EnvId`] where it is not.
pub fn parse_envid(value: &str) -> Result<String, DsnError> {
    let printable = |text: &String| text.bytes().all(|b| matches!(b, b' '..=b'~'));
    match value.len() {
        1..=ENVID_LIMIT => decode_xtext(value).filter(printable).ok_or(DsnError::EnvId),
        _ => Err(DsnError::EnvId),
    }
}

/// Decodes xtext (RFC 3461 §4): `+` and two hexadecimal digits stand for an octet that may not
/// stand itself.
///
/// `None` where it is no xtext, or the octets are no UTF-8. Small digits are taken as well, as
/// Postfix does.
pub fn decode_xtext(value: &str) -> Option<String> {
    if is_plain_xtext(value) {
        return Some(value.to_owned());
    }
    let mut plain = Vec::with_capacity(value.len());
    let mut octets = value.bytes();
    while let Some(b) = octets.next() {
        plain.push(match b {
            b'+' => hex(octets.next()?)? << 4 | hex(octets.next()?)?,
            b if is_itself(b) => b,
            _ => return None,
        });
    }
    String::from_utf8(plain).ok()
}

/// Whether an octet stands for itself in xtext.
fn is_itself(b: u8) -> bool {
    matches!(b, b'!'..=b'~') & (b != b'+') & (b != b'=')
}

/// Whether a text is its own xtext.
fn is_plain_xtext(text: &str) -> bool {
    // No early end, so that many octets are looked at in one step.
    text.bytes().fold(true, |all, b| all & is_itself(b))
}

/// Writes `text` in xtext.
///
/// # Errors
///
/// Those of `out`.
pub fn encode_xtext(text: &str, out: &mut (impl Write + ?Sized)) -> fmt::Result {
    if is_plain_xtext(text) {
        return out.write_str(text);
    }
    for b in text.bytes() {
        if is_itself(b) {
            out.write_char(char::from(b))?;
        } else {
            write!(out, "+{b:02X}")?;
        }
    }
    Ok(())
}

/// `utf-8-addr-xtext` or `utf-8-addr-unitext` (RFC 6533 §3): `\x{20AC}` stands for a character, and
/// must for `+`, `=` and `\`. The second has characters beyond ASCII as they are.
fn decode_utf8_address(value: &str) -> Option<String> {
    let mut plain = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        plain.push(match c {
            '\\' => {
                let (digits, after) = rest.strip_prefix("x{")?.split_once('}')?;
                rest = after;
                let hex =
                    matches!(digits.len(), 2..=6) && digits.bytes().all(|b| b.is_ascii_hexdigit());
                char::from_u32(u32::from_str_radix(digits, 16).ok().filter(|_| hex)?)?
            }
            '+' | '=' => return None,
            '!'..='~' => c,
            c if c.is_ascii() => return None,
            c => c,
        });
    }
    Some(plain)
}

/// Writes `utf-8-addr-xtext`, which needs no SMTPUTF8 on its way.
fn encode_utf8_address(text: &str, out: &mut (impl Write + ?Sized)) -> fmt::Result {
    for c in text.chars() {
        match c {
            '+' | '=' | '\\' => write!(out, "\\x{{{:02X}}}", u32::from(c))?,
            '!'..='~' => out.write_char(c)?,
            _ => write!(out, "\\x{{{:02X}}}", u32::from(c))?,
        }
    }
    Ok(())
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    Some(u8::try_from(value).expect("a hexadecimal digit is below 16"))
}

/// The type of nearly all addresses.
const RFC822: &str = "rfc822";

/// Of the decoded and the encoded ENVID alike (RFC 3461 §4.4).
const ENVID_LIMIT: usize = 100;

/// Of the whole ORCPT (RFC 3461 §4.2).
const ORCPT_LIMIT: usize = 500;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check_orcpt(parameter: &str, field: &str) {
        let orcpt: OriginalRecipient = parameter.parse().unwrap_or_else(|e| panic!("{field}: {e}"));
        assert_eq!(orcpt.to_field(), field);
        assert_eq!(orcpt.to_string(), parameter);
    }

    #[test]
    fn original_recipients_of_rfc_3461_decode_and_print() {
        check_orcpt("rfc822;Bob@Example.COM", "rfc822;Bob@Example.COM");
        check_orcpt("rfc822;Carol@Ivory.EDU", "rfc822;Carol@Ivory.EDU");
        check_orcpt("rfc822;a+2Bb+3Dc+20d@example.com", "rfc822;a+b=c d@example.com");
        check_orcpt("x400;/c=us/".replace('=', "+3D").as_str(), "x400;/c=us/");
    }

    #[test]
    fn addresses_beyond_ascii_take_both_forms_of_rfc_6533() {
        check_orcpt("utf-8;b\\x{F3}b\\x{2B}x@example.net", "utf-8;bób+x@example.net");
        let plain: OriginalRecipient = "UTF-8;bób@example.net".parse().unwrap();
        assert_eq!(plain.to_string(), "UTF-8;b\\x{F3}b@example.net");
        assert!(!plain.is_ascii());
        for bad in ["utf-8;a+41", "utf-8;\\x{D800}", "utf-8;\\x{1", "utf-8;\\y", "utf-8;\\x{+41}"] {
            assert!(bad.parse::<OriginalRecipient>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_mailbox_becomes_the_original_recipient() {
        let of = |text: &str| OriginalRecipient::of(&text.parse().unwrap()).to_string();
        assert_eq!(of("bob+tag@example.net"), "rfc822;bob+2Btag@example.net");
        assert_eq!(of("bób@example.net"), "utf-8;b\\x{F3}b@example.net");
    }

    #[test]
    fn mistakes_are_refused() {
        let long = format!("rfc822;{}", "a".repeat(500));
        for bad in ["", "rfc822", "rfc822;", ";a@b", "r f;a", "rfc822;a+4", "rfc822;a+0A", &long] {
            assert!(bad.parse::<OriginalRecipient>().is_err(), "{bad}");
        }
        for bad in ["", "NEVER,FAILURE", "SUCCESS,", "ALWAYS", "SUCCESS DELAY"] {
            assert_eq!(bad.parse::<Notify>(), Err(DsnError::Notify), "{bad}");
        }
        assert_eq!("HEADERS".parse::<Ret>(), Err(DsnError::Ret));
        for bad in ["", "a b", "a=b", "+0D+0A", &"a".repeat(101)] {
            assert_eq!(parse_envid(bad), Err(DsnError::EnvId), "{bad}");
        }
        assert_eq!(parse_envid("QQ314159+2B"), Ok("QQ314159+".to_owned()));
    }

    #[test]
    fn keywords_are_read_without_case_and_in_any_order() {
        assert_eq!("full".parse(), Ok(Ret::Full));
        assert_eq!("delay,Success".parse::<Notify>().unwrap().to_string(), "SUCCESS,DELAY");
        assert_eq!("never".parse(), Ok(Notify::NEVER));
        assert_eq!(Notify::NEVER.to_string(), "NEVER");
    }

    proptest! {
        #[test]
        fn xtext_round_trips(text: String) {
            let mut wire = String::new();
            encode_xtext(&text, &mut wire).unwrap();
            prop_assert!(wire.bytes().all(|b| matches!(b, b'!'..=b'~') && b != b'='));
            prop_assert_eq!(decode_xtext(&wire), Some(text));
        }

        #[test]
        fn utf8_addresses_round_trip(text: String) {
            let mut wire = String::new();
            encode_utf8_address(&text, &mut wire).unwrap();
            prop_assert!(wire.is_ascii());
            prop_assert_eq!(decode_utf8_address(&wire), Some(text));
        }

        #[test]
        fn arbitrary_text_never_panics(text: String, rest in "[x{}0-9A-F\\\\+;é]{0,20}") {
            for text in [text, format!("utf-8;{rest}"), format!("rfc822;{rest}")] {
                let _ = decode_xtext(&text);
                let _ = text.parse::<Notify>();
                if let Ok(orcpt) = text.parse::<OriginalRecipient>() {
                    let printed = orcpt.to_string();
                    prop_assert!(printed.is_ascii());
                    if printed.len() <= ORCPT_LIMIT {
                        prop_assert_eq!(printed.parse(), Ok(orcpt));
                    }
                }
            }
        }
    }
}
