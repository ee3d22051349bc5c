//! What a name server's reply says, once everything is thrown away that it has no right to say.
//!
//! Follows RFC 1034 §5.3.3 step 4, RFC 2308 §2 (negative answers and referrals told apart),
//! RFC 2181 §5.4.1, RFC 6604 (the code belongs to the last name of a chain) and RFC 6672 (DNAME).
//!
//! Only the records of the chain from the question's name are taken from the answer section, only
//! SOA or the NS records of a referral from the authority section, and only the addresses of those
//! name servers from the additional section; none from outside the zone that the server was asked
//! for.

use crate::proto::dns::{Class, Message, Name, Question, Rcode, Record, RecordData, RecordType};

use super::servers::Lameness;

/// A reply, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Aliases, if any, and the RRset that was asked for.
    Answer {
        /// CNAME and DNAME records in the order of the walk.
        chain: Vec<Record>,
        /// The RRset; several for a question of type ANY.
        records: Vec<Record>,
        /// Addresses of name servers, when those were asked for.
        glue: Vec<Record>,
    },
    /// Aliases, and more is to be asked at `target`.
    Alias {
        /// CNAME and DNAME records in the order of the walk.
        chain: Vec<Record>,
        /// Where the walk stands.
        target: Name,
    },
    /// The last alias is a DNAME that makes a name too long (RFC 6672 §2.2: YXDOMAIN).
    Overlong {
        /// CNAME and DNAME records in the order of the walk.
        chain: Vec<Record>,
    },
    /// Aliases, if any, and nothing at their end.
    Nothing {
        /// CNAME and DNAME records in the order of the walk.
        chain: Vec<Record>,
        /// The name that there is nothing at.
        name: Name,
        /// Whether the name itself does not exist.
        nxdomain: bool,
        /// Of the zone that says so.
        soa: Option<Record>,
    },
    /// Others know more.
    Referral(Referral),
    /// The server is the wrong one for the zone.
    Lame(Lameness),
    /// The server failed, with this code; with NOERROR it said nothing of use.
    Failed(Rcode),
}

/// A delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Referral {
    /// The zone that is delegated.
    pub(crate) zone: Name,
    /// Its NS records.
    pub(crate) servers: Vec<Record>,
    /// Addresses of those servers.
    pub(crate) glue: Vec<Record>,
}

/// What was asked, as far as it tells how to read the reply.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The question.
    pub(crate) question: &'a Question,
    /// The zone that the server was asked for.
    pub(crate) zone: &'a Name,
    /// With RD, as a resolver is asked.
    pub(crate) recursion: bool,
    /// Glue from outside the zone is not taken.
    pub(crate) harden_glue: bool,
}

/// Reads a reply to `asked`.
pub(crate) fn read(message: &Message, asked: Asked<'_>) -> Reply {
    match message.rcode {
        Rcode::NoError | Rcode::NxDomain | Rcode::YxDomain => {}
        other => return Reply::Failed(other),
    }
    let has_dname = || message.answers.iter().any(|record| record.rtype() == RecordType::Dname);
    if message.rcode == Rcode::YxDomain && !has_dname() {
        // YXDOMAIN belongs to a DNAME.
        return Reply::Failed(Rcode::YxDomain);
    }
    let from_resolver = message.flags.ra && !message.flags.aa && !asked.recursion;
    let rtype = asked.question.rtype;
    let mut walk = Walk { chain: Vec::new(), name: asked.question.name.clone() };
    loop {
        let answers = || in_zone(&message.answers, asked.zone);
        let here = || answers().filter(|record| record.name == walk.name);
        let wanted = |record: &&Record| rtype == RecordType::Any || record.rtype() == rtype;
        // Nothing else stands beside an alias (RFC 1034 §3.6.2); where it does, what comes first
        // counts.
        let first = here().find(|record| wanted(record) || record.rtype() == RecordType::Cname);
        if first.is_some_and(|first| wanted(&first)) {
            let records: Vec<Record> = here().filter(wanted).cloned().collect();
            // What a parent knows of a name below its cut is glue, wherever it stands; but where it
            // leads to nobody else, it is what there is.
            let is_glue = !message.flags.aa && !asked.recursion && walk.chain.is_empty();
            if let Some(cut) = is_glue.then(|| delegation(message, asked, &walk.name)).flatten() {
                let referral = referral(message, asked, cut);
                if !referral.glue.is_empty() {
                    return Reply::Referral(referral);
                }
            }
            return match from_resolver {
                true => Reply::Lame(Lameness::Recursive),
                false => {
                    let glue = match rtype {
                        RecordType::Ns => glue(message, asked, &records),
                        _ => Vec::new(),
                    };
                    Reply::Answer { chain: walk.chain, records, glue }
                }
            };
        }
        let cname = here().find_map(|record| Some((record, alias_target(record)?)));
        let cname = cname.map(|(record, target)| (record.clone(), target.clone()));
        let dname = answers().find(|record| {
            record.rtype() == RecordType::Dname
                && walk.name.is_subdomain_of(&record.name)
                && walk.name != record.name
        });
        if let Some(dname) = dname.cloned() {
            return walk.substitute(dname);
        }
        let Some((record, target)) = cname else { break };
        if from_resolver {
            return Reply::Lame(Lameness::Recursive);
        }
        walk.chain.push(record);
        let known = walk.chain.iter().any(|link| link.name == target);
        walk.name = target;
        if known || !walk.name.is_subdomain_of(asked.zone) {
            return Reply::Alias { chain: walk.chain, target: walk.name };
        }
    }
    walk.end(message, asked, from_resolver)
}

