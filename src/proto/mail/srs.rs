//! The Sender Rewriting Scheme: reverse-paths of forwarded mail that pass SPF at the next hop, and
//! that lead bounces back through the forwarder.
//!
//! Follows libsrs2 and postsrsd, which all forwarders agree with: `SRS0=hash=timestamp=domain=local`
//! at the first forwarder, `SRS1=hash=first-forwarder==...` at each later one. The hash is the start
//! of an HMAC-SHA1 in base64, compared without case, so that nobody can make a forwarder send mail to
//! whom he likes; the timestamp is the day modulo 1,024 in base32, so that an address is of no use
//! after three weeks.
//!
//! Not modelled: several secrets, of which older ones are accepted only; hashes longer than four
//! characters; databases of addresses, which shorten the local part.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::encode::quote_local_part;
use crate::engine::UnixTime;

/// What a forwarder rewrites with: its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Srs {
    secret: Box<[u8]>,
}

/// Why a local part leads back to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SrsError {
    /// It begins with neither `SRS0` nor `SRS1`.
    NotSrs,
    /// A field is missing.
    Malformed,
    /// The hash is not of this forwarder's secret.
    Forged,
    /// It was made more than [`Srs::MAX_AGE_DAYS`] days ago.
    Expired,
}

/// Says why, in words.
impl fmt::Display for SrsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SrsError::NotSrs => "not an SRS address",
            SrsError::Malformed => "SRS address without all of its parts",
            SrsError::Forged => "Hash invalid in SRS address",
            SrsError::Expired => "Time stamp out of date in SRS address",
        })
    }
}

impl std::error::Error for SrsError {}

impl Srs {
    /// How many days an address is good for, as in libsrs2.
    pub const MAX_AGE_DAYS: u16 = 21;

    /// A forwarder with that secret.
    pub fn new(secret: impl Into<Box<[u8]>>) -> Self {
        Srs { secret: secret.into() }
    }

    /// Whether a local part, without quotes, claims to be one of SRS.
    pub fn is_srs(local_part: &str) -> bool {
        tagged(local_part).is_some()
    }

    /// The local part, at the forwarder, that stands for `local_part@domain`; quoted if need be.
    ///
    /// `local_part` has no quotes. One that another forwarder made becomes `SRS1`, which names that
    /// forwarder, so that a bounce takes the short way back however many there were.
    pub fn forward(&self, local_part: &str, domain: &str, now: UnixTime) -> String {
        let rewritten = match tagged(local_part) {
            Some((Tag::Srs0, rest)) => self.forward_again(domain, rest),
            // Made by a second forwarder: we take its place.
            Some((Tag::Srs1, rest)) => match rest[1..].split_once('=').and_then(split_host) {
                Some((first, rest)) => self.forward_again(first, rest),
                None => self.forward_first(local_part, domain, now),
            },
            None => self.forward_first(local_part, domain, now),
        };
        quote_local_part(&rewritten)
    }

    fn forward_first(&self, local_part: &str, domain: &str, now: UnixTime) -> String {
        let stamp = timestamp(day(now));
        let hash = self.hash(&[&stamp, domain, local_part]);
        format!("SRS0={hash}={stamp}={domain}={local_part}")
    }

    /// `rest` is what follows `SRS0` in the local part at the first forwarder.
    fn forward_again(&self, first: &str, rest: &str) -> String {
        let hash = self.hash(&[first, rest]);
        format!("SRS1={hash}={first}={rest}")
    }

    /// The address for which a local part, without quotes, was made.
    ///
    /// That of an `SRS1` is the `SRS0` address at the first forwarder, whose own hash and timestamp
    /// are its to judge.
    ///
    /// # Errors
    ///
    /// Where it is no local part of SRS, or not this forwarder's, or too old.
    pub fn reverse(&self, local_part: &str, now: UnixTime) -> Result<String, SrsError> {
        let (tag, rest) = tagged(local_part).ok_or(SrsError::NotSrs)?;
        let (hash, rest) = rest[1..].split_once('=').ok_or(SrsError::Malformed)?;
        match tag {
            Tag::Srs0 => {
                let (stamp, rest) = rest.split_once('=').ok_or(SrsError::Malformed)?;
                let (domain, user) = rest.split_once('=').ok_or(SrsError::Malformed)?;
                if domain.is_empty() || user.is_empty() {
                    return Err(SrsError::Malformed);
                }
                self.verify(hash, &[stamp, domain, user])?;
                check_age(stamp, now)?;
                Ok(format!("{}@{domain}", quote_local_part(user)))
            }
            Tag::Srs1 => {
                let (first, rest) = split_host((hash, rest)).ok_or(SrsError::Malformed)?;
                self.verify(hash, &[first, rest])?;
                Ok(format!("{}@{first}", quote_local_part(&format!("SRS0{rest}"))))
            }
        }
    }

