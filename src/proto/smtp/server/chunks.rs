//! BDAT (RFC 3030): the text in chunks whose size is known, dots and all.
//!
//! The octets of a chunk that is refused are thrown away before its reply: the client may have sent
//! them already, and they must not be read as commands.
//!
//! Deviation: as Postfix does, `BDAT 0` without LAST is refused, and so are all chunks after one
//! that was refused, until LAST or RSET. A text whose last line has no CRLF gets one.

use std::mem;

use bytes::BytesMut;

use super::event::Envelope;
use super::misbehave::room;
use super::{ServerSession, State, Turn};

/// A text that comes in chunks.
#[derive(Debug)]
pub(super) struct Chunks {
    pub(super) envelope: Envelope,
    text: BytesMut,
    /// A chunk was refused, and the text is lost.
    broken: bool,
}

/// A chunk whose octets are not all here.
#[derive(Debug)]
pub(super) enum Chunk {
    /// They belong to the text.
    Kept { chunks: Chunks, size_octets: u64, last: bool },
    /// They are thrown away; then comes this reply.
    Refused { reply: String, then: After },
    /// They are thrown away, and the reply was given.
    Wasted { then: Box<State> },
}

/// What comes after a chunk that was refused.
#[derive(Debug)]
pub(super) enum After {
    /// This state.
    State(Box<State>),
    /// The end of the transaction: it was the last chunk.
    End(Envelope),
}

impl Chunk {
    /// Whether its octets belong to a text that is kept.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self, Chunk::Kept { .. })
    }
}

impl ServerSession {
    /// `BDAT size_octets [LAST]`. `refusal`: the command may not be given at all.
    pub(super) fn bdat(
        &mut self,
        turn: &mut Turn<'_>,
        size_octets: u64,
        last: bool,
        refusal: Option<&str>,
    ) {
        let state = mem::replace(&mut self.state, State::Ready);
        let chunk = match state {
            state if refusal.is_some() => {
                let reply = refusal.unwrap_or_default().to_owned();
                Chunk::Refused { reply, then: After::State(Box::new(state)) }
            }
            State::Envelope { envelope, .. } if !envelope.recipients.is_empty() => self.chunk(
                Chunks { envelope, text: BytesMut::new(), broken: false },
                size_octets,
                last,
            ),
            State::Chunks(chunks) => self.chunk(chunks, size_octets, last),
            state => {
                let reply = self.no_recipients(&state).to_owned();
                Chunk::Refused { reply, then: After::State(Box::new(state)) }
            }
        };
        self.state = State::Chunk { chunk, left: size_octets };
        if size_octets == 0 {
            self.end_of_chunk(turn);
        }
    }

    /// The octets of a BDAT that was answered already are to be thrown away.
    pub(super) fn waste_chunk(&mut self, size_octets: u64) {
        if size_octets > 0 {
            let then = Box::new(mem::replace(&mut self.state, State::Ready));
            self.state = State::Chunk { chunk: Chunk::Wasted { then }, left: size_octets };
        }
    }

    fn chunk(&self, mut chunks: Chunks, size_octets: u64, last: bool) -> Chunk {
        let room = self.config.size_limit_octets.saturating_sub(chunks.text.len());
        let reply = if chunks.broken {
            format!("551 5.0.0 Discarded {size_octets} bytes after earlier error\r\n")
        } else if size_octets > room as u64 {
            "552 5.3.4 Chunk exceeds message size limit\r\n".to_owned()
        } else if size_octets == 0 && !last {
            "551 5.7.1 Null BDAT request\r\n".to_owned()
        } else {
            return Chunk::Kept { chunks, size_octets, last };
        };
        chunks.broken = true;
        chunks.text = BytesMut::new();
        let then = if last {
            After::End(chunks.envelope)
        } else {
            After::State(Box::new(State::Chunks(chunks)))
        };
        Chunk::Refused { reply, then }
    }

    /// Takes octets of the chunk off the front of `input`.
    pub(super) fn octets_of_chunk(&mut self, turn: &mut Turn<'_>, input: &mut &[u8]) {
        let State::Chunk { chunk, left } = &mut self.state else { return };
        let room = room(self.manners.as_deref());
        let taken = usize::try_from(*left).map_or(room, |left| left.min(room)).min(input.len());
        let (octets, rest) = input.split_at(taken);
        *input = rest;
        *left -= taken as u64;
        if let Chunk::Kept { chunks, .. } = chunk {
            chunks.text.extend_from_slice(octets);
        }
        if *left == 0 {
            self.count_text(taken);
            self.end_of_chunk(turn);
        } else {
            self.text_has_come(turn, taken);
        }
    }

    fn end_of_chunk(&mut self, turn: &mut Turn<'_>) {
        let State::Chunk { chunk, .. } = mem::replace(&mut self.state, State::Ready) else {
            return;
        };
        match chunk {
            Chunk::Kept { chunks, last: true, .. } => {
                let Chunks { envelope, mut text, .. } = chunks;
                if !text.is_empty() && !text.ends_with(b"\r\n") {
                    text.extend_from_slice(b"\r\n");
                }
                self.end_of_text(turn, envelope, text.freeze().into());
            }
            Chunk::Kept { chunks, size_octets, last: false } => {
                self.state = State::Chunks(chunks);
                self.say(turn, &[&format!("250 2.0.0 Ok: {size_octets} bytes\r\n")]);
            }
            Chunk::Wasted { then } => self.state = *then,
            Chunk::Refused { reply, then: After::State(state) } => {
                self.state = *state;
                self.error(turn, &reply);
            }
            Chunk::Refused { reply, then: After::End(envelope) } => {
                self.text_refused(turn, &envelope, &reply);
            }
        }
        self.after_answer(turn);
    }
}
