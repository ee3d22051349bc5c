//! What FETCH responses tell of messages (RFC 3501 §7.4.2).

use bytes::Bytes;

use super::response::{FetchedItem, Value};
use super::{ImapClient, ImapClientEvent, ImapFailure, ImapTask, Out, Overview, Stage, State};
use crate::proto::imap::number::Uid;

impl ImapClient {
    pub(super) fn fetched(
        &mut self,
        sequence: u32,
        items: &[FetchedItem<'_>],
        text: &Bytes,
        out: &mut Out,
    ) -> Result<(), ImapFailure> {
        let place = sequence.checked_sub(1).ok_or(ImapFailure::Nonsense)? as usize;
        let item = |name| items.iter().find(|item| item.is(name)).map(|item| &item.value);
        if let Some(uid) = item("UID").and_then(Value::number).and_then(Uid::new)
            && place < MAX_REMEMBERED
        {
            if place >= self.uids.len() {
                self.uids.resize(place + 1, None);
            }
            self.uids[place] = Some(uid);
        }
        let uid = self.uids.get(place).copied().flatten();
        if let (Some(uid), Some(data)) = (uid, item("BODY[]").and_then(Value::string)) {
            // A literal is a slice of the response; a quoted string, and only one with escapes, is
            // perhaps none.
            let within = text.as_ptr_range().contains(&data.as_ptr());
            let data = if within { text.slice_ref(data) } else { Bytes::copy_from_slice(data) };
            out.event(ImapClientEvent::Message { uid, data });
        }
        let Some(flags) = item("FLAGS").map(Value::flags) else { return Ok(()) };
        match (&mut self.state, uid, item("ENVELOPE")) {
            (
                State::Working {
                    task: ImapTask::FetchNew { since, .. },
                    stage: Stage::Overviews(new),
                    ..
                },
                Some(uid),
                Some(envelope),
            ) => {
                // `n:*` names the last message also where it is not new (RFC 3501 §6.4.8).
                if uid >= *since {
                    new.push(uid);
                    let size_octets = item("RFC822.SIZE").and_then(Value::number).unwrap_or(0);
                    let overview = Overview { flags, size_octets, ..overview(envelope) };
                    out.event(ImapClientEvent::Overview { uid, overview });
                }
            }
            _ => out.event(ImapClientEvent::Flags { sequence, uid, flags }),
        }
        Ok(())
    }
}

/// What an ENVELOPE (RFC 3501 §7.4.2) says, but for flags and size.
fn overview(envelope: &Value<'_>) -> Overview {
    let fields = envelope.list();
    let text = |value: Option<&Value<'_>>| {
        let octets = value.and_then(Value::string)?;
        Some(String::from_utf8_lossy(octets).into_owned())
    };
    let from = fields.get(2).and_then(|list| list.list().first()).and_then(|address| {
        let address = address.list();
        Some(format!("{}@{}", text(address.get(2))?, text(address.get(3))?))
    });
    Overview {
        subject: text(fields.get(1)),
        from,
        message_id: text(fields.get(9)),
        ..Overview::default()
    }
}

/// Beyond this message sequence number, UIDs are not remembered.
const MAX_REMEMBERED: usize = 1 << 20;
