//! The rules of a server, and the part that each of its sessions has in them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use super::moment::Moment;
use super::rule::{Rule, Scene};
use crate::engine::{SimTime, Stream};
use crate::proto::idna;
use crate::proto::misbehaviour::{Per, RuleBook};
use crate::proto::smtp::address::{ForwardPath, Mailbox, ReversePath};
use crate::proto::spf::SpfResult;

/// The rules of one server. Cheap to clone; all clones are the same rules, shared by its sessions.
#[derive(Debug, Clone)]
pub struct Misbehaviour {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    book: RuleBook<Rule>,
    /// For rules of a share.
    draws: Stream,
    /// The domains whose senders are not external, in lower case and A-labels.
    own: BTreeSet<String>,
    /// How many connections of each client stand.
    open: BTreeMap<IpAddr, u32>,
    /// How many stand at all.
    all_open: u32,
    /// How many sessions there were.
    sessions: u64,
}

impl Misbehaviour {
    /// The rules of a server that answers for these domains, none of which was met yet.
    pub fn new(rules: &[Arc<Rule>], own: impl IntoIterator<Item = String>, draws: Stream) -> Self {
        let shared = Shared {
            book: RuleBook::new(rules),
            draws,
            own: own.into_iter().collect(),
            open: BTreeMap::new(),
            all_open: 0,
            sessions: 0,
        };
        Misbehaviour { shared: Arc::new(Mutex::new(shared)) }
    }

    /// Adds a rule, after all others, under this number.
    pub fn add(&self, number: u64, rule: Arc<Rule>) {
        self.lock().book.add(number, rule);
    }

    /// Takes the rules away that were added under this number.
    pub fn remove(&self, number: u64) {
        self.lock().book.remove(number);
    }

    /// The part of a new session with this client.
    pub fn session(&self, client: IpAddr) -> Manners {
        let mut shared = self.lock();
        shared.sessions += 1;
        shared.all_open += 1;
        *shared.open.entry(client).or_default() += 1;
        let session = shared.sessions;
        drop(shared);
        Manners {
            of: self.clone(),
            session,
            client,
            commands: 0,
            text_octets: 0,
            spf: None,
            at_hand: None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("nobody panics while it is held")
    }
}

/// How one session is to behave. While it lives, its connection counts as one that stands.
#[derive(Debug)]
pub struct Manners {
    of: Misbehaviour,
    session: u64,
    pub(crate) client: IpAddr,
    /// How many commands have come.
    pub(crate) commands: u64,
    /// How many octets of the text at hand have come.
    pub(crate) text_octets: u64,
    /// What SPF has come to in the transaction at hand.
    pub(crate) spf: Option<SpfResult>,
    /// The rule that was applied to what is being answered.
    pub(crate) at_hand: Option<AtHand>,
}

/// A rule that was applied, and whose answer is not over.
#[derive(Debug)]
pub(crate) struct AtHand {
    pub(crate) rule: Arc<Rule>,
    pub(crate) moment: Moment,
    /// What was to be said and was not.
    pub(crate) unsaid: String,
}

impl Manners {
    /// The first rule that applies. What it is to know of server and connections is filled in.
    pub(crate) fn judge(&self, now: SimTime, scene: &Scene<'_>) -> Option<Arc<Rule>> {
        let mut shared = self.of.lock();
        let Shared { book, draws, own, open, all_open, .. } = &mut *shared;
        let of_client = open.get(&self.client).copied().unwrap_or_default();
        let scene = Scene {
            connections: [*all_open, of_client],
            is_own_sender: scene.sender.is_some_and(|path| is_own(path, own)),
            ..*scene
        };
        book.judge(now, |rule| rule.fits(&scene), |per| self.key(per, &scene), || draws.unit())
    }

    /// How many octets of the text may come before a rule is to be asked again.
    pub(crate) fn fence(&self) -> Option<u64> {
        let shared = self.of.lock();
        let within = shared.book.rules().filter_map(Rule::is_within_text);
        within.filter_map(|at| at.checked_sub(self.text_octets)).filter(|left| *left > 0).min()
    }

    /// Who it is that the session is counted for.
    fn key(&self, per: Per, scene: &Scene<'_>) -> String {
        let sender = scene.sender.and_then(ReversePath::mailbox);
        match per {
            Per::Server => String::new(),
            Per::Client => self.client.to_string(),
            Per::User => scene.login.unwrap_or_default().to_owned(),
            Per::Session => self.session.to_string(),
            Per::SenderDomain => {
                let domain = sender.and_then(|sender| idna::to_ascii(sender.domain()));
                domain.unwrap_or_default().into_owned()
            }
            Per::Triplet => {
                let network = network_of(self.client);
                let sender = sender.map_or_else(String::new, Mailbox::to_string);
                let to = scene.recipient.map_or_else(String::new, ForwardPath::to_string);
                format!("{network} {sender} {to}").to_ascii_lowercase()
            }
        }
    }
}

impl Drop for Manners {
    fn drop(&mut self) {
        // A panic elsewhere is told by itself.
        let Ok(mut shared) = self.of.shared.lock() else { return };
        shared.all_open -= 1;
        if let Some(open) = shared.open.get_mut(&self.client) {
            *open -= 1;
            if *open == 0 {
                shared.open.remove(&self.client);
            }
        }
    }
}

/// The first octets of an address, as greylisting takes them: a host that tries again may be another
/// one of a pool (RFC 6647 §2.2).
fn network_of(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(client) => IpAddr::from((u32::from(client) & (!0 << 8)).to_be_bytes()),
        IpAddr::V6(client) => IpAddr::from((u128::from(client) & (!0 << 64)).to_be_bytes()),
    }
}

/// Whether the sender is of one of these domains.
fn is_own(path: &ReversePath, own: &BTreeSet<String>) -> bool {
    let domain = path.mailbox().and_then(|mailbox| idna::to_ascii(mailbox.domain()));
    domain.is_some_and(|domain| own.contains(&*domain))
}
