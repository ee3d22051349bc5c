//! A message of a load: who wrote it when to whom, and its octets when it is sent.

use std::fmt::Write;

use bytes::{BufMut, Bytes, BytesMut};

use super::config::MailWork;
use super::population::{DomainId, Person};
use crate::engine::{SimTime, Stream, UnixTime};
use crate::proto::mail::DateTime;
use crate::proto::smtp::client::Transaction;
use crate::proto::smtp::{ForwardPath, Mailbox, ReversePath};
use crate::world::Note;

/// A message that was written and not submitted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    /// The which of its host it is.
    pub(super) sequence: u64,
    pub(super) written: SimTime,
    pub(super) from: Person,
    /// In order, each once.
    pub(super) to: Vec<Person>,
    pub(super) octets: u64,
    pub(super) tried: u32,
}

impl Letter {
    /// A message by somebody of that domain.
    pub(super) fn draw(
        work: &MailWork,
        domain: DomainId,
        sequence: u64,
        written: SimTime,
        draws: &mut Stream,
    ) -> Self {
        let population = &*work.population;
        let from = Person { domain, user: population.users(domain).draw(draws).max(1) };
        // What has no share is not drawn.
        let chance = |share: f64, draws: &mut Stream| share > 0.0 && draws.chance(share);
        let many = work.bulk.filter(|(share, _)| chance(*share, draws));
        let recipient = |draws: &mut Stream| {
            let is_local = chance(work.local, draws);
            let domain = if is_local { domain } else { population.draw(draws) };
            let is_nobody = chance(work.unknown, draws);
            let user = if is_nobody { 0 } else { population.users(domain).draw(draws) };
            Person { domain, user }
        };
        let count = many.map_or(1, |(_, recipients)| recipients);
        let mut to: Vec<Person> = (0..count).map(|_| recipient(draws)).collect();
        to.sort_unstable();
        to.dedup();
        let octets = work.sizes.draw(draws);
        Letter { sequence, written, from, to, octets, tried: 0 }
    }

    /// Its Message-ID with angle brackets.
    pub(super) fn message_id(&self, host: &str) -> String {
        format!("<{}.{}@{host}>", self.written.as_nanos(), self.sequence)
    }

    /// What is handed to the submission server.
    pub(super) fn transaction(&self, work: &MailWork, host: &str, date: UnixTime) -> Transaction {
        let parse = |person: Person| -> Mailbox {
            let address = work.population.address(person, self.sequence);
            address.parse().expect("the names of a population make addresses")
        };
        let from = parse(self.from);
        let to: Vec<Mailbox> = self.to.iter().map(|person| parse(*person)).collect();
        let data = self.octets(work, host, date, &from, &to);
        let recipients = to.into_iter().map(ForwardPath::Mailbox);
        Transaction::new(ReversePath::Mailbox(from), recipients, data)
    }

    fn octets(
        &self,
        work: &MailWork,
        host: &str,
        date: UnixTime,
        from: &Mailbox,
        to: &[Mailbox],
    ) -> Bytes {
        let wanted = usize::try_from(self.octets).unwrap_or(usize::MAX);
        let mut header = String::with_capacity(wanted.clamp(HEADER_OCTETS, HEADER_OCTETS * 16));
        let shown = match to {
            [one] => one.as_str(),
            // Whom bulk mail goes to, its header does not say.
            _ => "undisclosed-recipients:;",
        };
        write!(
            header,
            "Date: {}\r\nFrom: {from}\r\nTo: {shown}\r\nSubject: Message {}\r\n\
             Message-ID: <{}.{}@{host}>\r\n\r\n",
            DateTime::utc(date),
            self.sequence,
            self.written.as_nanos(),
            self.sequence,
        )
        .expect("a String takes everything");
        // At least one line, however small it was to be.
        let left = wanted.saturating_sub(header.len()).max(2).min(work.text.len());
        let mut octets = BytesMut::from(header.into_bytes().as_slice());
        octets.reserve(left);
        octets.put_slice(&work.text[..left - 2]);
        octets.put_slice(b"\r\n");
        octets.freeze()
    }