    /// The first characters of the keyed hash over the parts, in lower case.
    fn hash(&self, parts: &[&str]) -> String {
        let mut mac =
            Hmac::<Sha1>::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        for part in parts {
            mac.update(part.to_ascii_lowercase().as_bytes());
        }
        let mut text = BASE64.encode(mac.finalize().into_bytes());
        text.truncate(HASH_CHARACTERS);
        text
    }

    fn verify(&self, hash: &str, parts: &[&str]) -> Result<(), SrsError> {
        // MTAs on the way may have changed the case.
        if self.hash(parts).eq_ignore_ascii_case(hash) { Ok(()) } else { Err(SrsError::Forged) }
    }
}

#[derive(Clone, Copy)]
enum Tag {
    Srs0,
    Srs1,
}

/// The tag, and what follows it, with the separator that it starts with.
fn tagged(local_part: &str) -> Option<(Tag, &str)> {
    let (tag, rest) = local_part.split_at_checked(4)?;
    let tag = match () {
        () if tag.eq_ignore_ascii_case("SRS0") => Tag::Srs0,
        () if tag.eq_ignore_ascii_case("SRS1") => Tag::Srs1,
        () => return None,
    };
    rest.starts_with(['=', '-', '+']).then_some((tag, rest))
}

/// Of `hash=host=rest`, split after the hash already: the host, and a rest that starts with a
/// separator.
fn split_host<'a>((_, rest): (&str, &'a str)) -> Option<(&'a str, &'a str)> {
    let (host, rest) = rest.split_once('=')?;
    (!host.is_empty() && rest.starts_with(['=', '-', '+'])).then_some((host, rest))
}

/// Days since 1970, modulo 1,024.
fn day(now: UnixTime) -> u16 {
    u16::try_from(now.0.div_euclid(86_400).rem_euclid(1_024)).expect("below 1,024")
}

fn timestamp(day: u16) -> String {
    [day >> 5, day & 31].iter().map(|digit| char::from(BASE32[usize::from(*digit)])).collect()
}

fn check_age(stamp: &str, now: UnixTime) -> Result<(), SrsError> {
    let digit = |octet: &u8| BASE32.iter().position(|one| *one == octet.to_ascii_uppercase());
    let digits: Option<Vec<usize>> = stamp.as_bytes().iter().map(digit).collect();
    let Some([high, low]) = digits.as_deref() else { return Err(SrsError::Malformed) };
    let made = u16::try_from(high * 32 + low).expect("two digits are below 1,024");
    // One from the future is as old as the cycle is long.
    let age = (day(now) + 1_024 - made) % 1_024;
    if age <= Srs::MAX_AGE_DAYS { Ok(()) } else { Err(SrsError::Expired) }
}

