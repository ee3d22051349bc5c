//! Sessions that work on one mailbox at once, at random, each held against a client's cache.
//!
//! A client believes what it is told and nothing else: numbers move by EXPUNGE and VANISHED, flags
//! change by FETCH, and by its own silent STORE. Whenever it has said NOOP, its cache is the mailbox.

use std::collections::{BTreeMap, BTreeSet};

use mxsim::engine::Stream;
use mxsim::proto::imap::{MailboxId, SequenceSet};

use super::*;

/// What a client knows.
#[derive(Debug, Default)]
struct Cache {
    /// The UID of each message sequence number, as far as it was told.
    uids: Vec<Option<u32>>,
    /// `\Recent` not counted.
    flags: BTreeMap<u32, BTreeSet<String>>,
    modseqs: BTreeMap<u32, u64>,
    recent: BTreeSet<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Client {
    name: char,
    qresync: bool,
    rev2: bool,
}

struct World {
    host: Host,
    inbox: MailboxId,
    stream: Stream,
    clients: Vec<(Client, Cache)>,
    /// The message that was recent to whom.
    recent: BTreeMap<u32, char>,
    tags: u32,
    /// Who idles, and the tag of IDLE.
    idling: Vec<Option<String>>,
    /// What was said, to be read when a test fails.
    log: Vec<String>,
}

impl Drop for World {
    #[expect(clippy::print_stdout, reason = "a failed test shows what was said")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.log[self.log.len().saturating_sub(80)..].join("\n"));
        }
    }
}

/// What may come in answer to a command.
#[derive(Debug, Clone, Copy)]
struct Allowed {
    expunge: bool,
    earlier: bool,
}

