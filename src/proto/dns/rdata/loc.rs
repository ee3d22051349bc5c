//! LOC: where on earth a host stands.
//!
//! Follows RFC 1876.

use std::fmt::Write;

/// What [`parse`] wants, for errors.
pub(super) const LOCATION_FORM: &str =
    "a place such as 52 22 23.000 N 4 53 32.000 E -2.00m 1m 10000m 10m";

/// Reads a place from its words; `None` when it is none.
pub(in super::super) fn parse(words: &[&str]) -> Option<Vec<u8>> {
    let mut words = words.iter().copied();
    let latitude = angle(&mut words, 90, "N", "S")?;
    let longitude = angle(&mut words, 180, "E", "W")?;
    let altitude = metres(words.next()?)?.checked_add(REFERENCE_CENTIMETRES)?;
    let altitude = u32::try_from(altitude).ok()?;
    let mut octets = vec![0];
    // The defaults of RFC 1876 §3: 1 m, 10,000 m and 10 m.
    for default in [100, 1_000_000, 1_000] {
        let centimetres = words.next().map_or(Some(default), metres)?;
        octets.push(precision(u64::try_from(centimetres).ok()?)?);
    }
    octets.extend([latitude, longitude, altitude].iter().flat_map(|number| number.to_be_bytes()));
    words.next().is_none().then_some(octets)
}

/// `degrees [minutes [seconds]] direction` as thousandths of a second from the equator or the
/// meridian, which count as 2^31.
fn angle<'t>(
    words: &mut impl Iterator<Item = &'t str>,
    most_degrees: u32,
    plus: &str,
    minus: &str,
) -> Option<u32> {
    let mut parts = [0_u32; 3];
    let mut count = 0;
    let direction = loop {
        let word = words.next()?;
        if word.eq_ignore_ascii_case(plus) || word.eq_ignore_ascii_case(minus) {
            break word;
        }
        let part = parts.get_mut(count)?;
        *part = if count == 2 {
            u32::try_from(fixed_point(word, 3)?).ok()?
        } else {
            word.parse().ok()?
        };
        count += 1;
    };
    let [degrees, minutes, thousandths] = parts;
    if count == 0 || degrees > most_degrees || minutes > 59 || thousandths > 59_999 {
        return None;
    }
    let total = (degrees * 60 + minutes) * 60_000 + thousandths;
    if total > most_degrees * 3_600_000 {
        return None;
    }
    let is_plus = direction.eq_ignore_ascii_case(plus);
    Some(if is_plus { EQUATOR + total } else { EQUATOR - total })
}

/// Metres with up to two digits behind the point as centimetres.
fn metres(word: &str) -> Option<i64> {
    let word = word.strip_suffix(['m', 'M']).unwrap_or(word);
    match word.strip_prefix('-') {
        Some(word) => Some(-fixed_point(word, 2)?),
        None => fixed_point(word, 2),
    }
}

/// A number without sign and with up to `digits` digits behind its point, times 10^`digits`.
fn fixed_point(word: &str, digits: usize) -> Option<i64> {
    let (whole, fraction) = word.split_once('.').unwrap_or((word, ""));
    let is_number = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) || fraction.len() > digits {
        return None;
    }
    let whole: i64 = whole.parse::<u32>().ok()?.into();
    let scale = 10_i64.pow(digits as u32);
    let fraction = format!("{fraction:0<digits$}").parse::<i64>().ok()?;
    Some(whole * scale + fraction)
}

/// Centimetres as a digit and a power of ten (RFC 1876 §2); `None` above 90,000 km.
fn precision(centimetres: u64) -> Option<u8> {
    let (mut base, mut exponent) = (centimetres, 0);
    while base > 9 {
        base /= 10;
        exponent += 1;
    }
    (exponent <= 9).then_some((base as u8) << 4 | exponent)
}

/// Writes a place; `None` when the octets are none.
pub(super) fn show(octets: &[u8]) -> Option<String> {
    let ([version, size, horizontal, vertical], rest) = octets.split_first_chunk()?;
    let ([latitude, longitude, altitude], []) = rest.as_chunks::<4>() else { return None };
    if *version != 0 {
        return None;
    }
    let mut text = show_angle(*latitude, 90, 'N', 'S')? + " ";
    text += &show_angle(*longitude, 180, 'E', 'W')?;
    let altitude = i64::from(u32::from_be_bytes(*altitude)) - REFERENCE_CENTIMETRES;
    let sign = if altitude < 0 { "-" } else { "" };
    let altitude = altitude.unsigned_abs();
    write!(text, " {sign}{}.{:02}m", altitude / 100, altitude % 100).ok()?;
    for &octet in [size, horizontal, vertical] {
        let (base, exponent) = (u64::from(octet >> 4), u32::from(octet & 15));
        let centimetres = (base <= 9 && exponent <= 9).then(|| base * 10_u64.pow(exponent))?;
        // Zero has one form in text and ten on the wire.
        if precision(centimetres) != Some(octet) {
            return None;
        }
        match (centimetres / 100, centimetres % 100) {
            (metres, 0) => write!(text, " {metres}m"),
            (metres, rest) => write!(text, " {metres}.{rest:02}m"),
        }
        .ok()?;
    }
    Some(text)
}

fn show_angle(octets: [u8; 4], most_degrees: u32, plus: char, minus: char) -> Option<String> {
    let number = u32::from_be_bytes(octets);
    let direction = if number >= EQUATOR { plus } else { minus };
    let total = number.abs_diff(EQUATOR);
    if total > most_degrees * 3_600_000 {
        return None;
    }
    let (degrees, minutes) = (total / 3_600_000, total / 60_000 % 60);
    let (seconds, thousandths) = (total / 1_000 % 60, total % 1_000);
    Some(format!("{degrees} {minutes} {seconds}.{thousandths:03} {direction}"))
}

/// The equator and the meridian on the wire.
const EQUATOR: u32 = 1 << 31;

/// Altitudes count from 100 km below the reference spheroid.
const REFERENCE_CENTIMETRES: i64 = 10_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_1876_section_4() {
        for (text, shown) in [
            (
                "42 21 54 N 71 06 18 W -24m 30m",
                "42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m",
            ),
            (
                "42 21 43.528 N 71 05 06.284 W -25m 1m 200m",
                "42 21 43.528 N 71 5 6.284 W -25.00m 1m 200m 10m",
            ),
            ("42 N 0 E 0", "42 0 0.000 N 0 0 0.000 E 0.00m 1m 10000m 10m"),
        ] {
            let words: Vec<&str> = text.split(' ').collect();
            let octets = parse(&words).unwrap();
            assert_eq!(show(&octets).as_deref(), Some(shown));
            let words: Vec<&str> = shown.split(' ').collect();
            assert_eq!(parse(&words), Some(octets));
        }
        for text in
            ["91 N 0 E 0m", "1 N 0 E", "1 60 N 0 E 0m", "1 N 181 W 0", "N 1 E 0", "1 N 1 E x"]
        {
            assert_eq!(parse(&text.split(' ').collect::<Vec<_>>()), None, "{text}");
        }
    }
}
