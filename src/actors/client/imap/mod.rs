//! Reading and changing a mailbox by IMAP, as one of several devices.
//!
//! A device keeps what it knows of a mailbox and brings that up to date as RFC 4549 §3 says: the
//! flags of what it has, which also tells what is gone, and then the messages above its last UID. Where
//! the server keeps mod-sequences (RFC 7162), only what has changed is told: by SELECT itself with
//! QRESYNC, else by two questions. A new UIDVALIDITY makes it forget the mailbox.
//!
//! A device that idles does the same, stays, and takes what the server tells it.

mod progress;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::engine::SimTime;
use crate::proto::Session;
use crate::proto::imap::{
    FlagChange, Flags, ImapClient, ImapClientConfig, ImapTask, MailboxName, ModSeq, SystemFlag,
    Uid, UidValidity,
};
use crate::proto::mail::DateTime;
use crate::world::Ctx;

use super::config::{Action, ClientTls, MailClientConfig};
use super::dialog::Memory;

/// What a device knows of a mailbox.
#[derive(Debug, Default)]
pub(super) struct KnownMailbox {
    uid_validity: Option<UidValidity>,
    /// The highest mod-sequence when it was last up to date, where the server keeps any.
    mod_seq: Option<ModSeq>,
    messages: BTreeMap<Uid, KnownMessage>,
}

#[derive(Debug, Default)]
struct KnownMessage {
    message_id: String,
    flags: Flags,
    /// Whether the message itself was downloaded, and not its overview alone.
    is_here: bool,
}

/// An IMAP session under way.
pub(super) struct ImapDialog {
    pub(super) session: ImapClient,
    pub(super) progress: Progress,
}

/// How far the job is.
pub(super) struct Progress {
    goal: Goal,
    /// Tasks that follow from what the server said: the session takes them next.
    pub(super) next: VecDeque<ImapTask>,
    /// What went wrong so far.
    trouble: Option<String>,
    /// Whether that may be otherwise later.
    is_temporary: bool,
}

enum Goal {
    /// Bring what is known of a mailbox up to date.
    Read(Reading),
    /// Find a message and do this to it.
    Change { message_id: String, then: Vec<Change> },
    /// Put a message into a mailbox, which may have to be made.
    Append,
}

/// A mailbox that is being brought up to date.
struct Reading {
    mailbox: String,
    exists: u32,
    /// The messages that the server has listed with their flags.
    listed: BTreeSet<Uid>,
    /// What SELECT told; it counts once all that it stands for was read.
    mod_seq: Option<ModSeq>,
    /// The device stays when it is done: it idles, or would if it had nothing to read.
    watch: Option<Watch>,
}

/// What a device that stays is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watch {
    /// It reads, and nothing has come meanwhile.
    Reading,
    /// It reads, and something has come meanwhile.
    Behind,
    /// It idles.
    Idling,
}

/// What is done to a message that was found.
#[derive(Debug, Clone)]
enum Change {
    Store(FlagChange, Flags),
    Copy(MailboxName),
    Expunge,
}

