//! The ESMTP parameters of MAIL and RCPT (RFC 5321 §4.1.1.11), parsed and written.
//!
//! SIZE (RFC 1870), BODY (RFC 6152), AUTH (RFC 4954), RET, ENVID, NOTIFY and ORCPT (RFC 3461),
//! SMTPUTF8 (RFC 6531).
//!
//! Not modelled: `BODY=BINARYMIME` (RFC 3030), which Postfix does not offer either; XVERP, MT-PRIORITY,
//! and other extensions that it does not have.

use std::fmt::{self, Write};

use super::address::{AddressError, ReversePath};
use super::command::CommandError;
use super::dsn::{self, DsnError, Notify, OriginalRecipient, Ret};
use crate::proto::decimal;

/// The ESMTP parameters of MAIL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailParams {
    /// `SIZE=`: how many octets the message will have, its CRLFs counted (RFC 1870).
    pub size_octets: Option<u64>,
    /// `BODY=` (RFC 6152).
    pub body: Option<Body>,
    /// `AUTH=`: who submitted the message first; the null path for `<>` (RFC 4954 §5).
    pub auth: Option<ReversePath>,
    /// `RET=`: how much of the message a report of failure brings back (RFC 3461 §4.3).
    pub ret: Option<Ret>,
    /// `ENVID=`, decoded: what the sender calls this message in reports (RFC 3461 §4.4).
    pub envid: Option<String>,
    /// `SMTPUTF8`: addresses, or the header, may go beyond ASCII (RFC 6531 §3.4).
    pub smtputf8: bool,
}

/// What octets a message may contain: the parameter `BODY=` of MAIL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// `7BIT`.
    SevenBit,
    /// `8BITMIME`.
    EightBitMime,
}

/// The ESMTP parameters of RCPT.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RcptParams {
    /// `NOTIFY=`: which news of this recipient the sender wants (RFC 3461 §4.1).
    pub notify: Option<Notify>,
    /// `ORCPT=`: how the sender first wrote the recipient (RFC 3461 §4.2).
    pub orcpt: Option<OriginalRecipient>,
}

impl MailParams {
    /// Whether there is a parameter of the DSN extension.
    pub fn asks_for_dsn(&self) -> bool {
        self.ret.is_some() || self.envid.is_some()
    }

    /// `rest` is what follows the path.
    pub(super) fn parse(rest: &str) -> Result<Self, CommandError> {
        let mut params = MailParams::default();
        for (keyword, value) in split(rest).map_err(CommandError::ReversePath)? {
            let is = |name: &str| keyword.eq_ignore_ascii_case(name);
            if is("SIZE") {
                set(&mut params.size_octets, parse_size(value), "SIZE")?;
            } else if is("BODY") {
                set(&mut params.body, parse_body(value), "BODY")?;
            } else if is("AUTH") {
                set(&mut params.auth, parse_auth(value), "AUTH")?;
            } else if is("RET") {
                set(&mut params.ret, value.and_then(|value| value.parse().ok()), "RET")?;
            } else if is("ENVID") {
                let envid = value.and_then(|value| dsn::parse_envid(value).ok());
                set(&mut params.envid, envid, DsnError::EnvId.keyword())?;
            } else if is("SMTPUTF8") {
                if params.smtputf8 || value.is_some() {
                    return Err(CommandError::BadParameter("SMTPUTF8"));
                }
                params.smtputf8 = true;
            } else {
                return Err(unknown(keyword, value));
            }
        }
        Ok(params)
    }

    /// Writes them as `Display` does.
    pub(super) fn write(&self, out: &mut (impl Write + ?Sized)) -> fmt::Result {
        if let Some(size) = self.size_octets {
            out.write_str(" SIZE=")?;
            decimal::write_number(size, out)?;
        }
        match self.body {
            Some(Body::SevenBit) => out.write_str(" BODY=7BIT")?,
            Some(Body::EightBitMime) => out.write_str(" BODY=8BITMIME")?,
            None => {}
        }
        if self.smtputf8 {
            out.write_str(" SMTPUTF8")?;
        }
        match &self.auth {
            Some(ReversePath::Null) => out.write_str(" AUTH=<>")?,
            Some(ReversePath::Mailbox(mailbox)) => {
                out.write_str(" AUTH=")?;
                dsn::encode_xtext(mailbox.as_str(), out)?;
            }
            None => {}
        }
        if let Some(ret) = self.ret {
            write!(out, " RET={ret}")?;
        }
        if let Some(envid) = &self.envid {
            out.write_str(" ENVID=")?;
            dsn::encode_xtext(envid, out)?;
        }
        Ok(())
    }
}