    pub(super) fn composed(&self, work: &MailWork, host: &str) -> Note {
        Note::Composed {
            message_id: self.message_id(host),
            from: work.population.address(self.from, self.sequence),
            recipients: self.recipients(work),
            octets: usize::try_from(self.octets).unwrap_or(usize::MAX),
        }
    }

    pub(super) fn not_submitted(&self, work: &MailWork, host: &str, reply: String) -> Note {
        let (message_id, recipients) = (self.message_id(host), self.recipients(work));
        Note::NotSubmitted { message_id, recipients, reply }
    }

    fn recipients(&self, work: &MailWork) -> Vec<String> {
        self.to.iter().map(|to| work.population.address(*to, self.sequence)).collect()
    }
}

const HEADER_OCTETS: usize = 256;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::arrivals::{Curve, Process};
    use super::super::config::text;
    use super::super::population::{Group, Names, Population, Users};
    use super::super::size::Sizes;
    use super::super::spread::Spread;
    use super::*;
    use crate::engine::Seed;
    use crate::store::mailbox::NumberedUsers;

    fn work() -> MailWork {
        let users = NumberedUsers { prefix: "user".into(), count: 100 };
        let group = Group {
            names: Names::new("d{n}.example", 1),
            domains: Spread::even(1_000),
            users: Users::Numbered(users, Spread::even(100)),
            weight: 1.0,
        };
        MailWork {
            population: Arc::new(Population::new(vec![group])),
            curve: Curve::even(SimTime::ZERO, Duration::from_secs(1)),
            process: Process::Poisson,
            sizes: Sizes::Constant(2_048),
            local: 0.0,
            unknown: 0.0,
            bulk: None,
            connections: 1,
            kept: Duration::ZERO,
            password: "secret".into(),
            gateway: "gateway".into(),
            text: text(4_096),
        }
    }

    fn drawn(work: &MailWork) -> Vec<Letter> {
        let mut draws = Seed(1).stream("letters");
        let domain = DomainId { group: 0, number: 7 };
        let letter = |sequence| Letter::draw(work, domain, sequence, SimTime::ZERO, &mut draws);
        (0..2_000).map(letter).collect()
    }

    #[test]
    fn a_message_has_its_size_and_the_moment_at_which_it_was_written() {
        let work = work();
        let mut letter = drawn(&work).remove(5);
        letter.written = SimTime::from_millis(1_500);
        let data = letter.transaction(&work, "clients.d7.example", UnixTime(0)).data;
        let told = String::from_utf8_lossy(&data);
        assert!(told.contains("\r\nMessage-ID: <1500000000.5@clients.d7.example>\r\n"), "{told}");
        assert!(data.len() == 2_048 && data.ends_with(b"\r\n"), "{}", data.len());
        letter.octets = 1;
        let data = letter.transaction(&work, "clients.d7.example", UnixTime(0)).data;
        assert!(data.ends_with(b"\r\n\r\n\r\n"));
    }

    #[test]
    fn shares_are_those_that_were_asked_for() {
        let mut work = work();
        let share = |letters: &[Letter], is: &dyn Fn(&Letter) -> bool| {
            letters.iter().filter(|letter| is(letter)).count()
        };
        let is_nobody = |letter: &Letter| letter.to[0].user == 0;
        assert_eq!(share(&drawn(&work), &is_nobody), 0);
        (work.unknown, work.local) = (0.1, 0.5);
        let letters = drawn(&work);
        assert!((150..250).contains(&share(&letters, &is_nobody)));
        assert!(
            (900..1_100).contains(&share(&letters, &|one| one.to[0].domain == one.from.domain))
        );
        work.bulk = Some((0.25, 40));
        let letters = drawn(&work);
        let many = share(&letters, &|letter| letter.to.len() > 1);
        assert!((430..570).contains(&many), "{many}");
        assert!(letters.iter().all(|letter| letter.to.is_sorted() && letter.to.len() <= 40));
    }
}