/// The walk along aliases.
struct Walk {
    chain: Vec<Record>,
    name: Name,
}

impl Walk {
    /// A DNAME stands above the name. What follows it in the message is asked anew.
    fn substitute(mut self, dname: Record) -> Reply {
        let RecordData::Dname(target) = &dname.data else {
            return Reply::Failed(Rcode::FormErr);
        };
        match self.name.replace_suffix(&dname.name, target) {
            Some(Ok(name)) => {
                let cname = synthesized(&self.name, &dname, &name);
                self.chain.extend([dname, cname]);
                Reply::Alias { chain: self.chain, target: name }
            }
            Some(Err(_)) => {
                self.chain.push(dname);
                Reply::Overlong { chain: self.chain }
            }
            None => Reply::Failed(Rcode::FormErr),
        }
    }

    /// The message has no record at the walk's end.
    fn end(self, message: &Message, asked: Asked<'_>, from_resolver: bool) -> Reply {
        let Walk { chain, name } = self;
        let soa = in_zone(&message.authorities, asked.zone)
            .find(|soa| soa.rtype() == RecordType::Soa && name.is_subdomain_of(&soa.name))
            .cloned();
        let nxdomain = match message.rcode {
            // There is a root.
            Rcode::NxDomain if name.is_root() => return Reply::Failed(Rcode::NxDomain),
            Rcode::NxDomain => true,
            Rcode::NoError => false,
            // YXDOMAIN belongs to a DNAME above the name, and there is none.
            other => return Reply::Failed(other),
        };
        if nxdomain || soa.is_some() {
            return match from_resolver {
                true => Reply::Lame(Lameness::Recursive),
                false => Reply::Nothing { chain, name, nxdomain, soa },
            };
        }
        if !chain.is_empty() {
            return Reply::Alias { chain, target: name };
        }
        if let Some(cut) = delegation(message, asked, &name) {
            return Reply::Referral(referral(message, asked, cut));
        }
        let mut cuts = message.authorities.iter().filter(|ns| ns.rtype() == RecordType::Ns);
        let upward = cuts.find(|ns| asked.zone.is_subdomain_of(&ns.name));
        match upward.map(|ns| ns.name == *asked.zone) {
            Some(true) if from_resolver => return Reply::Lame(Lameness::Recursive),
            // With AA it is a NODATA that lacks its SOA.
            Some(true) if !message.flags.aa && !asked.recursion => {
                return Reply::Failed(Rcode::NoError);
            }
            Some(false) if asked.recursion => return Reply::Failed(Rcode::NoError),
            Some(false) => return Reply::Lame(Lameness::Lame),
            _ => {}
        }
        match from_resolver {
            true => Reply::Lame(Lameness::Recursive),
            false => Reply::Nothing { chain, name, nxdomain: false, soa: None },
        }
    }
}

/// The CNAME record that a DNAME stands for (RFC 6672 §3.1).
pub(crate) fn synthesized(name: &Name, dname: &Record, target: &Name) -> Record {
    Record::new(name.clone(), dname.ttl_secs, RecordData::Cname(target.clone()))
}

fn alias_target(record: &Record) -> Option<&Name> {
    match &record.data {
        RecordData::Cname(target) => Some(target),
        _ => None,
    }
}

fn in_zone<'a>(records: &'a [Record], zone: &'a Name) -> impl Iterator<Item = &'a Record> {
    let has_right =
        |record: &&Record| record.class == Class::In && record.name.is_subdomain_of(zone);
    records.iter().filter(has_right)
}

/// The zone that a message delegates: below the zone of its server, and `name` in it.
fn delegation<'a>(message: &'a Message, asked: Asked<'_>, name: &Name) -> Option<&'a Name> {
    let leads_down = |cut: &Name| {
        name.is_subdomain_of(cut)
            && cut.is_subdomain_of(asked.zone)
            && cut != asked.zone
            // DS stands at the parent, and the parent does not have it.
            && !(asked.question.rtype == RecordType::Ds && name == cut)
    };
    let mut cuts = message.authorities.iter().filter(|ns| ns.rtype() == RecordType::Ns);
    cuts.find(|ns| leads_down(&ns.name)).map(|ns| &ns.name)
}

fn referral(message: &Message, asked: Asked<'_>, cut: &Name) -> Referral {
    let servers: Vec<Record> = in_zone(&message.authorities, cut)
        .filter(|record| record.rtype() == RecordType::Ns && record.name == *cut)
        .cloned()
        .collect();
    let glue = glue(message, asked, &servers);
    Referral { zone: cut.clone(), servers, glue }
}

/// The addresses that the message gives for these name servers.
fn glue(message: &Message, asked: Asked<'_>, servers: &[Record]) -> Vec<Record> {
    let is_address =
        |record: &Record| matches!(record.data, RecordData::A(_) | RecordData::Aaaa(_));
    let has_right = |record: &Record| {
        record.class == Class::In && (!asked.harden_glue || record.name.is_subdomain_of(asked.zone))
    };
    let is_asked_for =
        |record: &Record| servers.iter().any(|ns| ns.data.host() == Some(&record.name));
    let additionals = message.additionals.iter();
    let fits = |record: &&Record| is_address(record) && has_right(record) && is_asked_for(record);
    additionals.filter(fits).cloned().collect()
}
