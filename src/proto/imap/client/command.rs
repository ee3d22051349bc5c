//! The commands of a client session in the pieces in which they may be sent.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::super::mailbox_name::MailboxName;
use super::super::number::Uid;
use super::super::parse::is_astring_char;
use super::super::response::is_quotable;
use super::super::sequence::SequenceSet;
use super::super::store_command::FlagChange;
use super::task::ImapTask;

/// Writes a command. Where a synchronizing literal stands, the piece ends: the next may be sent
/// when the server asks for it (RFC 3501 §4.3).
#[derive(Debug)]
pub(super) struct CommandWriter {
    pieces: VecDeque<Bytes>,
    text: BytesMut,
    /// Whether the server takes non-synchronizing literals (RFC 7888).
    literal_plus: bool,
}

impl CommandWriter {
    /// A command with its tag and a space.
    pub(super) fn new(tag: &str, literal_plus: bool) -> CommandWriter {
        let mut writer =
            CommandWriter { pieces: VecDeque::new(), text: BytesMut::new(), literal_plus };
        writer.text(tag).text(" ");
        writer
    }

    /// Adds words that need no quoting.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.text.extend_from_slice(text.as_bytes());
        self
    }

    /// Adds a space and an `astring`.
    pub(super) fn argument(&mut self, text: &str) -> &mut Self {
        self.text(" ");
        let octets = text.as_bytes();
        if !octets.is_empty() && octets.iter().all(|octet| is_astring_char(*octet)) {
            self.text(text);
        } else if is_quotable(octets) {
            self.text("\"");
            self.text(&text.replace('\\', "\\\\").replace('"', "\\\""));
            self.text("\"");
        } else {
            self.literal(Bytes::copy_from_slice(octets));
        }
        self
    }

    /// Adds a literal, which is not copied.
    pub(super) fn literal(&mut self, octets: Bytes) -> &mut Self {
        let plus = if self.literal_plus { "+" } else { "" };
        self.text(&format!("{{{}{plus}}}\r\n", octets.len()));
        self.pieces.push_back(self.text.split().freeze());
        self.pieces.push_back(octets);
        self
    }

    /// The pieces: what stands before a literal, the literal, and so on. The last ends the line.
    pub(super) fn finish(mut self) -> VecDeque<Bytes> {
        self.text("\r\n");
        self.pieces.push_back(self.text.freeze());
        self.pieces
    }

    fn mailbox(&mut self, mailbox: &MailboxName) -> &mut Self {
        self.argument(&mailbox.encode())
    }

    /// Adds the command with which a task starts.
    pub(super) fn task(&mut self, task: &ImapTask) -> &mut Self {
        match task {
            ImapTask::Select { mailbox, read_only: false } => self.text("SELECT").mailbox(mailbox),
            ImapTask::Select { mailbox, read_only: true } => self.text("EXAMINE").mailbox(mailbox),
            ImapTask::Resync { mailbox, .. } => self.text("SELECT").mailbox(mailbox),
            ImapTask::FetchChangedFlags { since } => {
                self.text(&format!("UID FETCH 1:* (FLAGS) (CHANGEDSINCE {since})"))
            }
            ImapTask::FetchNew { since, .. } => {
                self.text(&format!("UID FETCH {since}:* (FLAGS RFC822.SIZE ENVELOPE)"))
            }
            ImapTask::FetchBodies { uids, peek } => self.fetch_bodies(uids, *peek),
            ImapTask::FetchFlags => self.text("UID FETCH 1:* (FLAGS)"),
            ImapTask::Store { uids, change, flags } => {
                let sign = match change {
                    FlagChange::Replace => "",
                    FlagChange::Add => "+",
                    FlagChange::Remove => "-",
                };
                self.text(&format!("UID STORE {} {sign}FLAGS ({flags})", set(uids)))
            }
            ImapTask::Copy { uids, mailbox } => {
                self.text(&format!("UID COPY {}", set(uids))).mailbox(mailbox)
            }
            ImapTask::Append { mailbox, flags, data } => {
                self.text("APPEND").mailbox(mailbox);
                self.text(&if flags.is_empty() { " ".into() } else { format!(" ({flags}) ") });
                self.literal(data.clone())
            }
            // A line end would start another command.
            ImapTask::Search { keys } => {
                self.text("UID SEARCH ").text(&keys.replace(['\r', '\n'], " "))
            }
            ImapTask::Create { mailbox } => self.text("CREATE").mailbox(mailbox),
            ImapTask::List { pattern } => self.text("LIST \"\"").argument(pattern),
            ImapTask::Expunge => self.text("EXPUNGE"),
            ImapTask::Noop => self.text("NOOP"),
            ImapTask::Idle => self.text("IDLE"),
            ImapTask::Logout => self.text("LOGOUT"),
        }
    }

    /// Adds the SELECT of a device that has seen the mailbox before (RFC 7162 §3.2.5).
    pub(super) fn resync(&mut self, task: &ImapTask) -> &mut Self {
        let ImapTask::Resync { uid_validity, mod_seq, known, .. } = task else {
            return self.task(task);
        };
        self.task(task).text(&format!(" (QRESYNC ({uid_validity} {mod_seq}"));
        if !known.is_empty() {
            self.text(&format!(" {}", set(known)));
        }
        self.text("))")
    }

    /// Adds the fetching of whole messages.
    pub(super) fn fetch_bodies(&mut self, uids: &[Uid], peek: bool) -> &mut Self {
        let peek = if peek { ".PEEK" } else { "" };
        self.text(&format!("UID FETCH {} BODY{peek}[]", set(uids)))
    }
}

fn set(uids: &[Uid]) -> SequenceSet {
    SequenceSet::of(uids.iter().map(|uid| uid.get()))
}