impl RcptParams {
    /// Whether there is a parameter of the DSN extension.
    pub fn asks_for_dsn(&self) -> bool {
        self.notify.is_some() || self.orcpt.is_some()
    }

    /// `rest` is what follows the path.
    pub(super) fn parse(rest: &str) -> Result<Self, CommandError> {
        let mut params = RcptParams::default();
        for (keyword, value) in split(rest).map_err(CommandError::ForwardPath)? {
            let is = |name: &str| keyword.eq_ignore_ascii_case(name);
            if is("NOTIFY") {
                set(&mut params.notify, value.and_then(|value| value.parse().ok()), "NOTIFY")?;
            } else if is("ORCPT") {
                set(&mut params.orcpt, value.and_then(|value| value.parse().ok()), "ORCPT")?;
            } else {
                return Err(unknown(keyword, value));
            }
        }
        Ok(params)
    }

    /// Writes them as `Display` does.
    pub(super) fn write(&self, out: &mut (impl Write + ?Sized)) -> fmt::Result {
        if let Some(notify) = self.notify {
            write!(out, " NOTIFY={notify}")?;
        }
        if let Some(orcpt) = &self.orcpt {
            out.write_str(" ORCPT=")?;
            orcpt.write(out)?;
        }
        Ok(())
    }
}

/// Each parameter with a space before it.
impl fmt::Display for MailParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

/// Each parameter with a space before it.
impl fmt::Display for RcptParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

/// `keyword[=value]`, each after a space.
fn split(rest: &str) -> Result<impl Iterator<Item = (&str, Option<&str>)>, AddressError> {
    if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
        return Err(AddressError::BadPath);
    }
    let words = rest.split_ascii_whitespace();
    Ok(words.map(|word| match word.split_once('=') {
        Some((keyword, value)) => (keyword, Some(value)),
        None => (word, None),
    }))
}

/// A parameter may be given once, with a value that can be read.
fn set<T>(
    parameter: &mut Option<T>,
    value: Option<T>,
    keyword: &'static str,
) -> Result<(), CommandError> {
    match value.map(|value| parameter.replace(value)) {
        Some(None) => Ok(()),
        Some(Some(_)) | None => Err(CommandError::BadParameter(keyword)),
    }
}

fn unknown(keyword: &str, value: Option<&str>) -> CommandError {
    let whole = match value {
        Some(value) => format!("{keyword}={value}"),
        None => keyword.to_owned(),
    };
    CommandError::UnknownParameter(whole)
}

/// At most 20 digits (RFC 1870 §5). A size too large for us is as good as the largest.
fn parse_size(value: Option<&str>) -> Option<u64> {
    let digits = value?;
    let good = matches!(digits.len(), 1..=20) && digits.bytes().all(|b| b.is_ascii_digit());
    good.then(|| digits.parse().unwrap_or(u64::MAX))
}

fn parse_body(value: Option<&str>) -> Option<Body> {
    let value = value?;
    if value.eq_ignore_ascii_case("7BIT") {
        Some(Body::SevenBit)
    } else if value.eq_ignore_ascii_case("8BITMIME") {
        Some(Body::EightBitMime)
    } else {
        None
    }
}

/// `<>`, or a mailbox in xtext (RFC 4954 §5).
fn parse_auth(value: Option<&str>) -> Option<ReversePath> {
    match value? {
        "<>" => Some(ReversePath::Null),
        xtext => dsn::decode_xtext(xtext)?.parse().ok().map(ReversePath::Mailbox),
    }
}
