//! The parameters of SVCB and HTTPS.
//!
//! Follows RFC 9460 §2.1 and §2.2, with the keys of §7 and §8, RFC 9461 (dohpath) and RFC 9540
//! (ohttp); other keys have octets and the name `key123`.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::show::write_string;

/// One parameter from its key and the octets of its value; the error says what would be right.
pub(in super::super) fn parse(
    key: &str,
    value: Option<&[u8]>,
) -> Result<(u16, Vec<u8>), &'static str> {
    let number = key_number(key).ok_or("a key such as port, alpn or key65280")?;
    let text = || value.and_then(|value| std::str::from_utf8(value).ok()).unwrap_or("");
    let octets = match number {
        MANDATORY => {
            let keys: Option<Vec<u16>> = text().split(',').map(key_number).collect();
            let mut keys = keys.ok_or("a list of keys such as mandatory=alpn,port")?;
            keys.sort_unstable();
            if keys.contains(&MANDATORY) || keys.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err("each key but mandatory itself once at most");
            }
            keys.iter().flat_map(|key| key.to_be_bytes()).collect()
        }
        ALPN => {
            let list = value.and_then(split_list);
            let list = list.ok_or("a list of protocols such as alpn=h2,h3")?;
            list.iter().flat_map(|id| [&[id.len() as u8][..], id].concat()).collect()
        }
        NO_DEFAULT_ALPN | OHTTP => match value {
            None | Some([]) => Vec::new(),
            Some(_) => return Err("this key without a value"),
        },
        PORT => {
            let port: u16 = text().parse().map_err(|_| "a port such as port=443")?;
            port.to_be_bytes().to_vec()
        }
        IPV4HINT => {
            let hints = addresses::<Ipv4Addr>(text());
            let hints = hints.ok_or("addresses such as ipv4hint=192.0.2.1,192.0.2.2")?;
            hints.iter().flat_map(Ipv4Addr::octets).collect()
        }
        IPV6HINT => {
            let hints = addresses::<Ipv6Addr>(text());
            let hints = hints.ok_or("addresses such as ipv6hint=2001:db8::1")?;
            hints.iter().flat_map(Ipv6Addr::octets).collect()
        }
        ECH => {
            let list = STANDARD.decode(text()).ok().filter(|octets| !octets.is_empty());
            list.ok_or("the configuration in base64 such as ech=AEj+...")?
        }
        _ => value.unwrap_or_default().to_vec(),
    };
    Ok((number, octets))
}

/// The wire form of parameters, put in order; `None` when a key stands there twice, a value is
/// too long, or a mandatory key is missing (RFC 9460 §8).
pub(in super::super) fn encode(mut params: Vec<(u16, Vec<u8>)>) -> Option<Vec<u8>> {
    params.sort();
    if params.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return None;
    }
    let has = |key: &[u8]| params.iter().any(|(number, _)| number.to_be_bytes() == key);
    if let Some((MANDATORY, keys)) = params.first()
        && !keys.chunks(2).all(has)
    {
        return None;
    }
    let mut octets = Vec::new();
    for (key, value) in params {
        octets.extend(key.to_be_bytes());
        octets.extend(u16::try_from(value.len()).ok()?.to_be_bytes());
        octets.extend(value);
    }
    Some(octets)
}

/// The text of parameters; `None` when the octets are malformed.
pub(super) fn show(octets: &[u8]) -> Option<String> {
    let mut text = String::new();
    let mut rest = octets;
    let mut last = None;
    while let Some((head, tail)) = rest.split_first_chunk::<4>() {
        let key = u16::from_be_bytes([head[0], head[1]]);
        let (value, tail) = tail.split_at_checked(u16::from_be_bytes([head[2], head[3]]).into())?;
        if last >= Some(key) {
            return None;
        }
        last = Some(key);
        rest = tail;
        if !text.is_empty() {
            text.push(' ');
        }
        text += &key_name(key);
        show_value(&mut text, key, value)?;
    }
    // What cannot be read back is not shown in this form.
    rest.is_empty().then_some(text)
}

