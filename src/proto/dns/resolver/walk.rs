//! The walk through what is known already: from alias to alias, in the cache and in the resolver's
//! own zones (RFC 1034 §5.3.3 step 1).

use crate::engine::SimTime;
use crate::proto::dns::{Name, Rcode, Record, RecordData, RecordType};

use super::Resolver;
use super::cache::{Credibility, Found, Known, NameKey, Reading};
use super::minimise::Minimise;
use super::reply::{self, Reply};
use super::resolution::{Age, Failure, Outcome, Resolution, State};

impl Resolver {
    /// Follows what the cache knows from the resolution's name on.
    pub(super) fn walk_cache(
        &mut self,
        now: SimTime,
        resolution: &mut Resolution,
    ) -> Result<Option<Outcome>, Failure> {
        self.walk(self.cache.fresh(now), resolution)
    }

    /// As [`Resolver::walk_cache`], with a choice of what counts.
    pub(super) fn walk(
        &mut self,
        reading: Reading,
        resolution: &mut Resolution,
    ) -> Result<Option<Outcome>, Failure> {
        let rtype = resolution.question.rtype;
        // What was looked into so far, of a resolution at its beginning.
        let mut own_alone = resolution.chain.is_empty() && !resolution.refresh;
        loop {
            let name = resolution.name.clone();
            match self.local_reply(&name, rtype) {
                // The servers of a zone that is delegated answer for it, and the cache for them.
                None | Some((Reply::Referral(_) | Reply::Lame(_) | Reply::Failed(_), _)) => {}
                Some((reply, harvest)) => match self.take_answer(resolution, reply, &harvest)? {
                    State::Done(outcome) => {
                        return Ok(Some(Outcome { lasting: own_alone, ..outcome }));
                    }
                    _ => continue,
                },
            }
            own_alone = false;
            if resolution.refresh {
                return Ok(None);
            }
            if rtype == RecordType::Any {
                return Ok(self.cached_any(reading, resolution));
            }
            let key = NameKey::new(&name);
            if let Some(found) = self.cache.read_at(reading, key, rtype, Credibility::Answer) {
                return Ok(Some(self.closed(reading, resolution, &found, Rcode::NoError)));
            }
            let alias = match rtype {
                RecordType::Cname => None,
                _ => self.cached_alias(reading, resolution, (&name, key)),
            };
            let Some((links, target)) = alias else {
                let cut = self.config.nxdomain_cut;
                let found = self.cache.read_nxdomain(reading, &name, cut);
                return Ok(
                    found.map(|found| self.closed(reading, resolution, &found, Rcode::NxDomain))
                );
            };
            resolution.chain.extend(links);
            match target {
                Some(target) => follow(resolution, target, self.config.limits.restarts)?,
                None => return Ok(Some(overlong(resolution))),
            }
        }
    }

    /// A CNAME at the name, or a DNAME above it, with the target; no target when it would be too
    /// long.
    fn cached_alias(
        &mut self,
        reading: Reading,
        resolution: &mut Resolution,
        (name, key): (&Name, NameKey<'_>),
    ) -> Option<(Vec<Record>, Option<Name>)> {
        let cname = self.cache.read_at(reading, key, RecordType::Cname, Credibility::Answer);
        if let Some(found) = &cname
            && let Some(RecordData::Cname(target)) = first(found)
        {
            resolution.age = resolution.age.max(age(found));
            return Some((found.records(name), Some(target.clone())));
        }
        let (above, found) = self.cache.read_dname_above(reading, name)?;
        let Some(RecordData::Dname(to)) = first(&found) else { return None };
        resolution.age = resolution.age.max(age(&found));
        let mut links = found.records(&above);
        let target = name.replace_suffix(&above, to)?.ok();
        if let Some(target) = &target {
            links.push(reply::synthesized(name, &links[0], target));
        }
        Some((links, target))
    }

    /// What a question for all types is answered with: what is known of the common ones, as
    /// Unbound does (RFC 8482 §4.1: a subset is enough).
    fn cached_any(&mut self, reading: Reading, resolution: &mut Resolution) -> Option<Outcome> {
        let name = &resolution.name;
        let mut answers = Vec::new();
        let mut oldest = resolution.age;
        for rtype in COMMON_TYPES {
            let found = self.cache.read(reading, name, rtype, Credibility::Answer);
            if let Some(found) = found.filter(|found| matches!(found.known, Known::Records(_))) {
                oldest = oldest.max(age(&found));
                answers.extend(found.records(name));
            }
        }
        if answers.is_empty() {
            let cut = self.config.nxdomain_cut;
            let found = self.cache.read_nxdomain(reading, name, cut)?;
            return Some(self.closed(reading, resolution, &found, Rcode::NxDomain));
        }
        let outcome = Outcome::answered(Rcode::NoError, answers, None);
        Some(Outcome { age: oldest, ..outcome })
    }

    /// The end of a walk in the cache.
    fn closed(
        &mut self,
        reading: Reading,
        resolution: &mut Resolution,
        found: &Found,
        rcode: Rcode,
    ) -> Outcome {
        let mut answers = std::mem::take(&mut resolution.chain);
        answers.extend(found.records(&resolution.name));
        let mut outcome = Outcome::answered(rcode, answers, None);
        outcome.age = resolution.age.max(age(found));
        outcome.authorities.clone_from(&found.authorities);
        if found.has_sections {
            let rtype = resolution.question.rtype;
            let sections = self.cache.sections(reading, &resolution.name, rtype);
            let sections = sections.unwrap_or_default();
            outcome.authorities = sections.authorities;
            outcome.additionals = sections.additionals;
        }
        outcome
    }
}

/// Goes on at the target of an alias.
pub(super) fn follow(resolution: &mut Resolution, target: Name, bound: u32) -> Result<(), Failure> {
    resolution.restarts += 1;
    let is_passed = |link: &Record| link.rtype() == RecordType::Cname && link.name == target;
    if resolution.restarts > bound || resolution.chain.iter().any(is_passed) {
        return Err(Failure::Aliases);
    }
    resolution.name = target;
    resolution.above = None;
    resolution.unconfigured = false;
    resolution.minimise = Minimise::default();
    Ok(())
}

/// A DNAME made a name that is none.
pub(super) fn overlong(resolution: &mut Resolution) -> Outcome {
    Outcome::answered(Rcode::YxDomain, std::mem::take(&mut resolution.chain), None)
}

fn first(found: &Found) -> Option<&RecordData> {
    match &found.known {
        Known::Records(data) => data.first(),
        Known::Nothing => None,
    }
}

fn age(found: &Found) -> Age {
    match (found.is_stale, found.is_old) {
        (true, _) => Age::Stale,
        (false, true) => Age::Old,
        (false, false) => Age::Fresh,
    }
}

/// What a question of type ANY is answered with from the cache.
const COMMON_TYPES: [RecordType; 7] = [
    RecordType::A,
    RecordType::Aaaa,
    RecordType::Mx,
    RecordType::Soa,
    RecordType::Ns,
    RecordType::Txt,
    RecordType::Dnskey,
];
