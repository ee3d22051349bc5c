//! Sessions of a server that misbehaves.

use super::*;
use crate::proto::access::{Asked, Verdict};

/// A session that asks, and an owner who says `verdicts` one after the other, and then lets it do what it
/// does. `None`: there is no verdict yet.
struct Owner {
    session: Pop3Server,
    verdicts: Vec<Option<Verdict>>,
    seen: String,
}

impl Owner {
    fn new(verdicts: Vec<Option<Verdict>>) -> Owner {
        let mut session = Pop3Server::new(Arc::new(config()));
        session.set_judged(true);
        let mut owner = Owner { session, verdicts, seen: String::new() };
        let mut out = Outbox::new();
        owner.session.handle(SimTime::ZERO, Input::Opened, &mut out);
        owner.carry(&mut out);
        owner
    }

    fn carry(&mut self, out: &mut Out) {
        loop {
            let outputs: Vec<_> = out.drain().collect();
            if outputs.is_empty() {
                return;
            }
            for output in outputs {
                match output {
                    Output::Send(octets) => self.seen += &String::from_utf8_lossy(&octets),
                    Output::Close => self.seen += "close\r\n",
                    Output::Abort => self.seen += "abort\r\n",
                    Output::Event(Pop3ServerEvent::Judge(asked)) => {
                        let Asked { number, octets, user, .. } = &*asked;
                        let of = user.as_deref().unwrap_or("-");
                        let octets = octets.map_or("-".into(), |octets| octets.to_string());
                        self.seen += &format!("J: {number} {asked}, {octets} octets, {of}\r\n");
                        let verdict = match self.verdicts.is_empty() {
                            true => Some(Verdict::Do),
                            false => self.verdicts.remove(0),
                        };
                        if let Some(verdict) = verdict {
                            self.session.answer_judge(SimTime::ZERO, verdict, out);
                        }
                    }
                    Output::Event(Pop3ServerEvent::Identify(identity)) => {
                        let secret = secret(&identity);
                        self.session.answer_identity(SimTime::ZERO, secret.as_ref(), out);
                    }
                    Output::Event(Pop3ServerEvent::Login { user }) => {
                        self.session.answer_login(SimTime::ZERO, maildrop(&user), out);
                    }
                    Output::Event(Pop3ServerEvent::Update { deleted }) => {
                        self.seen += &format!("E: {deleted:?} deleted\r\n");
                        self.session.answer_update(true, out);
                    }
                    Output::Event(event) => self.seen += &format!("E: {event:?}\r\n"),
                }
            }
        }
    }

    fn say(&mut self, lines: &str) {
        let mut out = Outbox::new();
        let lines: String = lines.lines().map(|line| format!("{}\r\n", line.trim())).collect();
        self.session.handle(SimTime::ZERO, Input::Bytes(lines.as_bytes()), &mut out);
        self.carry(&mut out);
    }

    fn check(&mut self, wanted: &str) {
        let seen: Vec<&str> = self.seen.lines().collect();
        let wanted: Vec<&str> = wanted.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
        assert_eq!(seen, wanted);
        self.seen.clear();
    }
}

fn say(line: &str) -> Option<Verdict> {
    Some(Verdict::Say(line.into()))
}

const DO: Option<Verdict> = Some(Verdict::Do);

#[test]
fn a_verdict_stands_in_for_what_is_done() {
    let verdicts = vec![DO, DO, say("-ERR [IN-USE] Locked"), DO, DO, say("+OK"), DO];
    let mut owner = Owner::new(verdicts);
    owner.say(
        "USER mrose
         PASS tan staaf
         USER mrose
         PASS tan staaf
         DELE 1
         QUIT",
    );
    owner.check(
        "J: 0 the greeting, - octets, -
         +OK dewey POP3 server ready
         J: 1 USER, - octets, mrose
         +OK send PASS
         J: 2 PASS, - octets, -
         -ERR [IN-USE] Locked
         J: 3 USER, - octets, mrose
         +OK send PASS
         J: 4 PASS, - octets, -
         +OK maildrop has 2 messages (52 octets)
         J: 5 DELE 1, 28 octets, -
         +OK
         J: 6 QUIT, - octets, -
         +OK dewey POP3 server signing off (2 messages left)
         E: Ended
         close",
    );
}

#[test]
fn what_is_passed_over_is_neither_done_nor_answered() {
    let mut owner = Owner::new(vec![Some(Verdict::Pass), DO, DO, Some(Verdict::Pass)]);
    owner.check("J: 0 the greeting, - octets, -");
    owner.say("USER mrose\nPASS tan staaf\nDELE 2\nSTAT");
    owner.check(
        "J: 1 USER, - octets, mrose
         +OK send PASS
         J: 2 PASS, - octets, -
         +OK maildrop has 2 messages (52 octets)
         J: 3 DELE 2, 24 octets, -
         J: 4 STAT, - octets, -
         +OK 2 52",
    );
}

#[test]
fn commands_wait_for_a_verdict_that_comes_late() {
    let mut owner = Owner::new(vec![DO, None]);
    owner.say("CAPA\nNOOP\nQUIT");
    owner.check(
        "J: 0 the greeting, - octets, -
         +OK dewey POP3 server ready
         J: 1 CAPA, - octets, -",
    );
    let mut out = Outbox::new();
    owner.session.answer_judge(SimTime::from_secs(9), Verdict::Say("-ERR late".into()), &mut out);
    owner.carry(&mut out);
    owner.check(
        "-ERR late
         J: 2 NOOP, - octets, -
         -ERR log in first
         J: 3 QUIT, - octets, -
         +OK dewey POP3 server signing off
         E: Ended
         close",
    );
    // Nothing is asked any more.
    owner.session.answer_judge(SimTime::from_secs(9), Verdict::Do, &mut out);
    owner.carry(&mut out);
    owner.check("");
}
