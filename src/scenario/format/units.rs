//! Quantities with units, as they stand in a scenario: `"40ms"`, `"2KiB"`, `"10Mbps"`, `"5%"`.
//!
//! A bare number is never a quantity, except a share between 0 and 1. Every unit is exact, so that
//! what is read is what was written; a number that does not come out whole is a mistake.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::engine::UnixTime;

/// What is wrong with a quantity, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitError {
    /// What is wrong with it.
    pub wrong: String,
    /// What would be right.
    pub remedy: &'static str,
}

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.wrong, self.remedy)
    }
}

impl std::error::Error for UnitError {}

/// A span of time: `"40ms"`, `"2h"`, `"1h30m"`. Units `ns us ms s m h d w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dur(pub Duration);

/// An amount of octets: `"2KiB"`, `"10MB"`. Units `B KB MB GB KiB MiB GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// Bits a second: `"10Mbps"`. Units `bps kbps Mbps Gbps`, of 1,000 each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(pub u64);

/// A share of all: `"5%"` or `0.05`, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Share(pub f64);

/// A date and time, as RFC 3339 writes it: `"2026-01-05T09:00:00Z"`. Whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub UnixTime);

impl FromStr for Dur {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        const UNITS: &[(&str, u64)] = &[
            ("ns", 1),
            ("us", 1_000),
            ("µs", 1_000),
            ("ms", 1_000_000),
            ("s", NANOS),
            ("m", 60 * NANOS),
            ("h", 3_600 * NANOS),
            ("d", 86_400 * NANOS),
            ("w", 604_800 * NANOS),
        ];
        const NANOS: u64 = 1_000_000_000;
        let fail = |wrong| Err(UnitError { wrong, remedy: DURATION });
        if text.starts_with('-') {
            return fail("a duration is never negative".into());
        }
        let mut nanos = 0u64;
        let mut least = u64::MAX;
        let mut rest = text;
        loop {
            let Some((number, unit, after)) = split_unit(rest) else {
                return fail(format!("\"{text}\" is no duration"));
            };
            let Some(&(_, worth)) = UNITS.iter().find(|(name, _)| *name == unit) else {
                return fail(match unit {
                    "" => format!("\"{text}\" has no unit"),
                    _ => format!("\"{unit}\" is no unit of time"),
                });
            };
            if worth >= least {
                return fail(format!("\"{text}\" has its units out of order"));
            }
            least = worth;
            let Some(sum) = scale(number, worth).and_then(|part| nanos.checked_add(part)) else {
                return fail(format!(
                    "\"{text}\" is no whole number of nanoseconds below 584 years"
                ));
            };
            nanos = sum;
            rest = after;
            if rest.is_empty() {
                return Ok(Dur(Duration::from_nanos(nanos)));
            }
        }
    }
}

impl FromStr for Size {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        const UNITS: &[(&str, u64)] = &[
            ("B", 1),
            ("KB", 1_000),
            ("MB", 1_000_000),
            ("GB", 1_000_000_000),
            ("KiB", 1 << 10),
            ("MiB", 1 << 20),
            ("GiB", 1 << 30),
        ];
        one_unit(text, UNITS, "size", SIZE).map(Size)
    }
}

impl FromStr for Rate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        const UNITS: &[(&str, u64)] =
            &[("bps", 1), ("kbps", 1_000), ("Mbps", 1_000_000), ("Gbps", 1_000_000_000)];
        match one_unit(text, UNITS, "rate", RATE)? {
            0 => Err(UnitError { wrong: "a rate is never zero".into(), remedy: RATE }),
            bits => Ok(Rate(bits)),
        }
    }
}

impl FromStr for Share {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let fail = |wrong| UnitError { wrong, remedy: SHARE };
        let number = text
            .strip_suffix('%')
            .filter(|number| number.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.'))
            .and_then(|number| number.parse::<f64>().ok())
            .ok_or_else(|| fail(format!("\"{text}\" is no share")))?;
        Share::new(number / 100.0)
    }
}

impl Share {
    /// The share `value`. Fails outside 0 to 1.
    pub fn new(value: f64) -> Result<Self, UnitError> {
        match (0.0..=1.0).contains(&value) {
            true => Ok(Share(value)),
            false => Err(UnitError { wrong: format!("{value} is outside 0 to 1"), remedy: SHARE }),
        }
    }
}

impl FromStr for Date {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        parse_date(text)
            .ok_or_else(|| UnitError { wrong: format!("\"{text}\" is no date"), remedy: DATE })
    }
}

