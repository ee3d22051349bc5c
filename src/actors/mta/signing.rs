//! DKIM signatures in the name of the domains that an MTA serves (RFC 6376 §5).
//!
//! Signed is what is made here: what users submit, and what servers write by themselves. Mail that
//! passes through is not touched: who sent it has signed it, or has not.

use bytes::Bytes;

use crate::engine::UnixTime;
use crate::proto::dkim::TagList;
use crate::proto::dmarc::author_domains;
use crate::proto::dns::Name;
use crate::proto::mail::{Header, prepend};

use super::config::MtaConfig;

/// The message with the signatures of its author domain on top: of the domain in `From`, or of the
/// nearest one above it that signs.
///
/// The same slice where no such domain signs, or where the message has a signature of it already.
pub(super) fn sign_for_author(config: &MtaConfig, message: Bytes, now: UnixTime) -> Bytes {
    if config.signers.is_empty() {
        return message;
    }
    let Ok(authors) = author_domains(Header::new(&message)) else { return message };
    let signing = authors
        .iter()
        .find_map(|author| author.ancestors().find(|name| config.signers.contains_key(name)));
    match signing {
        Some(domain) if !is_signed(Header::new(&message), &domain) => {
            sign_for(config, &domain, message, now)
        }
        _ => message,
    }
}

/// The message with the signatures of `domain` on top, whoever wrote it and signed it before: for
/// what a mailing list sends on, which may have broken a signature of its own domain.
pub(super) fn sign_for(config: &MtaConfig, domain: &Name, message: Bytes, now: UnixTime) -> Bytes {
    let Some(signers) = config.signers.get(domain) else { return message };
    let fields: String = signers.iter().map(|signer| signer.sign(&message, now)).collect();
    prepend(fields, &message)
}

fn is_signed(header: Header<'_>, domain: &Name) -> bool {
    header.all("DKIM-Signature").any(|field| {
        let tags = TagList::parse(field.raw_value());
        let value = tags.ok().and_then(|tags| tags.value("d").map(<[u8]>::to_vec));
        let name = value.and_then(|value| String::from_utf8_lossy(&value).parse::<Name>().ok());
        name.is_some_and(|name| name == *domain)
    })
}
