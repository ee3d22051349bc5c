//! A summary for people.

use std::fmt::{self, Display, Formatter};

use crate::engine::SimTime;
use crate::report::transcript::note::{path, with_status};
use crate::report::transcript::text::{Escaped, Seconds};

use super::{Kind, Message, Outcome, Summary};

/// A paragraph for each message: what it is, its way, its recipients, its readers.
impl Display for Summary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, message) in self.messages.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{message}")?;
        }
        if let Some(packets) = &self.packets {
            write!(f, "\n{packets}")?;
        }
        Ok(())
    }
}

impl Display for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Mail => "message",
            Kind::Bounce => "bounce",
            Kind::Notice => "notice",
            Kind::AutoReply => "automatic reply",
        };
        let id = if self.message_id.is_empty() { "(no Message-ID)" } else { &self.message_id };
        write!(f, "{kind} {}", safe(id))?;
        if let Some(about) = &self.about {
            write!(f, " about {}", safe(about))?;
        }
        let (sender, at, host) = (safe(path(&self.sender)), Time(self.at), &self.host);
        writeln!(f, "\n  from {sender}, {} octets, at {at} on {host}", self.octets)?;
        for hop in &self.path {
            let (host, queue_id, at) = (&hop.host, &hop.queue_id, Time(hop.at));
            write!(f, "  via {host} ({queue_id}) at {at}")?;
            match hop.attempts {
                0 | 1 => writeln!(f)?,
                attempts => writeln!(f, ", {attempts} attempts")?,
            }
        }
        for recipient in &self.recipients {
            write!(f, "  to {}: {}", safe(&recipient.address), recipient.outcome)?;
            match recipient.copies {
                0 | 1 => writeln!(f)?,
                copies => writeln!(f, ", {copies} copies")?,
            }
        }
        for read in &self.reads {
            let (mailbox, uid) = (safe(&read.mailbox), safe(&read.uid));
            writeln!(f, "  read by {} from {mailbox} uid {uid} at {}", read.client, Time(read.at))?;
        }
        Ok(())
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Composed => f.write_str("not submitted yet"),
            Outcome::Expanded => f.write_str("stands for other recipients"),
            Outcome::Relayed { host, to, at } => {
                write!(f, "handed on by {host} to {} at {}", safe(to), Time(*at))
            }
            Outcome::Queued { host, since } => write!(f, "queued on {host} since {}", Time(*since)),
            Outcome::Deferred { host, reason, until } => {
                write!(f, "deferred on {host} until {}: {}", Time(*until), safe(reason))
            }
            Outcome::NotSubmitted { at, reply } => {
                write!(f, "not submitted at {}: {}", Time(*at), safe(reply))
            }
            Outcome::Discarded { host, at, reason } => {
                write!(f, "discarded by {host} at {}: {}", Time(*at), safe(reason))
            }
            Outcome::Bounced { host, at, status, reason, report } => {
                write!(
                    f,
                    "bounced by {host} at {}: {}",
                    Time(*at),
                    safe(&with_status(status, reason))
                )?;
                match report {
                    Some(report) => write!(f, "; reported by {}", safe(report)),
                    None => f.write_str("; nobody is told"),
                }
            }
            Outcome::Delivered { host, account, mailbox, uid, at, latency_ns } => {
                let (at, latency) = (Time(*at), Time(SimTime::from_nanos(*latency_ns)));
                let mailbox = safe(mailbox);
                write!(
                    f,
                    "delivered at {at}, after {latency}: {account} {mailbox} uid {uid} on {host}"
                )
            }
        }
    }
}

fn safe(text: &str) -> Escaped<'_> {
    Escaped(text.as_bytes())
}

/// `12.000345 s`
struct Time(SimTime);

impl Display for Time {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", Seconds(self.0))
    }
}