/// `YYYY-MM-DDThh:mm:ss` and `Z` or an offset `+hh:mm` (RFC 3339 §5.6). No fraction, no leap second.
fn parse_date(text: &str) -> Option<Date> {
    let octets = text.as_bytes();
    if octets.len() < 20 || !text.is_ascii() {
        return None;
    }
    for (at, mark) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        if octets[at] != mark {
            return None;
        }
    }
    let field = |from: usize, to: usize, least: i64, most: i64| -> Option<i64> {
        let digits = octets.get(from..to)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let value = digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        (least..=most).contains(&value).then_some(value)
    };
    let (year, month) = (field(0, 4, 1970, 9999)?, field(5, 7, 1, 12)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let day = field(8, 10, 1, days)?;
    let seconds =
        field(11, 13, 0, 23)? * 3_600 + field(14, 16, 0, 59)? * 60 + field(17, 19, 0, 59)?;
    let offset = match &octets[19..] {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let minutes = field(20, 22, 0, 23)? * 60 + field(23, 25, 0, 59)?;
            if *sign == b'+' { minutes * 60 } else { -minutes * 60 }
        }
        _ => return None,
    };
    Some(Date(UnixTime(days_since_1970(year, month, day) * 86_400 + seconds - offset)))
}

/// The days from 1970-01-01 to a date of the Gregorian calendar, by counting from March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_since_1970`].
fn date_of_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year + i64::from(month <= 2);
    (year, month, day_of_year - (153 * march_month + 2) / 5 + 1)
}

fn one_unit(
    text: &str,
    units: &[(&str, u64)],
    noun: &str,
    remedy: &'static str,
) -> Result<u64, UnitError> {
    let fail = |wrong| Err(UnitError { wrong, remedy });
    if text.starts_with('-') {
        return fail(format!("a {noun} is never negative"));
    }
    let Some((number, unit, "")) = split_unit(text) else {
        return fail(format!("\"{text}\" is no {noun}"));
    };
    match units.iter().find(|(name, _)| *name == unit) {
        None if unit.is_empty() => fail(format!("\"{text}\" has no unit")),
        None => fail(format!("\"{unit}\" is no unit of a {noun}")),
        Some(&(_, worth)) => match scale(number, worth) {
            Some(value) => Ok(value),
            None => fail(format!("\"{text}\" does not come out whole, or is too large")),
        },
    }
}

/// Splits `1.5h30m` into `1.5`, `h` and `30m`. `None` where no number begins.
fn split_unit(text: &str) -> Option<(&str, &str, &str)> {
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    if number.is_empty() {
        return None;
    }
    let letters = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
    let (unit, after) = rest.split_at(letters);
    Some((number, unit, after))
}

/// The decimal `number` times `worth`, exactly. `None` if it is no number, not whole, or too large.
fn scale(number: &str, worth: u64) -> Option<u64> {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) if !whole.is_empty() && !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (number, ""),
    };
    let mut value = u128::from(whole.parse::<u64>().ok()?) * u128::from(worth);
    if !fraction.is_empty() {
        let digits = u32::try_from(fraction.len()).ok()?;
        let parts = 10u128.checked_pow(digits)?;
        let product = u128::from(fraction.parse::<u64>().ok()?) * u128::from(worth);
        if product % parts != 0 {
            return None;
        }
        value += product / parts;
    }
    u64::try_from(value).ok()
}

/// The largest units first: `1h30m`.
impl fmt::Display for Dur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut nanos = self.0.as_nanos();
        if nanos == 0 {
            return f.write_str("0s");
        }
        for (unit, worth) in [
            ("d", 86_400_000_000_000),
            ("h", 3_600_000_000_000),
            ("m", 60_000_000_000),
            ("s", 1_000_000_000),
            ("ms", 1_000_000),
            ("us", 1_000),
            ("ns", 1u128),
        ] {
            if nanos >= worth {
                write!(f, "{}{unit}", nanos / worth)?;
                nanos %= worth;
            }
        }
        Ok(())
    }
}

