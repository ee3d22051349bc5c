//! SELECT, for a device that has seen the mailbox before too (RFC 7162 §3.2).

use super::{ImapClient, ImapClientEvent, ImapTask, MailboxSummary, Out, Stage, State};
use crate::engine::SimTime;
use crate::proto::imap::sequence::NumberSet;

impl ImapClient {
    /// SELECT begins: what is known of sequence numbers counts no more.
    pub(super) fn selecting(&mut self, task: &ImapTask) -> Stage {
        self.uids.clear();
        let read_only = matches!(task, ImapTask::Select { read_only: true, .. });
        Stage::Selecting(MailboxSummary { read_only, ..Default::default() })
    }

    /// SELECT with QRESYNC, which is to be enabled once before (RFC 7162 §3.2.5).
    pub(super) fn resync(&mut self, now: SimTime, task: ImapTask, out: &mut Out) {
        if self.qresync {
            let stage = self.selecting(&task);
            let command = self.send(now, out, |writer| {
                writer.resync(&task);
            });
            self.state = State::Working { command, task, stage };
        } else {
            let command = self.send(now, out, |writer| {
                writer.text("ENABLE QRESYNC");
            });
            self.state = State::Working { command, task, stage: Stage::Enabling };
        }
    }

    /// Messages are gone, by UID. Those that went before SELECT have no sequence numbers any more.
    pub(super) fn vanished(&mut self, earlier: bool, uids: NumberSet, out: &mut Out) {
        if !earlier {
            self.uids.retain(|uid| uid.is_none_or(|uid| !uids.contains(uid.get())));
        }
        out.event(ImapClientEvent::Vanished { uids });
    }
}
