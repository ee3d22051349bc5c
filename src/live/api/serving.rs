//! The connections of the control API.

use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Token};

use super::Waiting;
use super::client::ApiClient;
use super::routes::Reply;
use super::send::Ending;
use crate::live::clock;
use crate::live::input::{Input, Payload};
use crate::live::server::{Server, Source};
use crate::world::Door;

/// How often clients that take too long are looked for.
pub(in crate::live) const SWEEP: Duration = Duration::from_secs(5);

/// So many clients of the API there may be.
const MAX_CLIENTS: usize = 256;

impl Server {
    pub(in crate::live) fn accept_api(&mut self, stream: TcpStream) {
        if self.control.open >= MAX_CLIENTS {
            return;
        }
        self.control.clients += 1;
        let client = ApiClient::new(stream, self.control.clients, clock::now());
        let both = Interest::READABLE | Interest::WRITABLE;
        if self.add(Source::Api(Box::new(client)), both).is_ok() {
            self.control.open += 1;
        }
    }

    pub(in crate::live) fn api_ready(&mut self, token: Token, readable: bool, writable: bool) {
        if let Some(Source::Api(client)) = self.sources.get_mut(token) {
            client.ready(readable, writable);
        }
        self.serve_api(token);
    }

    /// Reads, answers and writes what can be.
    fn serve_api(&mut self, token: Token) {
        loop {
            let Some(Source::Api(client)) = self.sources.get_mut(token) else { return };
            if !client.read(&mut self.buffer) {
                return self.close_api(token);
            }
            if client.is_hungry() {
                self.hungry.insert(token);
            }
            let serial = client.serial;
            let Some(request) = client.next(clock::now()) else { break };
            if request.method != "GET" {
                self.touched = clock::now();
            }
            let response = match self.handle(&request) {
                Ok(Reply::Now(response)) | Err(response) => response,
                Ok(Reply::Later(what)) => {
                    // Looked at from the start.
                    self.control.arrivals = 0;
                    self.control.waiting.push(Waiting { client: (token, serial), what });
                    break;
                }
            };
            if let Some(Source::Api(client)) = self.sources.get_mut(token) {
                client.answer(&response, clock::now());
            }
        }
        if let Some(Source::Api(client)) = self.sources.get_mut(token)
            && (!client.flush() || client.is_gone())
        {
            self.close_api(token);
        }
    }

    fn close_api(&mut self, token: Token) {
        if let Some(Source::Api(client)) = self.sources.get_mut(token) {
            let client = (token, client.serial);
            self.control.forget(client);
            self.control.open -= 1;
            self.close(token);
        }
    }

    /// Answers the requests whose wait is over, and carries on what is sent.
    pub(in crate::live) fn answer_waiting(&mut self) {
        for ((token, serial), response) in self.control.take_answers(&self.stage) {
            if let Some(Source::Api(client)) = self.sources.get_mut(token)
                && client.serial == serial
            {
                client.answer(&response, clock::now());
                self.serve_api(token);
            }
        }
    }

    /// Gives up clients that take too long.
    pub(in crate::live) fn give_up_api(&mut self) {
        let now = clock::now();
        if self.control.open == 0 || self.control.swept.is_some_and(|at| now < at + SWEEP) {
            return;
        }
        self.control.swept = Some(now);
        for token in self.sources.all() {
            if let Some(Source::Api(client)) = self.sources.get_mut(token)
                && client.is_late(now)
            {
                self.close_api(token);
            }
        }
    }

    /// Carries on what the API itself sends.
    pub(in crate::live) fn carry_sending(&mut self) {
        let now = self.stage.now();
        let doors: Vec<Door> = self.control.sending.keys().copied().collect();
        for door in doors {
            let Some(sending) = self.control.sending.get_mut(&door) else { continue };
            sending.tell_time(now);
            let (pieces, ending) = sending.take();
            for octets in pieces {
                self.input(Input::Octets { door: door.0, host: None, octets: Payload(octets) });
            }
            match ending {
                Some(Ending::Close) => self.input(Input::Eof { door: door.0, host: None }),
                Some(Ending::Abort) => self.input(Input::Reset { door: door.0, host: None }),
                None => {}
            }
        }
    }
}
