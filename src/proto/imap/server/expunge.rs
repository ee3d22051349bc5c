//! EXPUNGE (RFC 3501 §6.4.3), and UID EXPUNGE of RFC 4315.

use super::super::backend::Backend;
use super::super::flags::SystemFlag;
use super::super::message::Message;
use super::super::number::Uid;
use super::super::sequence::{NumberSet, SequenceSet};
use super::view::View;

/// Removes what is `\Deleted` and known to the client; of these messages only, where some are
/// named. Whether any went.
pub(super) fn expunge(view: &View, only: Option<&SequenceSet>, backend: &mut impl Backend) -> bool {
    let largest = view.uids().last().map_or(0, |uid| uid.get());
    let only = only.map(|set| match set.is_saved() {
        true => NumberSet::of(&view.saved),
        false => set.resolve(largest),
    });
    let goes = |message: &&Message| {
        message.flags.contains(SystemFlag::Deleted)
            && message.uid < view.uid_next()
            && only.as_ref().is_none_or(|set| set.contains(message.uid.get()))
    };
    let deleted: Vec<Uid> =
        backend.messages(view.mailbox).iter().filter(goes).map(|message| message.uid).collect();
    backend.expunge(view.mailbox, &deleted);
    !deleted.is_empty()
}
