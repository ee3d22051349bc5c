//! Peers that do what they are told: a server with the replies of a script, and a client that
//! types lines at given times.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use mxsim::engine::SimTime;
use mxsim::world::{Actor, ConnId, Ctx, Event, StreamEvent, TimerToken};

/// What a peer writes down.
pub(crate) type Log = Arc<Mutex<String>>;

pub(crate) fn text(log: &Log) -> String {
    log.lock().unwrap().clone()
}

/// An SMTP server that answers by the first rule whose word begins the line; else 250, or 354 to
/// DATA. `banner` is the word for the greeting and `.` the one for the end of the text. The answer
/// `silence` says nothing, and what follows `close` is said before closing.
pub(crate) struct Script {
    pub(crate) rules: Vec<(&'static str, &'static str)>,
    pub(crate) log: Log,
    pub(crate) lines: BTreeMap<ConnId, Conversation>,
}

#[derive(Default)]
pub(crate) struct Conversation {
    unread: String,
    in_text: bool,
}

impl Script {
    pub(crate) fn new(rules: &[(&'static str, &'static str)], log: &Log) -> Self {
        Script { rules: rules.to_vec(), log: log.clone(), lines: BTreeMap::new() }
    }

    fn say(&self, connection: ConnId, line: &str, usual: &str, ctx: &mut Ctx<'_>) {
        let rule = self.rules.iter().find(|(word, _)| line.starts_with(word));
        let answer = rule.map_or(usual, |(_, answer)| answer);
        if answer == "silence" {
            return;
        }
        let last = answer.strip_prefix("close");
        let words = last.unwrap_or(answer).trim();
        if !words.is_empty() {
            ctx.send(connection, Bytes::from(format!("{words}\r\n")));
        }
        if last.is_some() {
            ctx.close(connection);
        }
    }
}

impl Actor for Script {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        assert!(ctx.listen(25));
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let Event::Stream(connection, event) = event else { return };
        match event {
            StreamEvent::Accepted { .. } => {
                self.lines.insert(connection, Conversation::default());
                self.say(connection, "banner", "220 script ESMTP", ctx);
            }
            StreamEvent::Data(octets) => {
                let mut conversation = self.lines.remove(&connection).unwrap();
                conversation.unread += std::str::from_utf8(&octets).unwrap();
                while let Some(end) = conversation.unread.find("\r\n") {
                    let line: String = conversation.unread.drain(..end + 2).collect();
                    self.log.lock().unwrap().push_str(&line);
                    if conversation.in_text && line != ".\r\n" {
                        continue;
                    }
                    let usual = match line.get(..4).unwrap_or(&line) {
                        "DATA" => "354 go on",
                        "EHLO" => "250-script\r\n250-PIPELINING\r\n250 8BITMIME",
                        "QUIT" => "close 221 bye",
                        _ => "250 ok",
                    };
                    conversation.in_text = line.starts_with("DATA");
                    self.say(connection, &line, usual, ctx);
                }
                self.lines.insert(connection, conversation);
            }
            StreamEvent::Eof => ctx.close(connection),
            StreamEvent::Closed(_) | StreamEvent::Opened => {}
        }
    }
}

/// A client that connects at a second and types each line at its second. It writes down what the
/// server says.
pub(crate) struct Talker {
    pub(crate) to: &'static str,
    pub(crate) from_secs: u64,
    pub(crate) lines: Vec<(u64, String)>,
    pub(crate) log: Log,
    connection: Option<ConnId>,
}

impl Talker {
    pub(crate) fn new(
        to: &'static str,
        from_secs: u64,
        lines: &[(u64, String)],
        log: &Log,
    ) -> Self {
        Talker { to, from_secs, lines: lines.to_vec(), log: log.clone(), connection: None }
    }
}

impl Actor for Talker {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        ctx.set_timer(SimTime::from_secs(self.from_secs), TimerToken(0));
        for (index, (secs, _)) in self.lines.iter().enumerate() {
            let at = SimTime::from_secs(*secs) + Duration::from_nanos(1);
            ctx.set_timer(at, TimerToken(1 + index as u64));
        }
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Timer(TimerToken(0)) => {
                self.connection = Some(ctx.connect(self.to.parse().unwrap()).unwrap());
            }
            Event::Timer(TimerToken(index)) => {
                let line = format!("{}\r\n", self.lines[index as usize - 1].1);
                ctx.send(self.connection.unwrap(), Bytes::from(line));
            }
            Event::Stream(_, StreamEvent::Data(octets)) => {
                self.log.lock().unwrap().push_str(std::str::from_utf8(&octets).unwrap());
            }
            Event::Stream(connection, StreamEvent::Eof) => ctx.close(connection),
            _ => {}
        }
    }
}
