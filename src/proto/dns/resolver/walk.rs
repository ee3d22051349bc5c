//! The walk through what is known already: from alias to alias, in the cache and in the resolver's
//! own zones (RFC 1034 §5.3.3 step 1).

use crate::engine::SimTime;
use crate::proto::dns::{Name, Rcode, Record, RecordData, RecordType};

use super::Resolver;
use super::cache::{Credibility, Found, Known};
use super::reply::{self, Reply};
use super::resolution::{Failure, Outcome, Resolution, State};

impl Resolver {
    /// Follows what the cache knows from the resolution's name on.
    pub(super) fn walk_cache(
        &mut self,
        now: SimTime,
        resolution: &mut Resolution,
    ) -> Result<Option<Outcome>, Failure> {
        let rtype = resolution.question.rtype;
        loop {
            let name = resolution.name.clone();
            match self.local_reply(&name, rtype) {
                // The servers of a zone that is delegated answer for it, and the cache for them.
                None | Some(Reply::Referral(_) | Reply::Lame(_) | Reply::Failed(_)) => {}
                Some(reply) => match self.take_answer(resolution, reply)? {
                    State::Done(outcome) => return Ok(Some(outcome)),
                    _ => continue,
                },
            }
            if let Some(found) = self.cache.get(now, &name, rtype, Credibility::Answer) {
                return Ok(Some(closed(resolution, &found, Rcode::NoError)));
            }
            let alias = match rtype {
                // ANY is answered by the servers alone: the cache knows types one by one.
                RecordType::Any => return Ok(None),
                RecordType::Cname => None,
                _ => self.cached_alias(now, &name),
            };
            let Some((links, target)) = alias else {
                let nxdomain = self.cache.get_nxdomain(now, &name, self.config.nxdomain_cut);
                return Ok(nxdomain.map(|found| closed(resolution, &found, Rcode::NxDomain)));
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
    fn cached_alias(&mut self, now: SimTime, name: &Name) -> Option<(Vec<Record>, Option<Name>)> {
        let cname = self.cache.get(now, name, RecordType::Cname, Credibility::Answer);
        if let Some(RecordData::Cname(target)) = cname.as_ref().and_then(first) {
            let target = target.clone();
            return cname.map(|found| (found.records(name), Some(target)));
        }
        for above in name.ancestors().skip(1) {
            let dname = self.cache.get(now, &above, RecordType::Dname, Credibility::Answer);
            let Some(found) = dname else { continue };
            let Some(RecordData::Dname(to)) = first(&found) else { continue };
            let mut links = found.records(&above);
            let target = name.replace_suffix(&above, to)?.ok();
            if let Some(target) = &target {
                links.push(reply::synthesized(name, &links[0], target));
            }
            return Some((links, target));
        }
        None
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
    Ok(())
}

/// The end of a walk in the cache.
fn closed(resolution: &mut Resolution, found: &Found, rcode: Rcode) -> Outcome {
    let mut answers = std::mem::take(&mut resolution.chain);
    answers.extend(found.records(&resolution.name));
    Outcome::answered(rcode, answers, found.soa())
}

/// A DNAME made a name that is none.
pub(super) fn overlong(resolution: &mut Resolution) -> Outcome {
    Outcome::answered(Rcode::YxDomain, std::mem::take(&mut resolution.chain), None)
}

fn first(found: &Found) -> Option<&RecordData> {
    match &found.known {
        Known::Records(data) => data.first(),
        Known::Nothing { .. } => None,
    }
}
