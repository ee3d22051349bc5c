//! The data of an RRset and its signatures in one allocation, as the cache keeps them.
//!
//! Two counts, then each record's data as on the wire, names uncompressed, with its length before.

use bytes::Bytes;

use crate::proto::dns::{Name, RecordData, RecordType, Soa, Txt};

/// The data of an RRset, and of the RRSIG records that cover it.
#[derive(Debug)]
pub(super) struct Packed(Box<[u8]>);

impl Packed {
    /// Packs data and signatures, at most 65,535 of each.
    pub(super) fn new(data: &[&RecordData], signatures: &[&RecordData]) -> Self {
        let sets = [data, signatures];
        let each = sets.iter().flat_map(|set| set.iter()).map(|data| 2 + wire_octets(data));
        let mut octets = Vec::with_capacity(4 + each.sum::<usize>());
        let [[a, b], [c, d]] = sets.map(|set| (set.len() as u16).to_be_bytes());
        octets.extend_from_slice(&[a, b, c, d]);
        for data in sets.iter().flat_map(|set| set.iter()) {
            let start = octets.len();
            octets.extend_from_slice(&[0, 0]);
            append(data, &mut octets);
            let length = (octets.len() - start - 2).min(usize::from(u16::MAX)) as u16;
            octets.truncate(start + 2 + usize::from(length));
            octets[start..start + 2].copy_from_slice(&length.to_be_bytes());
        }
        Packed(octets.into())
    }

    /// What it takes in memory.
    pub(super) fn octets(&self) -> usize {
        self.0.len()
    }

    /// The data.
    pub(super) fn data(&self, rtype: RecordType) -> impl Iterator<Item = RecordData> {
        self.fields().take(self.counts().0.into()).map(move |octets| read(rtype, octets))
    }

    /// The data of the RRSIG records.
    pub(super) fn signatures(&self) -> impl Iterator<Item = RecordData> {
        let signatures = self.fields().skip(self.counts().0.into());
        signatures.map(|octets| read(RecordType::Rrsig, octets))
    }

    fn counts(&self) -> (u16, u16) {
        let count = |at: usize| u16::from_be_bytes([self.0[at], self.0[at + 1]]);
        (count(0), count(2))
    }

    fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.0[4..];
        std::iter::from_fn(move || {
            let (length, tail) = rest.split_first_chunk::<2>()?;
            let (field, tail) = tail.split_at(u16::from_be_bytes(*length).into());
            rest = tail;
            Some(field)
        })
    }
}

/// How many octets [`append`] appends.
fn wire_octets(data: &RecordData) -> usize {
    let of = |name: &Name| name.as_wire().len();
    match data {
        RecordData::A(_) => 4,
        RecordData::Aaaa(_) => 16,
        RecordData::Ns(name)
        | RecordData::Cname(name)
        | RecordData::Dname(name)
        | RecordData::Ptr(name) => of(name),
        RecordData::Soa(soa) => of(&soa.mname) + of(&soa.rname) + 20,
        RecordData::Mx { exchange, .. } => 2 + of(exchange),
        RecordData::Txt(txt) => txt.as_wire().len(),
        RecordData::Srv { target, .. } => 6 + of(target),
        RecordData::Unknown { octets, .. } => octets.len(),
    }
}

fn append(data: &RecordData, octets: &mut Vec<u8>) {
    match data {
        RecordData::A(address) => octets.extend_from_slice(&address.octets()),
        RecordData::Aaaa(address) => octets.extend_from_slice(&address.octets()),
        RecordData::Ns(name)
        | RecordData::Cname(name)
        | RecordData::Dname(name)
        | RecordData::Ptr(name) => octets.extend_from_slice(name.as_wire()),
        RecordData::Soa(soa) => {
            octets.extend(soa.mname.as_wire());
            octets.extend(soa.rname.as_wire());
            for number in
                [soa.serial, soa.refresh_secs, soa.retry_secs, soa.expire_secs, soa.minimum_secs]
            {
                octets.extend(number.to_be_bytes());
            }
        }
        RecordData::Mx { preference, exchange } => {
            octets.extend(preference.to_be_bytes());
            octets.extend(exchange.as_wire());
        }
        RecordData::Txt(txt) => octets.extend(txt.as_wire()),
        RecordData::Srv { priority, weight, port, target } => {
            for number in [priority, weight, port] {
                octets.extend(number.to_be_bytes());
            }
            octets.extend(target.as_wire());
        }
        RecordData::Unknown { octets: data, .. } => octets.extend(&data[..]),
    }
}

