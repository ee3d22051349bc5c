//! A connection of the control API.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use mio::net::TcpStream;

use crate::live::http::{MAX_BODY, Parsed, Request, Response, parse};

/// A client of the API.
#[derive(Debug)]
pub(in crate::live) struct ApiClient {
    pub(in crate::live) stream: TcpStream,
    /// Tells it from another one on the same token.
    pub(super) serial: u64,
    input: Vec<u8>,
    output: Vec<u8>,
    written: usize,
    readable: bool,
    writable: bool,
    /// A request is being answered: whether the connection is kept, and whether it was no HEAD.
    busy: Option<(bool, bool)>,
    has_ended: bool,
    closes: bool,
    /// When it is given up: it has asked nothing, or takes nothing.
    pub(super) deadline: Instant,
}

/// How long a client may take for a request, and for an answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// So much is held of what a client sends.
const MAX_INPUT: usize = MAX_BODY + 32 * 1024;

impl ApiClient {
    pub(super) fn new(stream: TcpStream, serial: u64, now: Instant) -> Self {
        let _ = stream.set_nodelay(true);
        ApiClient {
            stream,
            serial,
            input: Vec::new(),
            output: Vec::new(),
            written: 0,
            readable: true,
            writable: true,
            busy: None,
            has_ended: false,
            closes: false,
            deadline: now + PATIENCE,
        }
    }

    pub(super) fn ready(&mut self, readable: bool, writable: bool) {
        self.readable |= readable;
        self.writable |= writable;
    }

    /// Reads what there is; false when the client is gone.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> bool {
        let mut turn = 0;
        while self.readable && !self.has_ended && turn < 1 << 20 {
            if self.input.len() > MAX_INPUT {
                return false;
            }
            match self.stream.read(buffer) {
                Ok(0) => self.has_ended = true,
                Ok(count) => {
                    turn += count;
                    self.input.extend_from_slice(&buffer[..count]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Err(_) => return false,
            }
        }
        true
    }

    /// Whether it has gone away while it waited for an answer.
    pub(super) fn is_gone(&self) -> bool {
        self.has_ended && self.busy.is_some()
    }

    /// Whether there is more to read.
    pub(super) fn is_hungry(&self) -> bool {
        self.readable && !self.has_ended
    }

    /// The next request, if it is whole and the one before is answered.
    pub(super) fn next(&mut self, now: Instant) -> Option<Request> {
        if self.busy.is_some() || self.closes || self.input.is_empty() {
            return None;
        }
        match parse(&self.input) {
            Parsed::Partial => None,
            Parsed::Whole(request, taken) => {
                self.input.drain(..taken);
                self.busy = Some((request.keep_alive, request.method != "HEAD"));
                Some(*request)
            }
            Parsed::Wrong(response) => {
                self.busy = Some((false, true));
                self.answer(&response, now);
                None
            }
        }
    }

    /// Answers the request.
    pub(super) fn answer(&mut self, response: &Response, now: Instant) {
        let Some((keep_alive, with_body)) = self.busy.take() else { return };
        self.output.extend(response.write(keep_alive, with_body));
        self.closes |= !keep_alive;
        self.deadline = now + PATIENCE;
    }

    /// Writes what can be written; false when the connection is over.
    pub(super) fn flush(&mut self) -> bool {
        while self.writable && self.written < self.output.len() {
            match self.stream.write(&self.output[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                Err(_) => return false,
            }
        }
        if self.written == self.output.len() {
            self.output.clear();
            self.written = 0;
            // Who will send no more and is owed nothing is done.
            return !(self.closes || self.has_ended && self.busy.is_none());
        }
        true
    }

    /// Whether it has to be given up by now: not while its request is being answered.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        self.deadline <= now && self.busy.is_none()
    }
}
