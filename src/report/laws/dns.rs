//! What resolvers were told and what they say, read from octets: each record that a resolver serves is
//! held against all responses that it has had.
//!
//! A resolver answers from its own zones, from names that mean the same everywhere (RFC 6761) and, of
//! the root's servers, from its hints, without having been told; a CNAME may be made from a DNAME
//! (RFC 6672). An answer that the resolver was told to get wrong is not judged.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use crate::engine::{HashState, SimTime};
use crate::net::NodeId;
use crate::proto::dns::resolver::is_special;
use crate::proto::dns::{Class, Message, Name, Record as Rr, RecordData};
use crate::report::transcript::forgeries::Forgeries;
use crate::scenario::plan::Resolver;
use crate::world::{Fact, Note, Record, RecordId};

use super::case::Case;
use super::reach::{Reach, Standing};
use super::{Broken, Law, ttl};

/// What one resolver was told.
struct Told<'w> {
    resolver: &'w Resolver,
    /// The zones that it answers for itself.
    own: Vec<&'w Name>,
    reach: Reach<'w>,
    receipts: HashMap<(Name, RecordData), Vec<Receipt>, HashState>,
    /// The targets of DNAME records, by owner.
    dnames: HashMap<Name, Vec<Name>, HashState>,
    /// When each client's last query of that id arrived.
    queries: HashMap<(SocketAddr, u16), SimTime, HashState>,
}

/// A record in a response to a resolver.
#[derive(Debug, Clone, Copy)]
pub(super) struct Receipt {
    pub(super) at: SimTime,
    pub(super) ttl_secs: u32,
    standing: Standing,
    record: RecordId,
}

/// What resolvers have served that they should not have, by whichever of the three laws.
pub(super) fn read(case: &Case<'_>) -> Vec<Broken> {
    let mut told: BTreeMap<NodeId, Told<'_>> = BTreeMap::new();
    for node in case.world.hosts() {
        if let Some(resolver) = case.resolver(node) {
            told.insert(node, Told::new(case, node, resolver));
        }
    }
    let forgeries = Forgeries::among(case.world.history());
    let mut streams: BTreeMap<(NodeId, SocketAddr, SocketAddr), Vec<u8>> = BTreeMap::new();
    let mut broken = Vec::new();
    if told.is_empty() {
        return broken;
    }
    for record in case.world.history() {
        let node = record.id.node;
        match &record.fact {
            Fact::Datagram { from, to, payload } if from.port() == PORT || to.port() == PORT => {
                let is_forged = forgeries.is_forged(record);
                if !is_forged || forgeries.is_believed(record) {
                    let packet = Packet { record, from: *from, is_forged };
                    packet.read(case, &mut told, payload, &mut broken);
                }
            }
            Fact::Opened { local, peer, .. } => {
                streams.remove(&(node, *local, *peer));
            }
            Fact::Stream { local, peer, payload }
                if [local, peer].iter().any(|end| end.port() == PORT) =>
            {
                let buffer = streams.entry((node, *local, *peer)).or_default();
                buffer.extend_from_slice(payload);
                let packet = Packet { record, from: *peer, is_forged: false };
                let mut done = 0;
                while let Some((length, rest)) = buffer[done..].split_first_chunk::<2>()
                    && let Some(octets) = rest.get(..usize::from(u16::from_be_bytes(*length)))
                {
                    packet.read(case, &mut told, octets, &mut broken);
                    done += 2 + octets.len();
                }
                buffer.drain(..done);
            }
            _ => {}
        }
    }
    broken
}

/// Where a DNS message was found.
#[derive(Clone, Copy)]
struct Packet<'w> {
    record: &'w Record,
    from: SocketAddr,
    is_forged: bool,
}

impl<'w> Packet<'w> {
    fn read(
        self,
        case: &Case<'w>,
        told: &mut BTreeMap<NodeId, Told<'w>>,
        octets: &[u8],
        broken: &mut Vec<Broken>,
    ) {
        let Packet { record, from, is_forged } = self;
        let sender =
            case.owner(from.ip()).filter(|node| from.port() == PORT && told.contains_key(node));
        let is_for_resolver = told.contains_key(&record.id.node);
        if sender.is_none() && !is_for_resolver {
            return;
        }
        let Ok(message) = Message::decode(octets) else { return };
        if !message.flags.qr {
            if let Some(told) = told.get_mut(&record.id.node) {
                told.queries.insert((from, message.id), record.time);
            }
            return;
        }
        if let Some(node) = sender.filter(|_| !is_forged)
            && let Some(told) = told.get(&node)
        {
            told.judge(case, node, record, &message, broken);
        }
        if from.port() == PORT
            && let Some(told) = told.get_mut(&record.id.node)
        {
            told.hear(record, from, is_forged, &message);
        }
    }
}

