//! The words with which real systems keep strangers out.

use crate::proto::smtp::Reply;
use crate::scenario::format::policy::{Reply as ReplyFormat, ReplyPreset};
use crate::scenario::plan::ReplyText;

/// The reply that the file asks for; by default Postfix's.
pub(super) fn reply_text(reply: Option<&ReplyFormat>) -> ReplyText {
    let preset = match reply {
        Some(ReplyFormat::Own(own)) => {
            return ReplyText {
                code: own.code,
                status: own.status.clone(),
                text: own.text.clone(),
            };
        }
        Some(ReplyFormat::Preset(preset)) => *preset,
        None => ReplyPreset::Postfix,
    };
    let (code, status, text) = match preset {
        ReplyPreset::ExchangeGroup => (550, "5.7.133", EXCHANGE_GROUP),
        ReplyPreset::ExchangeMailbox => (550, "5.7.134", EXCHANGE_MAILBOX),
        ReplyPreset::ExchangeAuthRequired => (550, "5.7.1", EXCHANGE_AUTH_REQUIRED),
        ReplyPreset::GoogleWorkspace => (550, "5.7.1", GOOGLE_WORKSPACE),
        ReplyPreset::GoogleGroups => (550, "5.7.1", GOOGLE_GROUPS),
        ReplyPreset::Postfix => (554, "5.7.1", POSTFIX),
    };
    ReplyText { code, status: status.into(), text: text.into() }
}

/// What is wrong with a reply of one's own: its key, and what would be right.
pub(super) fn refuse(reply: &ReplyText) -> Option<(&'static str, &'static str)> {
    if !Reply::is_code(reply.code) {
        return Some(("code", "a reply code of SMTP, as 550: its second digit is 0 to 5"));
    }
    let mut parts = reply.status.split('.');
    let class = parts.next().and_then(|class| class.parse::<u16>().ok());
    let is_number = |part: &str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|octet| octet.is_ascii_digit())
    };
    if parts.clone().count() != 2 || !parts.all(is_number) {
        return Some(("status", "three numbers with dots, as \"5.7.1\" (RFC 3463)"));
    }
    if class != Some(reply.code / 100) {
        return Some(("status", "its first number is that of the code (RFC 2034 §4)"));
    }
    let is_plain = |octet: u8| octet == b' ' || octet.is_ascii_graphic();
    if !reply.text.bytes().all(is_plain) || reply.text.len() > 400 {
        return Some(("text", "one line of printable ASCII, at most 400 octets"));
    }
    None
}

const EXCHANGE_GROUP: &str = "RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication \
    required; Delivery restriction check failed because the sender was not authenticated when \
    sending to this group";
const EXCHANGE_MAILBOX: &str = "RESOLVER.RST.SenderNotAuthenticatedForMailbox; authentication \
    required; Delivery restriction check failed because the sender was not authenticated when \
    sending to this mailbox";
const EXCHANGE_AUTH_REQUIRED: &str = "RESOLVER.RST.AuthRequired; authentication required";
const GOOGLE_WORKSPACE: &str = "The user or domain that you are sending to (or from) has a policy \
    that prohibited the mail that you sent. Please contact your domain administrator for further \
    details.";
const GOOGLE_GROUPS: &str = "We're writing to let you know that the group you tried to contact \
    ({recipient}) may not exist, or you may not have permission to post messages to the group.";
const POSTFIX: &str = "<{recipient}>: Recipient address rejected: Access denied";