impl ImapDialog {
    /// The session for `action`; else why there is none.
    pub(super) fn new(
        action: &Action,
        config: &MailClientConfig,
        memory: &Memory,
        ctx: &Ctx<'_>,
    ) -> Result<Self, String> {
        let name = |mailbox: &str| MailboxName::new(mailbox).map_err(|bad| bad.to_string());
        let select = |mailbox: &str| {
            name(mailbox).map(|mailbox| ImapTask::Select { mailbox, read_only: false })
        };
        let find = |message_id: &str| ImapTask::Search {
            keys: format!("HEADER Message-ID \"{}\"", message_id.replace(['"', '\\'], "")),
        };
        let change = |message_id: &String, then: Vec<Change>| Goal::Change {
            message_id: message_id.clone(),
            then,
        };
        let (tasks, goal) = match action {
            Action::Fetch { mailbox }
            | Action::Poll { mailbox, .. }
            | Action::Idle { mailbox, .. } => {
                let goal = Goal::Read(Reading {
                    mailbox: mailbox.clone(),
                    exists: 0,
                    listed: BTreeSet::new(),
                    mod_seq: None,
                    watch: matches!(action, Action::Idle { .. }).then_some(Watch::Reading),
                });
                let known = memory.mailboxes.get(mailbox);
                let resync = known.and_then(|known| known.resync(name(mailbox).ok()?));
                (vec![resync.map_or_else(|| select(mailbox), Ok)?], goal)
            }
            Action::Flag { message_id, add, remove, mailbox } => {
                let changes = [(FlagChange::Add, add), (FlagChange::Remove, remove)];
                let then = changes
                    .into_iter()
                    .filter(|(_, words)| !words.is_empty())
                    .map(|(change, words)| Change::Store(change, flags(words)));
                let goal = change(message_id, then.collect());
                (vec![select(mailbox)?, find(message_id)], goal)
            }
            Action::Copy { message_id, mailbox, to } => {
                let mut tasks = make(&name(to)?);
                tasks.extend([select(mailbox)?, find(message_id)]);
                (tasks, change(message_id, vec![Change::Copy(name(to)?)]))
            }
            Action::Delete { message_id, mailbox } => {
                let deleted = Flags::of(&[SystemFlag::Deleted]);
                let then = vec![Change::Store(FlagChange::Add, deleted), Change::Expunge];
                (vec![select(mailbox)?, find(message_id)], change(message_id, then))
            }
            Action::Append { message, mailbox, flags: words } => {
                let mailbox = name(mailbox)?;
                let mut tasks = make(&mailbox);
                let data = message.octets(DateTime::utc(ctx.date()));
                tasks.push(ImapTask::Append { mailbox, flags: flags(words), data });
                tasks.push(ImapTask::Logout);
                (tasks, Goal::Append)
            }
            Action::Send(_) | Action::Misbehave(_) => {
                return Err("IMAP is not for that".into());
            }
        };
        let login = ImapClientConfig {
            user: config.user.clone(),
            password: config.password.clone(),
            starttls: matches!(config.read_tls, ClientTls::StartTls(_)),
            ..ImapClientConfig::default()
        };
        // A stream for each session: no two of them may have the same nonces.
        let nonces = format!("client {} imap nonces at {}", config.name, ctx.now());
        let session = ImapClient::new(login, tasks).with_nonces(ctx.stream(&nonces));
        let progress = Progress { goal, next: VecDeque::new(), trouble: None, is_temporary: false };
        Ok(ImapDialog { session, progress })
    }

    /// When the session wants a time-out.
    pub(super) fn deadline(&self) -> Option<SimTime> {
        self.session.deadline()
    }
}

impl KnownMailbox {
    /// The SELECT that asks for what has changed, where enough is known to ask so.
    fn resync(&self, mailbox: MailboxName) -> Option<ImapTask> {
        let known: Vec<Uid> = self.messages.keys().copied().collect();
        let (uid_validity, mod_seq) = (self.uid_validity?, self.mod_seq?);
        (!known.is_empty()).then_some(ImapTask::Resync { mailbox, uid_validity, mod_seq, known })
    }

    /// The least UID that is new.
    fn since(&self) -> Uid {
        let last = self.messages.keys().next_back();
        last.and_then(|last| Uid::new(last.get().saturating_add(1))).unwrap_or(Uid::MIN)
    }
}

/// Makes a mailbox that may be there already.
fn make(mailbox: &MailboxName) -> Vec<ImapTask> {
    if mailbox.is_inbox() {
        Vec::new()
    } else {
        vec![ImapTask::Create { mailbox: mailbox.clone() }]
    }
}

fn flags(words: &[String]) -> Flags {
    let mut flags = Flags::EMPTY;
    for word in words {
        match SystemFlag::parse(word) {
            Some(flag) => flags.insert(flag),
            None => flags.insert_keyword(word),
        }
    }
    flags
}