impl<'w> Told<'w> {
    fn new(case: &Case<'w>, node: NodeId, resolver: &'w Resolver) -> Self {
        let own = resolver.zones.iter().filter_map(|key| case.plan.zones.get(key));
        let reach = Reach::new(case.plan, &resolver.config, case.world.addresses(node));
        Told {
            resolver,
            own: own.map(|zone| &zone.name).collect(),
            reach,
            receipts: HashMap::default(),
            dnames: HashMap::default(),
            queries: HashMap::default(),
        }
    }

    /// A response has arrived.
    fn hear(&mut self, record: &Record, from: SocketAddr, is_forged: bool, message: &Message) {
        let said = records(message);
        for one in said.iter().copied() {
            let standing = self.reach.standing(from.ip(), &one.name, is_forged);
            if let RecordData::Dname(target) = &one.data {
                self.dnames.entry(one.name.clone()).or_default().push(target.clone());
            }
            let receipt =
                Receipt { at: record.time, ttl_secs: one.ttl_secs, standing, record: record.id };
            self.receipts.entry((one.name.clone(), one.data.clone())).or_default().push(receipt);
        }
        // What it says of other servers counts from now on.
        for one in said {
            let standing = self.reach.standing(from.ip(), &one.name, is_forged);
            self.reach.learn(one, standing);
        }
    }

    /// The resolver has said this to somebody.
    fn judge(
        &self,
        case: &Case<'w>,
        node: NodeId,
        record: &'w Record,
        message: &Message,
        broken: &mut Vec<Broken>,
    ) {
        // It left when the resolver did what caused it, or later.
        let Some(sent) = case.causes(record).next().filter(|cause| cause.id.node == node) else {
            return;
        };
        let own_doing = case.causes(record).take_while(|cause| cause.id.node == node);
        let mut notes = own_doing.filter_map(Record::note);
        if notes.any(|note| matches!(note, Note::Misbehaved { .. })) {
            return;
        }
        let asked = match record.fact {
            Fact::Datagram { to, .. } => self.queries.get(&(to, message.id)).copied(),
            Fact::Stream { local, .. } => self.queries.get(&(local, message.id)).copied(),
            _ => None,
        };
        for one in records(message) {
            let is_own = self.own.iter().any(|zone| one.name.is_subdomain_of(zone));
            if is_own || is_special(&one.name) || self.reach.is_hint(one) {
                continue;
            }
            let mut tell = |law: Law, what: String, receipt: Option<&Receipt>| {
                let mut records = vec![record.id];
                records.extend(receipt.map(|receipt| receipt.record));
                broken.push(case.broken(law, sent.time, node, what, &records));
            };
            let receipts: Vec<&Receipt> =
                self.receipts_of(one).filter(|receipt| receipt.at <= sent.time).collect();
            let Some(best) = receipts.iter().max_by_key(|receipt| receipt.standing) else {
                tell(Law::Bailiwick, format!("{one} is served, and nobody has said it"), None);
                continue;
            };
            match best.standing {
                Standing::Right => {}
                Standing::Forged => tell(
                    Law::Forgery,
                    format!("{one} is served, which a forger has said"),
                    Some(best),
                ),
                Standing::Foreign => tell(
                    Law::Bailiwick,
                    format!("{one} is served, which no server for a zone above it has said"),
                    Some(best),
                ),
            }
            let cache = &self.resolver.config.cache;
            if let Some(last) = ttl::outlived(cache, one, &receipts, sent.time, asked) {
                let until = last.at + std::time::Duration::from_secs(u64::from(last.ttl_secs));
                let what =
                    format!("{one} is served; it was to be used until {until} s at the latest");
                tell(Law::Ttl, what, Some(last));
            }
        }
    }

    /// The responses that had the record, or the DNAME that it is made from.
    fn receipts_of(&self, one: &Rr) -> impl Iterator<Item = &Receipt> {
        let of = |name: &Name, data: &RecordData| {
            self.receipts.get(&(name.clone(), data.clone())).into_iter().flatten()
        };
        let made_from = |owner: Name| {
            let RecordData::Cname(alias) = &one.data else { return None };
            let fits = |target: &&Name| matches!(one.name.replace_suffix(&owner, target), Some(Ok(made)) if made == *alias);
            let target = self.dnames.get(&owner)?.iter().find(fits)?;
            Some((owner.clone(), RecordData::Dname(target.clone())))
        };
        let made = one.name.ancestors().find_map(made_from);
        of(&one.name, &one.data)
            .chain(made.into_iter().flat_map(move |(name, data)| of(&name, &data)))
    }
}

/// All records of a message, of class IN.
fn records(message: &Message) -> Vec<&Rr> {
    let Message { answers, authorities, additionals, .. } = message;
    let all = answers.iter().chain(authorities).chain(additionals);
    all.filter(|record| record.class == Class::In).collect()
}

const PORT: u16 = 53;