fn show_value(text: &mut String, key: u16, value: &[u8]) -> Option<()> {
    let joined = |words: Vec<String>| (!words.is_empty()).then(|| words.join(","));
    match key {
        MANDATORY => {
            let (keys, []) = value.as_chunks::<2>() else { return None };
            let numbers: Vec<u16> = keys.iter().map(|key| u16::from_be_bytes(*key)).collect();
            let ascend = numbers.windows(2).all(|pair| pair[0] < pair[1]);
            if !ascend || numbers.first() == Some(&MANDATORY) {
                return None;
            }
            write!(text, "={}", joined(numbers.into_iter().map(key_name).collect())?)
        }
        ALPN => {
            let mut list = Vec::new();
            let mut rest = value;
            while let Some((&octets, tail)) = rest.split_first() {
                let (id, tail) = tail.split_at_checked(octets.into())?;
                if id.is_empty() {
                    return None;
                }
                if !list.is_empty() {
                    list.push(b',');
                }
                for &octet in id {
                    if matches!(octet, b',' | b'\\') {
                        list.push(b'\\');
                    }
                    list.push(octet);
                }
                rest = tail;
            }
            if list.is_empty() {
                return None;
            }
            text.push('=');
            write_string(text, &list)
        }
        NO_DEFAULT_ALPN | OHTTP if value.is_empty() => Ok(()),
        NO_DEFAULT_ALPN | OHTTP => return None,
        PORT => write!(text, "={}", u16::from_be_bytes(value.try_into().ok()?)),
        IPV4HINT => {
            let (hints, []) = value.as_chunks::<4>() else { return None };
            let words = hints.iter().map(|hint| Ipv4Addr::from(*hint).to_string());
            write!(text, "={}", joined(words.collect())?)
        }
        IPV6HINT => {
            let (hints, []) = value.as_chunks::<16>() else { return None };
            let words = hints.iter().map(|hint| Ipv6Addr::from(*hint).to_string());
            write!(text, "={}", joined(words.collect())?)
        }
        ECH if value.is_empty() => return None,
        ECH => write!(text, "={}", STANDARD.encode(value)),
        _ if value.is_empty() => Ok(()),
        _ => {
            text.push('=');
            write_string(text, value)
        }
    }
    .ok()
}

fn addresses<T: FromStr>(text: &str) -> Option<Vec<T>> {
    text.split(',').map(|word| word.parse().ok()).collect()
}

/// A list at its commas, but for those behind a backslash (RFC 9460 appendix A.1); `None` when
/// an item is empty or has more than 255 octets.
fn split_list(value: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut items = vec![Vec::new()];
    let mut octets = value.iter();
    while let Some(&octet) = octets.next() {
        let item = items.last_mut()?;
        match octet {
            b',' => items.push(Vec::new()),
            b'\\' => item.push(*octets.next()?),
            _ => item.push(octet),
        }
    }
    items.iter().all(|item| (1..=255).contains(&item.len())).then_some(items)
}

fn key_number(text: &str) -> Option<u16> {
    if let Some(&(number, _)) = KEYS.iter().find(|(_, name)| *name == text) {
        return Some(number);
    }
    let digits = text.strip_prefix("key")?;
    let is_number = digits.bytes().all(|octet| octet.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?.filter(|&number| number != u16::MAX)
}

fn key_name(number: u16) -> String {
    let known = KEYS.iter().find(|(key, _)| *key == number);
    known.map_or_else(|| format!("key{number}"), |(_, name)| (*name).to_owned())
}

const MANDATORY: u16 = 0;
const ALPN: u16 = 1;
const NO_DEFAULT_ALPN: u16 = 2;
const PORT: u16 = 3;
const IPV4HINT: u16 = 4;
const ECH: u16 = 5;
const IPV6HINT: u16 = 6;
const OHTTP: u16 = 8;

const KEYS: [(u16, &str); 9] = [
    (MANDATORY, "mandatory"),
    (ALPN, "alpn"),
    (NO_DEFAULT_ALPN, "no-default-alpn"),
    (PORT, "port"),
    (IPV4HINT, "ipv4hint"),
    (ECH, "ech"),
    (IPV6HINT, "ipv6hint"),
    (7, "dohpath"),
    (OHTTP, "ohttp"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_rfc_9460_appendix_d() {
        let param = |key, value: &str| parse(key, Some(value.as_bytes())).unwrap();
        assert_eq!(param("port", "53"), (3, vec![0, 53]));
        assert_eq!(param("key667", "hello"), (667, b"hello".to_vec()));
        assert_eq!(param("ipv6hint", "2001:db8::1,2001:db8::53:1").1.len(), 32);
        assert_eq!(param("mandatory", "ipv4hint,alpn"), (0, vec![0, 1, 0, 4]));
        // After the escapes of the master file itself.
        assert_eq!(param("alpn", r"f\\oo\,bar,h2"), (1, b"\x08f\\oo,bar\x02h2".to_vec()));
        let params = [param("alpn", r"f\\oo\,bar,h2"), param("ipv4hint", "192.0.2.1")];
        let octets = encode(params.to_vec()).unwrap();
        assert_eq!(show(&octets).unwrap(), r#"alpn="f\\\\oo\\,bar,h2" ipv4hint=192.0.2.1"#);
        // The failures of appendix D.3.
        assert_eq!(encode(vec![(123, b"a".to_vec()), (123, b"b".to_vec())]), None);
        assert_eq!(encode(vec![param("mandatory", "key123")]), None);
        for (key, value) in [
            ("mandatory", Some("mandatory")),
            ("mandatory", Some("key123,key123")),
            ("mandatory", None),
            ("alpn", None),
            ("alpn", Some("")),
            ("port", None),
            ("ipv4hint", Some("")),
            ("no-default-alpn", Some("abc")),
            ("what", None),
        ] {
            assert!(parse(key, value.map(str::as_bytes)).is_err(), "{key}");
        }
    }
}
