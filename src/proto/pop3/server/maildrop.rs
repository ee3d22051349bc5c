//! The TRANSACTION state: the commands that read and mark messages (RFC 1939 §5 and §7).

use bytes::Bytes;

use super::super::command::Command;
use super::super::{MaildropMessage, multiline};
use super::{Out, Pop3ServerEvent, reply};

/// The messages of a session, as they were when it locked the maildrop.
#[derive(Debug)]
pub(super) struct Maildrop {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    uid: u32,
    unique_id: Box<str>,
    /// With CRLF at the end of every line.
    text: Bytes,
    deleted: bool,
}

impl Maildrop {
    pub(super) fn new(messages: Vec<MaildropMessage>) -> Self {
        let entry = |message: MaildropMessage| Entry {
            uid: message.uid,
            unique_id: message.unique_id,
            text: multiline::normalised(&message.data),
            deleted: false,
        };
        Maildrop { entries: messages.into_iter().map(entry).collect() }
    }

    /// Those to be removed by UPDATE, ascending.
    pub(super) fn deleted(&self) -> Vec<u32> {
        self.entries.iter().filter(|entry| entry.deleted).map(|entry| entry.uid).collect()
    }

    /// How large a message is.
    pub(super) fn octets(&self, number: u32) -> Option<u64> {
        let place = (number as usize).checked_sub(1)?;
        self.entries.get(place).map(Entry::octets)
    }

    /// How many stay.
    pub(super) fn left(&self) -> usize {
        self.entries.iter().filter(|entry| !entry.deleted).count()
    }

    /// A command of the TRANSACTION state but CAPA and QUIT; the complaint where it has no place here.
    pub(super) fn command(&mut self, command: &Command, out: &mut Out) -> Result<(), &'static str> {
        match *command {
            Command::Stat => {
                let (count, octets) = self.count();
                reply(out, format_args!("+OK {count} {octets}"));
            }
            Command::Noop => out.send("+OK\r\n"),
            Command::Rset => {
                self.entries.iter_mut().for_each(|entry| entry.deleted = false);
                reply(out, format_args!("+OK maildrop has {}", self.totals()));
            }
            Command::List(None) => {
                reply(out, format_args!("+OK {}", self.totals()));
                for (number, entry) in self.numbered() {
                    reply(out, format_args!("{number} {}", entry.octets()));
                }
                out.send(".\r\n");
            }
            Command::Uidl(None) => {
                out.send("+OK\r\n");
                for (number, entry) in self.numbered() {
                    reply(out, format_args!("{number} {}", entry.unique_id));
                }
                out.send(".\r\n");
            }
            Command::List(Some(number))
            | Command::Uidl(Some(number))
            | Command::Retr(number)
            | Command::Top(number, _)
            | Command::Dele(number) => {
                let total = self.entries.len();
                let place = (number as usize).checked_sub(1);
                match place.and_then(|place| self.entries.get_mut(place)) {
                    None => reply(
                        out,
                        format_args!("-ERR no such message, only {total} messages in maildrop"),
                    ),
                    Some(entry) if entry.deleted => {
                        reply(out, format_args!("-ERR message {number} already deleted"));
                    }
                    Some(entry) => entry.command(number, command, out),
                }
            }
            Command::Stls => return Err("STLS comes before the login"),
            Command::User(_)
            | Command::Pass(_)
            | Command::Apop { .. }
            | Command::AuthList
            | Command::Auth { .. } => return Err("logged in already"),
            Command::Capa | Command::Quit => unreachable!("handled by the caller"),
        }
        Ok(())
    }

    /// The messages that are not deleted, with their numbers.
    fn numbered(&self) -> impl Iterator<Item = (usize, &Entry)> {
        (1..).zip(&self.entries).filter(|(_, entry)| !entry.deleted)
    }

    fn count(&self) -> (usize, u64) {
        self.numbered().fold((0, 0), |(count, sum), (_, entry)| (count + 1, sum + entry.octets()))
    }

    /// `2 messages (320 octets)`
    pub(super) fn totals(&self) -> String {
        let (count, octets) = self.count();
        format!("{count} message{} ({octets} octets)", if count == 1 { "" } else { "s" })
    }
}

impl Entry {
    fn command(&mut self, number: u32, command: &Command, out: &mut Out) {
        match command {
            Command::List(_) => reply(out, format_args!("+OK {number} {}", self.octets())),
            Command::Uidl(_) => reply(out, format_args!("+OK {number} {}", self.unique_id)),
            Command::Top(_, lines) => {
                out.send("+OK top of message follows\r\n");
                multiline::send(&multiline::top(&self.text, *lines), out);
            }
            Command::Dele(_) => {
                self.deleted = true;
                reply(out, format_args!("+OK message {number} deleted"));
            }
            _ => {
                reply(out, format_args!("+OK {} octets", self.octets()));
                multiline::send(&self.text, out);
                out.event(Pop3ServerEvent::Retrieved { uid: self.uid });
            }
        }
    }

    fn octets(&self) -> u64 {
        multiline::octets_sent(&self.text)
    }
}