const HASH_CHARACTERS: usize = 4;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2020-01-01 00:01:00 UTC.
    const NEW_YEAR: UnixTime = UnixTime(1_577_836_860);
    const DAY: i64 = 86_400;

    fn srs() -> Srs {
        Srs::new(*b"tops3cr3t")
    }

    fn later(days: i64) -> UnixTime {
        UnixTime(NEW_YEAR.0 + days * DAY)
    }

    #[test]
    fn the_vector_of_postsrsd() {
        let made = srs().forward("test", "otherdomain.com", NEW_YEAR);
        assert_eq!(made, "SRS0=vmyz=2W=otherdomain.com=test");
        assert_eq!(srs().reverse(&made, NEW_YEAR).unwrap(), "test@otherdomain.com");
    }

    #[test]
    fn a_second_forwarder_names_the_first_and_a_third_takes_its_place() {
        let (second, third) = (Srs::new(*b"second"), Srs::new(*b"third"));
        let at_first = srs().forward("test", "otherdomain.com", NEW_YEAR);
        let at_second = second.forward(&at_first, "first.example", NEW_YEAR);
        assert!(at_second.starts_with("SRS1="), "{at_second}");
        assert!(at_second.ends_with("=first.example==vmyz=2W=otherdomain.com=test"), "{at_second}");
        let at_third = third.forward(&at_second, "second.example", NEW_YEAR);
        assert!(at_third.ends_with("=first.example==vmyz=2W=otherdomain.com=test"), "{at_third}");
        for (forwarder, local_part) in [(&second, &at_second), (&third, &at_third)] {
            let back = forwarder.reverse(local_part, NEW_YEAR).unwrap();
            assert_eq!(back, format!("{at_first}@first.example"));
        }
        assert_eq!(second.reverse(&at_third, NEW_YEAR), Err(SrsError::Forged));
    }

    #[test]
    fn what_was_changed_is_refused_but_for_its_case() {
        let made = srs().forward("test", "otherdomain.com", NEW_YEAR);
        let reverse = |text: &str| srs().reverse(text, NEW_YEAR);
        assert_eq!(reverse(&made.to_ascii_lowercase()).unwrap(), "test@otherdomain.com");
        assert_eq!(reverse(&made.replace("test", "victim")), Err(SrsError::Forged));
        assert_eq!(reverse(&made.replace("other", "another")), Err(SrsError::Forged));
        assert_eq!(reverse(&made.replace("2W", "2X")), Err(SrsError::Forged));
        assert_eq!(reverse(&made.replace("vmyz", "aaaa")), Err(SrsError::Forged));
        assert_eq!(reverse("SRS0=vmyz=2W=otherdomain.com"), Err(SrsError::Malformed));
        assert_eq!(reverse("SRS0=vmyz=2W=otherdomain.com="), Err(SrsError::Malformed));
        assert_eq!(reverse("SRS1=vmyz=first.example=x=y"), Err(SrsError::Malformed));
        assert_eq!(reverse("test"), Err(SrsError::NotSrs));
        assert_eq!(reverse("SRS0x=vmyz"), Err(SrsError::NotSrs));
        assert_eq!(Srs::new(*b"other").reverse(&made, NEW_YEAR), Err(SrsError::Forged));
    }

    #[test]
    fn an_address_is_good_for_three_weeks() {
        for start in [0, 150, 1_000] {
            // Day 854 of 1,024; the cycle ends between.
            let made = srs().forward("test", "otherdomain.com", later(start));
            let after = |days: i64| srs().reverse(&made, later(start + days)).err();
            assert_eq!((after(0), after(21)), (None, None), "{start}");
            assert_eq!((after(22), after(500)), (Some(SrsError::Expired), Some(SrsError::Expired)));
            assert_eq!(after(-1), Some(SrsError::Expired), "{start}");
        }
    }

    #[test]
    fn a_local_part_that_needs_quotes_keeps_them_outside() {
        let made = srs().forward("a b", "otherdomain.com", NEW_YEAR);
        assert!(made.starts_with("\"SRS0=") && made.ends_with("=a b\""), "{made}");
        let back = srs().reverse(made.trim_matches('"'), NEW_YEAR).unwrap();
        assert_eq!(back, "\"a b\"@otherdomain.com");
    }

    proptest! {
        #[test]
        fn what_is_made_leads_back(user in "[a-zA-Z0-9=+-]{1,20}", domain in "[a-z0-9-]{1,20}") {
            prop_assume!(!Srs::is_srs(&user));
            let made = srs().forward(&user, &domain, NEW_YEAR);
            let back = srs().reverse(&made, NEW_YEAR);
            prop_assert_eq!(back.unwrap(), format!("{user}@{domain}"));
        }

        #[test]
        fn no_local_part_is_too_strange(text in "(SRS[01][=+-])?[A-Za-z2-7=é]{0,40}") {
            let again = srs().forward(&text, "example.com", NEW_YEAR);
            prop_assert!(Srs::is_srs(again.trim_matches('"')));
            let _ = srs().reverse(&text, NEW_YEAR);
        }
    }
}