impl World {
    fn new(seed: u64) -> World {
        let store = store(6);
        let alice = store.account_of("alice").unwrap();
        let inbox = store.find(alice, &MailboxName::inbox()).unwrap();
        let clients = [
            Client { name: '1', qresync: false, rev2: false },
            Client { name: '2', qresync: true, rev2: false },
            Client { name: '3', qresync: false, rev2: true },
            Client { name: '4', qresync: true, rev2: true },
        ];
        let mut world = World {
            host: Host::new(store),
            inbox,
            stream: Seed(seed).stream("stress"),
            clients: clients.into_iter().map(|client| (client, Cache::default())).collect(),
            recent: BTreeMap::new(),
            tags: 0,
            idling: vec![None; 4],
            log: Vec::new(),
        };
        for place in 0..world.clients.len() {
            let Client { name, qresync, rev2 } = world.clients[place].0;
            world.host.input(name, Input::Bytes(b"a LOGIN alice secret\r\nb CREATE other\r\n"));
            if qresync {
                world.host.input(name, Input::Bytes(b"c ENABLE QRESYNC\r\n"));
            }
            if rev2 {
                world.host.input(name, Input::Bytes(b"d ENABLE IMAP4rev2\r\n"));
            }
            world.host.seen.clear();
            world.select(place);
        }
        world
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.stream.below(bound as u64)).unwrap()
    }

    /// Sends a command, and takes all that comes, to whomever. Gives the tagged response.
    fn say(&mut self, place: usize, command: &str, allowed: Allowed) -> String {
        if let Some(tag) = self.idling[place].take() {
            let done = self.talk(place, ("DONE", &tag), "IDLE", LOUD);
            assert!(done.is_some_and(|answer| answer.starts_with("OK")));
        }
        self.tags += 1;
        let tag = format!("t{}", self.tags);
        let answer = self.talk(place, (&format!("{tag} {command}"), &tag), command, allowed);
        answer.unwrap_or_else(|| panic!("no answer to {command}"))
    }

    /// Waits for news, until it has something to say.
    fn idle(&mut self, place: usize) {
        if self.idling[place].is_none() {
            self.tags += 1;
            let tag = format!("t{}", self.tags);
            let answer = self.talk(place, (&format!("{tag} IDLE"), &tag), "IDLE", LOUD);
            assert_eq!(answer, None);
            self.idling[place] = Some(tag);
        }
    }

    fn talk(
        &mut self,
        place: usize,
        (text, tag): (&str, &str),
        command: &str,
        allowed: Allowed,
    ) -> Option<String> {
        let name = self.clients[place].0.name;
        self.host.input(name, Input::Bytes(format!("{text}\r\n").as_bytes()));
        let mut tagged = None;
        self.log.push(format!("C{name}: {text}"));
        self.log.extend(self.host.seen.iter().cloned());
        let mut lines = std::mem::take(&mut self.host.seen).into_iter();
        while let Some(mut line) = lines.next() {
            if line.ends_with('}') {
                // The literal, which is one line, and what follows it.
                line.push_str(&lines.next().unwrap());
            }
            let (who, line) = line.split_once(": ").unwrap_or((&line, ""));
            let who = self.clients.iter().position(|(it, _)| who.ends_with(it.name)).unwrap();
            if who != place {
                assert!(self.idling[who].is_some(), "{line} to one that does not idle");
                self.take(who, line, LOUD, "IDLE");
            } else if let Some(text) = line.strip_prefix(tag) {
                tagged = Some(text.trim().to_owned());
            } else {
                assert!(tagged.is_none(), "{line} behind the tagged response");
                self.take(who, line, allowed, command);
            }
        }
        tagged
    }

    /// An untagged response changes the cache.
    fn take(&mut self, who: usize, line: &str, allowed: Allowed, command: &str) {
        let (client, cache) = &mut self.clients[who];
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["*", "VANISHED", "(EARLIER)", set] => {
                assert!(allowed.earlier && client.qresync, "{line} in {command}");
                for uid in numbers(set) {
                    // It has no number any more, unless the cache is an old one.
                    cache.uids.retain(|known| *known != Some(uid));
                    cache.forget(uid);
                }
            }
            ["*", "VANISHED", set] => {
                assert!(allowed.expunge && client.qresync, "{line} in {command}");
                for uid in numbers(set) {
                    // Of one that the client did not ask for, it knows between which others it was.
                    let known = cache.uids.iter().position(|known| *known == Some(uid));
                    let lower = |known: &Option<u32>| known.is_some_and(|known| known < uid);
                    let start = cache.uids.iter().rposition(lower).map_or(0, |place| place + 1);
                    let unknown = Some(start).filter(|start| cache.uids.get(*start) == Some(&None));
                    let place = known.or(unknown);
                    cache.uids.remove(place.unwrap_or_else(|| panic!("{line}: {uid} is there")));
                    cache.forget(uid);
                }
            }
            ["*", number, "EXPUNGE"] => {
                assert!(allowed.expunge && !client.qresync, "{line} in {command}");
                let number: usize = number.parse().unwrap();
                if let Some(uid) = cache.uids.remove(number - 1) {
                    cache.forget(uid);
                }
            }
            ["*", number, "EXISTS"] => {
                let number: usize = number.parse().unwrap();
                assert!(number > cache.uids.len() || command.starts_with("SELECT"), "{line}");
                cache.uids.resize(number, None);
            }
            ["*", _, "RECENT"] => assert!(!client.rev2, "{line}"),
            ["*", number, "FETCH", ..] => {
                let number: usize = number.parse().unwrap();
                let has_uid = line.contains("UID ");
                assert!(has_uid || !(client.qresync || client.rev2), "{line}");
                assert!(!client.rev2 || !line.contains("\\Recent"), "{line}");
                let known = &mut cache.uids[number - 1];
                if let Some(uid) = after(line, "UID ") {
                    let uid = uid.parse().unwrap();
                    assert!(known.is_none_or(|known| known == uid), "{line}: was {known:?}");
                    *known = Some(uid);
                }
                let Some(uid) = *known else { return };
                if let Some(modseq) = after(line, "MODSEQ (") {
                    let modseq: u64 = modseq.parse().unwrap();
                    let before = cache.modseqs.insert(uid, modseq).unwrap_or(0);
                    assert!(before <= modseq, "{line}: was {before}");
                } else {
                    assert!(
                        !client.qresync || !line.contains("FLAGS") || command.contains("FLAGS")
                    );
                }
                if let Some((_, flags)) = line.split_once("FLAGS (") {
                    let flags = flags.split_once(')').unwrap().0;
                    let mut flags: BTreeSet<String> =
                        flags.split_whitespace().map(str::to_owned).collect();
                    if flags.remove("\\Recent") {
                        cache.recent.insert(uid);
                        let owner = *self.recent.entry(uid).or_insert(client.name);
                        assert_eq!(owner, client.name, "{uid} is recent to two");
                    } else if !client.rev2 {
                        assert!(!cache.recent.contains(&uid), "{uid} is recent no more");
                    }
                    cache.flags.insert(uid, flags);
                }
            }
            _ => {}
        }
        let known: Vec<u32> = cache.uids.iter().flatten().copied().collect();
        assert!(known.is_sorted_by(|a, b| a < b), "UIDs rise with numbers: {known:?}");
    }

    fn select(&mut self, place: usize) {
        self.clients[place].1 = Cache::default();
        let answer = self.say(place, "SELECT INBOX", QUIET);
        assert!(answer.starts_with("OK"), "{answer}");
        self.learn_uids(place);
    }

    /// A client that is told of a message wants to know its UID and flags.
    fn learn_uids(&mut self, place: usize) {
        let cache = &self.clients[place].1;
        let known = |uid: &Option<u32>| uid.is_some_and(|uid| cache.flags.contains_key(&uid));
        if !cache.uids.iter().all(known) {
            self.say(place, "FETCH 1:* (UID FLAGS)", QUIET);
        }
    }

    fn step(&mut self) {
        let place = self.below(self.clients.len());
        if self.below(6) == 0 {
            return self.idle(place);
        }
        let count = self.clients[place].1.uids.len();
        let top = self.host.store.state(self.inbox).unwrap().uid_next.get() as usize;
        let by_uid = self.below(2) == 0;
        let largest = if by_uid { top } else { count };
        let set = match (largest, self.below(4)) {
            (0, _) => "1:*".to_owned(),
            (_, 0) => format!("{}:*", self.below(largest) + 1),
            (_, 1) => format!("{}:{}", self.below(largest) + 1, self.below(largest) + 1),
            _ => format!("{},{}", self.below(largest) + 1, self.below(largest) + 1),
        };
        let uid = if by_uid { "UID " } else { "" };
        let calm = Allowed { expunge: by_uid, earlier: false };
        let answer = match self.below(13) {
            0 => self.say(place, "APPEND INBOX (\\Flagged kw) {1+}\r\nx", LOUD),
            1 => self.say(place, &format!("{uid}FETCH {set} (UID FLAGS)"), calm),
            2 => self.say(place, &format!("{uid}FETCH {set} BODY[]<0.1>"), calm),
            3 | 4 => {
                let sign = ["", "+", "-"][self.below(3)];
                let flags = ["\\Seen", "\\Deleted", "\\Deleted \\Answered", "kw", "$Other"];
                let flags = flags[self.below(flags.len())];
                self.say(place, &format!("{uid}STORE {set} {sign}FLAGS ({flags})"), calm)
            }
            5 => self.store_silently(place, &format!("{uid}STORE {set}"), calm),
            6 => self.say(place, "EXPUNGE", LOUD),
            7 if by_uid => self.say(place, &format!("UID EXPUNGE {set}"), LOUD),
            7 => self.say(place, "UID SEARCH ALL", LOUD),
            8 => self.say(place, &format!("{uid}COPY {set} INBOX"), LOUD),
            9 => {
                let to = ["other", "INBOX"][self.below(2)];
                self.say(place, &format!("{uid}MOVE {set} {to}"), LOUD)
            }
            10 => self.say(place, &format!("{uid}SEARCH OR DELETED UNSEEN"), calm),
            11 => self.resync(place),
            _ => {
                let answer = self.say(place, "NOOP", LOUD);
                self.learn_uids(place);
                self.compare(place);
                answer
            }
        };
        let is_known = ["OK", "NO [EXPUNGEISSUED]", "BAD No message has this sequence number"];
        assert!(is_known.iter().any(|it| answer.starts_with(it)), "{answer}");
        self.learn_uids(place);
    }

    /// What a silent STORE changes, the client changes itself; of what it is told, it believes that.
    fn store_silently(&mut self, place: usize, store: &str, allowed: Allowed) -> String {
        let before = self.clients[place].1.flags.clone();
        let there: BTreeSet<u32> =
            self.host.store.messages(self.inbox).iter().map(|message| message.uid.get()).collect();
        let (_, set) = store.rsplit_once(' ').unwrap();
        let cache = &self.clients[place].1;
        let by_uid = store.starts_with("UID");
        let largest = match by_uid {
            true => cache.uids.last().copied().flatten().unwrap_or(0),
            false => u32::try_from(cache.uids.len()).unwrap(),
        };
        let set = SequenceSet::of(numbers_of(set, largest)).resolve(largest);
        let stored: Vec<u32> = (1..)
            .zip(&cache.uids)
            .filter_map(|(number, uid)| Some((number, (*uid)?)))
            .filter(|(number, uid)| set.contains(if by_uid { *uid } else { *number }))
            .map(|(_, uid)| uid)
            .collect();
        let answer = self.say(place, &format!("{store} +FLAGS.SILENT (\\Draft)"), allowed);
        if answer.starts_with("OK") || answer.starts_with("NO [EXPUNGEISSUED]") {
            let cache = &mut self.clients[place].1;
            for uid in stored.iter().filter(|uid| there.contains(uid)) {
                if cache.flags.get(uid) == before.get(uid)
                    && let Some(flags) = cache.flags.get_mut(uid)
                {
                    flags.insert("\\Draft".into());
                }
            }
        }
        answer
    }

    /// Leaves the mailbox, while others go on; comes back and catches up.
    fn resync(&mut self, place: usize) -> String {
        if !self.clients[place].0.qresync {
            self.say(place, "UNSELECT", QUIET);
            self.select(place);
            self.compare(place);
            return "OK".into();
        }
        self.say(place, "NOOP", LOUD);
        self.learn_uids(place);
        self.compare(place);
        let state = self.host.store.state(self.inbox).unwrap();
        let known = format!("{} {}", state.uid_validity, state.highest_modseq);
        self.say(place, "UNSELECT", QUIET);
        let other = (place + 1) % self.clients.len();
        for command in ["STORE 1:* +FLAGS (\\Seen)", "APPEND INBOX {1+}\r\ny", "UID EXPUNGE 1:*"] {
            self.say(other, command, LOUD);
            self.learn_uids(other);
        }
        // What the client knew has no numbers now: what it is told adds to it, by UID.
        let old = std::mem::take(&mut self.clients[place].1);
        self.say(place, &format!("SELECT INBOX (QRESYNC ({known}))"), CATCHING_UP);
        let new = &mut self.clients[place].1;
        let told = std::mem::replace(&mut new.flags, old.flags);
        new.flags.extend(told);
        new.recent.extend(old.recent);
        let there: BTreeSet<u32> =
            self.host.store.messages(self.inbox).iter().map(|message| message.uid.get()).collect();
        let gone: Vec<u32> = new.flags.keys().copied().filter(|uid| !there.contains(uid)).collect();
        let vanished = &self.clients[place].1.modseqs;
        assert!(gone.iter().all(|uid| !vanished.contains_key(uid)));
        let cache = &mut self.clients[place].1;
        gone.into_iter().for_each(|uid| cache.forget(uid));
        // The flags by UID are those of the store, before any is fetched.
        for message in self.host.store.messages(self.inbox) {
            let cached = &self.clients[place].1.flags[&message.uid.get()];
            assert_eq!(*cached, words(&message.flags), "{}", message.uid);
        }
        self.clients[place].1.recent.clear();
        self.recent.retain(|_, owner| *owner != self.clients[place].0.name);
        self.learn_uids(place);
        self.compare(place);
        "OK".into()
    }

    /// The cache is the mailbox.
    fn compare(&self, place: usize) {
        let (client, cache) = &self.clients[place];
        let messages = self.host.store.messages(self.inbox);
        let there: Vec<Option<u32>> =
            messages.iter().map(|message| Some(message.uid.get())).collect();
        assert_eq!(cache.uids, there, "{}", client.name);
        for message in messages {
            let cached = &cache.flags[&message.uid.get()];
            assert_eq!(*cached, words(&message.flags), "{} of {}", message.uid, client.name);
            if let Some(modseq) = cache.modseqs.get(&message.uid.get()) {
                assert!(*modseq <= message.modseq.0);
            }
        }
    }
}

