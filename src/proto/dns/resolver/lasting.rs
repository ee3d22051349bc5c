//! Answers that are the same whenever they are asked for, as octets: those out of the resolver's own zones,
//! which nothing changes while it runs.
//!
//! As PowerDNS' packet cache: a query that came before, but for its id, is answered without being read
//! (bench `deliveries`, where each message asks for its next hop, which the resolver has in a zone of its
//! own).

use std::collections::HashMap;

use bytes::Bytes;

use crate::engine::HashState;
use crate::proto::dns::Transport;

/// Answers, by the octets of the query.
#[derive(Debug, Default)]
pub(super) struct LastingAnswers {
    by_udp: Answers,
    by_tcp: Answers,
}

/// Query and answer, both without their id.
type Answers = HashMap<Box<[u8]>, Bytes, HashState>;

impl LastingAnswers {
    /// The answer to a query that came before.
    pub(super) fn answer(&self, query: &[u8], transport: Transport) -> Option<Bytes> {
        let (id, query) = query.split_first_chunk::<ID_OCTETS>()?;
        let answer = self.of(transport).get(query)?;
        let mut octets = Vec::with_capacity(ID_OCTETS + answer.len());
        octets.extend_from_slice(id);
        octets.extend_from_slice(answer);
        Some(Bytes::from(octets))
    }

    /// Remembers the answer to a query. When there are too many, all are forgotten first.
    pub(super) fn keep(&mut self, query: &[u8], transport: Transport, answer: &Bytes) {
        let answers = match transport {
            Transport::Udp => &mut self.by_udp,
            Transport::Tcp => &mut self.by_tcp,
        };
        if query.len() > MOST_QUERY_OCTETS
            || !(ID_OCTETS..=MOST_ANSWER_OCTETS).contains(&answer.len())
        {
            return;
        }
        if answers.len() >= MOST_ANSWERS {
            answers.clear();
        }
        answers.insert(query[ID_OCTETS..].into(), answer.slice(ID_OCTETS..));
    }

    fn of(&self, transport: Transport) -> &Answers {
        match transport {
            Transport::Udp => &self.by_udp,
            Transport::Tcp => &self.by_tcp,
        }
    }
}

/// The id of a message stands first.
const ID_OCTETS: usize = 2;

/// A longer query is not remembered.
const MOST_QUERY_OCTETS: usize = 512;
/// A longer answer is made anew each time.
const MOST_ANSWER_OCTETS: usize = 4_096;

/// So many are remembered.
const MOST_ANSWERS: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_id_of_its_query() {
        let mut answers = LastingAnswers::default();
        assert_eq!(answers.answer(b"\x01\x02query", Transport::Udp), None);
        answers.keep(b"\x01\x02query", Transport::Udp, &Bytes::from_static(b"\x01\x02answer"));
        let again = answers.answer(b"\x03\x04query", Transport::Udp);
        assert_eq!(again, Some(Bytes::from_static(b"\x03\x04answer")));
        assert_eq!(answers.answer(b"\x03\x04query", Transport::Tcp), None);
        assert_eq!(answers.answer(b"\x03\x04Query", Transport::Udp), None);
        assert_eq!(answers.answer(b"\x03", Transport::Udp), None);
    }

    #[test]
    fn there_are_never_too_many() {
        let mut answers = LastingAnswers::default();
        for number in 0..3 * MOST_ANSWERS as u32 {
            let query = [&[0, 0][..], &number.to_be_bytes()].concat();
            answers.keep(&query, Transport::Tcp, &Bytes::from_static(b"\0\0answer"));
            assert!(answers.by_tcp.len() <= MOST_ANSWERS);
            assert!(answers.answer(&query, Transport::Tcp).is_some());
        }
    }
}