/// Data of a type. What does not fit its type was unknown data when it came.
fn read(rtype: RecordType, octets: &[u8]) -> RecordData {
    known(rtype, octets)
        .unwrap_or_else(|| RecordData::Unknown { rtype, octets: Bytes::copy_from_slice(octets) })
}

fn known(rtype: RecordType, octets: &[u8]) -> Option<RecordData> {
    let number = |at: usize| Some(u16::from_be_bytes(*octets.get(at..)?.first_chunk()?));
    Some(match rtype {
        RecordType::A => RecordData::A(<[u8; 4]>::try_from(octets).ok()?.into()),
        RecordType::Aaaa => RecordData::Aaaa(<[u8; 16]>::try_from(octets).ok()?.into()),
        RecordType::Ns => RecordData::Ns(name(octets)?),
        RecordType::Cname => RecordData::Cname(name(octets)?),
        RecordType::Dname => RecordData::Dname(name(octets)?),
        RecordType::Ptr => RecordData::Ptr(name(octets)?),
        RecordType::Soa => RecordData::Soa(Box::new(soa(octets)?)),
        RecordType::Mx => {
            RecordData::Mx { preference: number(0)?, exchange: name(octets.get(2..)?)? }
        }
        RecordType::Txt => RecordData::Txt(Txt::from_wire(Bytes::copy_from_slice(octets))?),
        RecordType::Srv => RecordData::Srv {
            priority: number(0)?,
            weight: number(2)?,
            port: number(4)?,
            target: name(octets.get(6..)?)?,
        },
        _ => return None,
    })
}

fn soa(octets: &[u8]) -> Option<Soa> {
    let (names, numbers) = octets.split_last_chunk::<20>()?;
    let mut end = 0;
    while *names.get(end)? != 0 {
        end += 1 + usize::from(names[end]);
    }
    let (mname, rname) = names.split_at(end + 1);
    let numbers: Vec<u32> = numbers
        .chunks_exact(4)
        .filter_map(|n| Some(u32::from_be_bytes(n.try_into().ok()?)))
        .collect();
    let [serial, refresh_secs, retry_secs, expire_secs, minimum_secs] = numbers[..] else {
        return None;
    };
    let (mname, rname) = (name(mname)?, name(rname)?);
    Some(Soa { mname, rname, serial, refresh_secs, retry_secs, expire_secs, minimum_secs })
}

fn name(octets: &[u8]) -> Option<Name> {
    Name::from_wire(octets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_data_comes_back() {
        let host = || "mx.Example.com".parse::<Name>().unwrap();
        let data = [
            RecordData::A([192, 0, 2, 1].into()),
            RecordData::Aaaa("2001:db8::1".parse().unwrap()),
            RecordData::Ns(host()),
            RecordData::Cname(Name::root()),
            RecordData::Dname(host()),
            RecordData::Ptr(host()),
            RecordData::Soa(Box::new(Soa {
                mname: host(),
                rname: Name::root(),
                serial: 1,
                refresh_secs: 2,
                retry_secs: 3,
                expire_secs: 4,
                minimum_secs: u32::MAX,
            })),
            RecordData::Mx { preference: 10, exchange: host() },
            RecordData::Txt(Txt::new(["v=spf1 -all", ""])),
            RecordData::Srv { priority: 1, weight: 2, port: 25, target: host() },
            RecordData::Unknown { rtype: RecordType::Other(65_280), octets: vec![1, 2].into() },
            // Malformed for its type, and still what came.
            RecordData::Unknown { rtype: RecordType::Mx, octets: vec![1].into() },
        ];
        let signature =
            RecordData::Unknown { rtype: RecordType::Rrsig, octets: vec![7; 30].into() };
        for data in &data {
            let packed = Packed::new(&[data, data], &[&signature]);
            let back: Vec<RecordData> = packed.data(data.rtype()).collect();
            assert_eq!(back, [data.clone(), data.clone()]);
            assert_eq!(packed.octets(), 4 + 2 * (2 + wire_octets(data)) + 2 + 30);
            assert!(packed.signatures().eq(std::iter::once(signature.clone())));
        }
    }
}
