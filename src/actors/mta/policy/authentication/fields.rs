//! The header fields in which a border MTA tells the servers behind it what it has found out, and
//! how it keeps strangers from writing them.
//!
//! Follows RFC 8601 §5 and RFC 7208 §9.1. That a message belongs into Junk is told by `X-Spam-Flag:
//! YES`, as SpamAssassin and amavis write it; the mailbox server reads it.

use bytes::Bytes;

use crate::actors::mta::config::{DmarcCheck, MtaConfig, SpfCheck};
use crate::proto::dkim::SignatureResult;
use crate::proto::dmarc::{Outcome, Policy};
use crate::proto::mail::{
    AuthResult, AuthenticationResults, Field, Header, MethodResult, authentication_results,
    strip_forged, without_fields,
};
use crate::proto::smtp::MessageText;
use crate::proto::spf::ReceivedSpf;

use super::spf::{Checked, Envelope};

/// What was found out about a message.
pub(super) struct Report<'a> {
    pub(super) config: &'a MtaConfig,
    pub(super) envelope: &'a Envelope,
    pub(super) signatures: &'a [SignatureResult],
    pub(super) outcome: Option<&'a Outcome>,
    /// What is done in the name of the domain in `From`.
    pub(super) enforced: Policy,
}

impl Report<'_> {
    /// The fields, whole lines each, from the top.
    pub(super) fn fields(&self) -> Vec<String> {
        let wanted = &self.config.authentication;
        let mut fields = Vec::new();
        if self.enforced == Policy::Quarantine {
            fields.push(format!("{SPAM_FLAG}: YES\r\n"));
        }
        let authserv_id = self.config.own_domain().to_owned();
        fields.push(AuthenticationResults { authserv_id, results: self.results() }.to_string());
        if let Some(Checked { request, verdict }) = self.envelope.mail_from()
            && wanted.spf != SpfCheck::Off
        {
            let receiver = &self.config.hostname;
            fields.push(ReceivedSpf { request, verdict, receiver }.to_string());
        }
        fields
    }

    fn results(&self) -> Vec<MethodResult> {
        let wanted = &self.config.authentication;
        let mut results = Vec::new();
        if wanted.spf != SpfCheck::Off {
            let checks = [self.envelope.mail_from(), self.envelope.helo()];
            let checks = checks.into_iter().flatten();
            results.extend(checks.map(|checked| checked.verdict.method_result(&checked.request)));
        }
        if wanted.dkim && self.signatures.is_empty() {
            results.push(MethodResult::new("dkim", AuthResult::None));
        }
        results.extend(self.signatures.iter().map(SignatureResult::method_result));
        if wanted.dmarc != DmarcCheck::Off {
            results.extend(self.outcome.map(Outcome::method_result));
        }
        results
    }
}

/// A message of a stranger without the fields that only this domain's servers write: the results
/// that claim to be its own, and the mark for Junk. The same slice where it has none.
pub(in crate::actors::mta) fn without_foreign_marks(
    message: MessageText,
    config: &MtaConfig,
) -> MessageText {
    // Most have none, and keep the room that they have on top.
    let may_be_foreign =
        |field: Field<'_>| field.is(SPAM_FLAG) || field.is(authentication_results::FIELD_NAME);
    if !Header::new(&message).fields().any(may_be_foreign) {
        return message;
    }
    let own = config.own_domain();
    let is_own = |id: &str| id.eq_ignore_ascii_case(own) || config.domain(id).is_some();
    let message = Bytes::from(message);
    let honest = strip_forged(&message, is_own);
    let clean = without_fields(&honest, |field| field.is(SPAM_FLAG));
    // So that nobody else holds it, and it need not be copied.
    drop((message, honest));
    clean.into()
}

/// By which a filter, and this server, tells that a message is spam. The first one counts.
pub(in crate::actors::mta) const SPAM_FLAG: &str = "X-Spam-Flag";
