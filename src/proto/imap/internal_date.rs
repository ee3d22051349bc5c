//! INTERNALDATE: when the server received a message (RFC 3501 §2.3.3).

use std::fmt;

use crate::engine::UnixTime;

/// A moment with the zone in which it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InternalDate {
    /// The moment.
    pub at: UnixTime,
    /// Minutes east of UTC, within a day either way.
    pub zone_minutes: i16,
}

impl InternalDate {
    /// The moment, written in UTC.
    pub const fn utc(at: UnixTime) -> InternalDate {
        InternalDate { at, zone_minutes: 0 }
    }

    /// Reads a `date-time` without its quotes: `17-Jul-1996 02:44:25 -0700` (RFC 3501 §9).
    pub fn parse(text: &str) -> Option<InternalDate> {
        let (date, rest) = text.strip_prefix(' ').unwrap_or(text).split_once(' ')?;
        let (time, zone) = rest.split_once(' ')?;
        let days = parse_day(date)?;
        let mut parts = time.split(':');
        let (hour, minute, second) =
            (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
        if parts.next().is_some() || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let (sign, offset) = match zone.as_bytes().first()? {
            b'+' => (1, digits(&zone[1..], 4)?),
            b'-' => (-1, digits(&zone[1..], 4)?),
            _ => return None,
        };
        if offset / 100 > 23 || offset % 100 > 59 {
            return None;
        }
        let zone_minutes = sign * i16::try_from(offset / 100 * 60 + offset % 100).ok()?;
        let local = days * 86_400 + hour * 3_600 + minute * 60 + second;
        Some(InternalDate { at: UnixTime(local - i64::from(zone_minutes) * 60), zone_minutes })
    }

    /// The calendar day in the date's own zone, as days since 1970-01-01: what SEARCH compares
    /// ("disregarding time and timezone", RFC 3501 §6.4.4).
    pub const fn day(self) -> i64 {
        self.local_secs().div_euclid(86_400)
    }

    const fn local_secs(self) -> i64 {
        self.at.0.saturating_add(self.zone_minutes as i64 * 60)
    }
}

/// `17-Jul-1996 02:44:25 -0700`, the day with a leading space.
impl fmt::Display for InternalDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.day());
        let secs = self.local_secs().rem_euclid(86_400);
        let sign = if self.zone_minutes < 0 { '-' } else { '+' };
        let zone = self.zone_minutes.unsigned_abs();
        write!(
            f,
            "{day:2}-{}-{year:04} {:02}:{:02}:{:02} {sign}{:02}{:02}",
            MONTHS[month],
            secs / 3_600,
            secs / 60 % 60,
            secs % 60,
            zone / 60,
            zone % 60
        )
    }
}

/// Reads a `date` without quotes, `1-Feb-1994`, as days since 1970-01-01.
pub(crate) fn parse_day(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || day.is_empty() || day.len() > 2 {
        return None;
    }
    let day = digits(day, day.len())?;
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    let year = digits(year, 4)?;
    let days = days_from_civil(year, month, day);
    // A day past the end of its month would come back as another.
    (civil(days) == (year, month, day)).then_some(days)
}

fn digits(text: &str, length: usize) -> Option<i64> {
    let all = text.len() == length && text.bytes().all(|octet| octet.is_ascii_digit());
    if all { text.parse().ok() } else { None }
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar; `month` counts from 0.
/// (Hinnant, "chrono-compatible low-level date algorithms".)
fn days_from_civil(year: i64, month: usize, day: i64) -> i64 {
    let year = if month < 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (month as i64 + 10) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month from 0, and day of the month; the inverse of [`days_from_civil`].
fn civil(days: i64) -> (i64, usize, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = (shifted_month + 2) % 12;
    let year = year_of_era + era * 400 + i64::from(month < 2);
    (year, month as usize, day_of_year - (153 * shifted_month + 2) / 5 + 1)
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_dates_of_rfc_3501_come_back() {
        for text in ["17-Jul-1996 02:44:25 -0700", " 7-Feb-1994 22:43:04 +0530"] {
            assert_eq!(InternalDate::parse(text).unwrap().to_string(), text);
        }
        let date = InternalDate::parse("17-Jul-1996 02:44:25 -0700").unwrap();
        assert_eq!(date.at, UnixTime(837_596_665));
        assert_eq!(InternalDate::utc(UnixTime(0)).to_string(), " 1-Jan-1970 00:00:00 +0000");
    }

    #[test]
    fn days_that_do_not_exist_are_no_dates() {
        assert_eq!(parse_day("29-Feb-1995"), None);
        assert_eq!(parse_day("29-Feb-1996"), Some(9_555));
        assert_eq!(parse_day("0-Jan-1996"), None);
        assert_eq!(parse_day("1-Jan-96"), None);
        assert_eq!(InternalDate::parse("17-Jul-1996 24:44:25 -0700"), None);
        assert_eq!(InternalDate::parse("17-Jul-1996 02:44:25 0700"), None);
        assert_eq!(InternalDate::parse("17-Jul-1996 02:44:25 é0700"), None);
    }

    proptest! {
        #[test]
        fn every_moment_comes_back(secs in 0i64..253_402_000_000, zone in -1439i16..1440) {
            let date = InternalDate { at: UnixTime(secs), zone_minutes: zone };
            if date.local_secs() >= 0 {
                prop_assert_eq!(InternalDate::parse(&date.to_string()), Some(date));
            }
        }

        #[test]
        fn arbitrary_text_does_not_panic(text: String) {
            let _ = InternalDate::parse(&text);
        }
    }
}