impl Cache {
    fn forget(&mut self, uid: u32) {
        self.flags.remove(&uid);
        self.modseqs.remove(&uid);
        self.recent.remove(&uid);
    }
}

fn words(flags: &Flags) -> BTreeSet<String> {
    flags.to_string().split_whitespace().map(str::to_owned).collect()
}

/// The digits behind a word.
fn after<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(word)?;
    Some(&rest[..rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len())])
}

fn numbers(set: &str) -> Vec<u32> {
    numbers_of(set, 0)
}

/// The numbers of a set, ascending.
fn numbers_of(set: &str, largest: u32) -> Vec<u32> {
    let end = |text: &str| if text == "*" { largest } else { text.parse().unwrap() };
    let mut numbers = BTreeSet::new();
    for range in set.split(',') {
        let (from, to) = range.split_once(':').unwrap_or((range, range));
        let (from, to) = (end(from), end(to));
        numbers.extend(from.min(to).max(1)..=from.max(to));
    }
    numbers.into_iter().collect()
}

const QUIET: Allowed = Allowed { expunge: false, earlier: false };
const LOUD: Allowed = Allowed { expunge: true, earlier: false };
const CATCHING_UP: Allowed = Allowed { expunge: false, earlier: true };

#[test]
fn every_client_knows_the_mailbox_when_it_was_told() {
    for seed in 0..100 {
        let mut world = World::new(seed);
        for _ in 0..120 {
            world.step();
        }
        for place in 0..world.clients.len() {
            world.say(place, "NOOP", LOUD);
            world.learn_uids(place);
            world.compare(place);
        }
    }
}