/// The largest unit that comes out whole.
fn write_whole(
    f: &mut fmt::Formatter<'_>,
    value: u64,
    units: &[(&'static str, u64)],
) -> fmt::Result {
    let (unit, worth) = units
        .iter()
        .find(|(_, worth)| value.is_multiple_of(*worth) && value >= *worth)
        .or(units.last())
        .copied()
        .expect("a table of units has a least one");
    write!(f, "{}{unit}", value / worth)
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_whole(
            f,
            self.0,
            &[("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("MB", 1_000_000), ("B", 1)],
        )
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_whole(
            f,
            self.0,
            &[("Gbps", 1_000_000_000), ("Mbps", 1_000_000), ("kbps", 1_000), ("bps", 1)],
        )
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0 * 100.0)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnixTime(unix) = self.0;
        let (year, month, day) = date_of_days(unix.div_euclid(86_400));
        let second = unix.rem_euclid(86_400);
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z", second % 60)
    }
}

macro_rules! text_unit {
    ($type:ident, $format:literal, $pattern:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": $format, "pattern": $pattern })
            }
        }
    };
}

text_unit!(Dur, "mxsim-duration", r"^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d|w))+$");
text_unit!(Size, "mxsim-size", r"^[0-9]+(\.[0-9]+)?(B|KB|MB|GB|KiB|MiB|GiB)$");
text_unit!(Rate, "mxsim-rate", r"^[0-9]+(\.[0-9]+)?(bps|kbps|Mbps|Gbps)$");
text_unit!(
    Date,
    "mxsim-date",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})$"
);

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(f64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(value) => Share::new(value),
            Written::Text(text) => text.parse(),
        }
        .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Share {
    fn schema_name() -> Cow<'static, str> {
        "Share".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "number"],
            "format": "mxsim-share",
            "pattern": r"^[0-9]+(\.[0-9]+)?%$",
            "minimum": 0,
            "maximum": 1,
        })
    }
}

const DURATION: &str = "write it as \"40ms\", \"2h\" or \"1h30m\"; units ns us ms s m h d w";
const SIZE: &str = "write it as \"2KiB\" or \"10MB\"; units B KB MB GB KiB MiB GiB";
const RATE: &str = "write it as \"10Mbps\"; units bps kbps Mbps Gbps";
const SHARE: &str = "write it as \"5%\" or 0.05";
const DATE: &str = "write it as \"2026-01-05T09:00:00Z\"";

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(text: &str) -> Option<u128> {
        text.parse::<Dur>().ok().map(|dur| dur.0.as_nanos())
    }

    #[test]
    fn durations_are_exact_and_have_units() {
        assert_eq!(nanos("40ms"), Some(40_000_000));
        assert_eq!(nanos("1h30m"), Some(5_400_000_000_000));
        assert_eq!(nanos("1.5s"), Some(1_500_000_000));
        assert_eq!(nanos("0s"), Some(0));
        for wrong in ["", "5", "-1s", "1s1h", "1s1s", "1.5ns", ".5s", "1 s", "s", "9999999w", "1é"]
        {
            assert_eq!(nanos(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_rates_and_shares() {
        assert_eq!("2KiB".parse(), Ok(Size(2_048)));
        assert_eq!("1.5KiB".parse(), Ok(Size(1_536)));
        assert_eq!("10Mbps".parse(), Ok(Rate(10_000_000)));
        assert_eq!("5%".parse(), Ok(Share(0.05)));
        assert!("10mbps".parse::<Rate>().is_err());
        assert!("101%".parse::<Share>().is_err());
        assert!("1.5B".parse::<Size>().is_err());
    }

    #[test]
    fn what_is_printed_is_read_again() {
        for text in ["1d2h3m4s5ms6us7ns", "0s", "40ms"] {
            assert_eq!(text.parse::<Dur>().map(|dur| dur.to_string()), Ok(text.into()));
        }
        for text in ["1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z", "2026-01-05T09:00:00Z"] {
            assert_eq!(text.parse::<Date>().map(|date| date.to_string()), Ok(text.into()));
        }
        for text in ["3KiB", "10MB", "7B", "0B"] {
            assert_eq!(text.parse::<Size>().map(|size| size.to_string()), Ok(text.into()));
        }
    }

    #[test]
    fn dates_are_utc_seconds() {
        assert_eq!("2026-01-05T09:00:00Z".parse(), Ok(Date(UnixTime(1_767_603_600))));
        assert_eq!("2026-01-05T10:00:00+01:00".parse(), Ok(Date(UnixTime(1_767_603_600))));
        for wrong in
            ["2026-02-29T00:00:00Z", "2026-01-05", "2026-01-05T09:00:00", "0000-00-00T00:00:00Z"]
        {
            assert!(wrong.parse::<Date>().is_err(), "{wrong}");
        }
    }
}
