//! What must hold at the end of a run.

use std::fmt;
use std::time::Duration;

use crate::engine::SimTime;
use crate::net::Loss;
use crate::proto::mail::delivery_status;
pub use crate::scenario::format::expect::PortState;

/// An expectation, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Its path in the file: `expect[2]`.
    pub path: String,
    /// Its line in the file, from 1.
    pub line: usize,
    /// Whether it holds whatever goes wrong.
    pub always: bool,
    /// What must hold.
    pub expect: Expect,
}

/// A number of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadNumber {
    /// Messages that were written.
    Written,
    /// Messages that submission servers took.
    Submitted,
    /// Messages that clients gave up.
    Refused,
    /// Messages that were put into mailboxes.
    Delivered,
    /// Questions that were asked.
    Asked,
    /// Questions that were answered.
    Answered,
    /// Questions that were not.
    Unanswered,
}

/// What must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// What a workload has come to, on all hosts together: one number at least.
    Load(Vec<(LoadNumber, Count)>),
    /// The mail was put into the INBOX of each of `to`, whether it is still there or not.
    Delivered {
        /// Its id.
        mail: String,
        /// To whom: addresses of users; aliases are followed already.
        to: Vec<String>,
        /// At most so long after it was sent.
        within: Option<Duration>,
        /// At least so long after it was sent.
        after: Option<Duration>,
        /// How often it was put there, for each user.
        copies: Count,
        /// Whether it must be what was sent, but for trace fields on top.
        octets_equal: bool,
        /// Header fields that it must have, by name, with text that stands in one of that name.
        header: Vec<(String, String)>,
    },
    /// The mail was put into no mailbox of any of `to`.
    NotDelivered {
        /// Its id.
        mail: String,
        /// To whom; addresses that may belong to nobody.
        to: Vec<String>,
    },
    /// Reports on delivery that were put into the INBOX of `to`.
    Bounce {
        /// Whose INBOX.
        to: String,
        /// About which mail; `None`: any.
        mail: Option<String>,
        /// The Final-Recipient; `None`: any.
        recipient: Option<String>,
        /// The Action.
        action: delivery_status::Action,
        /// The Status; `None`: any.
        status: Option<String>,
        /// The Reporting-MTA; `None`: any.
        by: Option<String>,
        /// Text that must stand in it.
        contains: Vec<String>,
        /// How many of them.
        count: Count,
    },
    /// DNS queries that left a host, resent ones included.
    Queries {
        /// The host that asks; `None`: any.
        from: Option<String>,
        /// The hosts that are asked; empty: any.
        to: Vec<String>,
        /// The name asked for, in lower case, without final dot; `None`: any.
        name: Option<String>,
        /// The type asked for, as `MX`; `None`: any.
        type_: Option<String>,
        /// From this time on.
        after: SimTime,
        /// Before this time.
        before: SimTime,
        /// How many of them.
        count: Count,
    },
    /// What the last such [`super::Action::Resolve`] got.
    Resolved {
        /// The name, in lower case.
        name: String,
        /// The type.
        type_: String,
        /// Record data that must be among the answers, as a master file writes it.
        answer: Vec<String>,
        /// The response code, as `NXDOMAIN`.
        rcode: String,
    },
    /// What a mailbox holds.
    Mailbox {
        /// Whose.
        user: String,
        /// Which.
        mailbox: String,
        /// How many messages.
        messages: Count,
        /// How many without `\Seen`.
        unseen: Count,
        /// A mail that is among them.
        mail: Option<String>,
        /// Flags that it has.
        flags: Vec<String>,
    },
    /// What a client saw when it last read a mailbox (IMAP), or downloaded in all (POP3).
    Device {
        /// Which client.
        client: String,
        /// Which mailbox.
        mailbox: String,
        /// How many messages.
        sees: Count,
        /// A mail that is among them.
        mail: Option<String>,
        /// Flags that it saw it have.
        flags: Vec<String>,
    },
    /// Messages that a client downloaded.
    Downloads {
        /// Which client.
        client: String,
        /// A mail; `None`: any.
        mail: Option<String>,
        /// From this time on.
        after: SimTime,
        /// Before this time.
        before: SimTime,
        /// How many.
        count: Count,
    },
    /// What a client could not do.
    Trouble {
        /// Which client; `None`: any.
        client: Option<String>,
        /// Text that must stand in it.
        contains: Vec<String>,
        /// How often.
        count: Count,
    },
    /// How many messages are queued at the end.
    Queue {
        /// On which host; `None`: on all together.
        host: Option<String>,
        /// How many.
        messages: Count,
    },
    /// SMTP replies that a server sent.
    Reply {
        /// The server; `None`: any.
        from: Option<String>,
        /// The client's host; `None`: any.
        to: Option<String>,
        /// The code; `None`: any.
        code: Option<u16>,
        /// Text that must stand in it.
        contains: Vec<String>,
        /// How many of them.
        count: Count,
    },
    /// The hosts that received the mail on its way to each of `to`, by its Received fields.
    Path {
        /// Its id.
        mail: String,
        /// To whom.
        to: Vec<String>,
        /// The hosts, the first one first.
        hosts: Vec<String>,
    },
    /// How often MTAs tried to hand the mail on.
    Attempts {
        /// Its id.
        mail: String,
        /// Which MTA's attempts; `None`: those of all.
        from: Option<String>,
        /// How many.
        count: Count,
    },
    /// How many packets were lost on links.
    LostPackets(Count),
    /// How many packets met a certain fate.
    Packets {
        /// What became of them.
        fate: Fate,
        /// How many.
        count: Count,
    },
    /// Forged datagrams that arrived.
    Forged {
        /// The host that sent them; `None`: any.
        by: Option<String>,
        /// The host whose address stands in them; `None`: any.
        as_: Option<String>,
        /// Where they arrived; `None`: anywhere.
        to: Option<String>,
        /// Whether a program waited there; `None`: either.
        port: Option<PortState>,
        /// How many.
        count: Count,
    },
}

/// Bounds of a number, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The least.
    pub at_least: u64,
    /// The most; `u64::MAX` without a bound.
    pub at_most: u64,
}

impl Count {
    /// Any number.
    pub const ANY: Count = Count { at_least: 0, at_most: u64::MAX };

    /// This number alone.
    pub const fn exactly(number: u64) -> Self {
        Count { at_least: number, at_most: number }
    }

    /// Whether `number` is within the bounds.
    pub const fn holds(self, number: u64) -> bool {
        self.at_least <= number && number <= self.at_most
    }
}

/// `exactly 1`, `at least 2`, `1 to 3`, `any number`.
impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.at_least, self.at_most) {
            (0, u64::MAX) => f.write_str("any number"),
            (least, u64::MAX) => write!(f, "at least {least}"),
            (least, most) if least == most => write!(f, "exactly {least}"),
            (0, most) => write!(f, "at most {most}"),
            (least, most) => write!(f, "{least} to {most}"),
        }
    }
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was lost by that cause.
    Lost(Loss),
    /// It was doubled.
    Duplicated,
    /// A packet fault kept it back.
    Delayed,
    /// A packet fault answered it with RST.
    Reset,
    /// A link held it and let it go later.
    Held,
}
