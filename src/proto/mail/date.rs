//! Calendar dates as mail writes them.
//!
//! Follows RFC 5322 §3.3 and §4.3 (message dates, with the obsolete zones and years), RFC 3501 §9
//! (`date-time` and `date` of IMAP) and RFC 3339. The Gregorian calendar is our own arithmetic
//! (days from civil, Howard Hinnant), so that no platform takes part.
//!
//! Not modelled: leap seconds; a second 60 counts as second 59.

use std::fmt;

use super::lex::Lexer;
use crate::engine::UnixTime;

/// A day of the Gregorian calendar. Ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: i32,
    month: u8,
    day: u8,
}

impl Date {
    /// The day, if there is one: month from 1 to 12, day from 1, year from 0 to 9999.
    pub fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        let valid = (0..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day);
        valid.then_some(Date { year, month, day })
    }

    /// Reads the `date` of an IMAP command, as `1-Feb-1994`, quoted or not (RFC 3501 §9).
    pub fn parse_imap(text: &[u8]) -> Option<Self> {
        let text = match text {
            [b'"', inner @ .., b'"'] => inner,
            _ => text,
        };
        let mut parts = text.split(|&octet| octet == b'-');
        let day = number(parts.next()?, 1..=2)?;
        let month = month(parts.next()?)?;
        let year = number(parts.next()?, 4..=4)?;
        parts.next().is_none().then(|| Date::new(year as i32, month, day as u8))?
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.year
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    pub fn day(self) -> u8 {
        self.day
    }

    /// The day of the week in English, three letters.
    pub fn weekday(self) -> &'static str {
        // Day 0 was a Thursday.
        WEEKDAYS[(self.days() + 4).rem_euclid(7) as usize]
    }

    fn month_name(self) -> &'static str {
        MONTHS[usize::from(self.month) - 1]
    }

    /// Days since 1970-01-01. Years start in March here, so that the leap day is a year's last.
    fn days(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year
            - 719_468
    }

    /// The inverse of [`Date::days`]; years outside 0 to 9999 become the nearest within.
    fn from_days(days: i64) -> Self {
        let days = days.clamp(FIRST_DAY, LAST_DAY) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Date { year: year as i32, month: month as u8, day: day as u8 }
    }
}

/// A date, a time of day, and the zone in which they are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateTime {
    date: Date,
    second_of_day: u32,
    offset_minutes: i32,
}

impl DateTime {
    /// The moment as a clock in UTC shows it. Before year 0 or after 9999: the nearest that fits.
    pub fn utc(time: UnixTime) -> Self {
        Self::at_offset(time, 0)
    }

    /// The moment as a clock shows it `offset_minutes` ahead of UTC (below 24 hours either way).
    pub fn at_offset(time: UnixTime, offset_minutes: i32) -> Self {
        let offset_minutes = offset_minutes.clamp(-MAX_OFFSET, MAX_OFFSET);
        let local = time.0.saturating_add(i64::from(offset_minutes) * 60);
        let local = local.clamp(FIRST_DAY * 86_400, LAST_DAY * 86_400 + 86_399);
        DateTime {
            date: Date::from_days(local.div_euclid(86_400)),
            second_of_day: local.rem_euclid(86_400) as u32,
            offset_minutes,
        }
    }

    /// The moment itself.
    pub fn unix_time(self) -> UnixTime {
        let local = self.date.days() * 86_400 + i64::from(self.second_of_day);
        UnixTime(local - i64::from(self.offset_minutes) * 60)
    }

    /// The day in its own zone: what IMAP's SENTSINCE compares (RFC 3501 §6.4.4).
    pub fn date(self) -> Date {
        self.date
    }

    /// Hour, minute and second in its own zone.
    pub fn time(self) -> (u8, u8, u8) {
        let of_day = self.second_of_day;
        ((of_day / 3_600) as u8, (of_day / 60 % 60) as u8, (of_day % 60) as u8)
    }

    /// Minutes ahead of UTC; negative in the west.
    pub fn offset_minutes(self) -> i32 {
        self.offset_minutes
    }

    /// `Mon, 05 Jan 2026 09:00:00 +0000` (RFC 5322 §3.3); also the `Display` form.
    pub fn rfc5322(self) -> impl fmt::Display {
        Written { date: self, form: Form::Rfc5322 }
    }

    /// Adds [`DateTime::rfc5322`] to `text`.
    pub fn write_rfc5322(self, text: &mut String) {
        let Date { year, day, .. } = self.date;
        let (hour, minute, second) = self.time();
        let offset = self.offset_minutes.unsigned_abs();
        let mut octets = *b"Mon, 05 Jan 2026 09:00:00 +0000";
        octets[..3].copy_from_slice(self.date.weekday().as_bytes());
        octets[8..11].copy_from_slice(self.date.month_name().as_bytes());
        if self.offset_minutes < 0 {
            octets[26] = b'-';
        }
        for (at, number) in [
            (5, day.into()),
            (12, year.unsigned_abs() / 100),
            (14, year.unsigned_abs()),
            (17, hour.into()),
            (20, minute.into()),
            (23, second.into()),
            (27, offset / 60),
            (29, offset % 60),
        ] {
            octets[at] = b'0' + (number / 10 % 10) as u8;
            octets[at + 1] = b'0' + (number % 10) as u8;
        }
        text.push_str(std::str::from_utf8(&octets).expect("digits and letters are ASCII"));
    }

    /// ` 5-Jan-2026 09:00:00 +0000`, the `date-time` of RFC 3501 §9 without its quotes.
    pub fn imap(self) -> impl fmt::Display {
        Written { date: self, form: Form::Imap }
    }

    /// `2026-01-05T09:00:00Z`, or with `+01:00` (RFC 3339 §5.6).
    pub fn rfc3339(self) -> impl fmt::Display {
        Written { date: self, form: Form::Rfc3339 }
    }

    /// Reads the value of a `Date` field, or the end of a `Received` field after its semicolon.
    ///
    /// The weekday is not compared. Comments may stand anywhere; years of two and three digits,
    /// alphabetic zones, a missing zone (as UTC) and missing seconds are read by RFC 5322 §4.3.
    /// `None` where day, month, year, hour or minute cannot be found or cannot be.
    pub fn parse_rfc5322(value: &[u8]) -> Option<Self> {
        let mut lexer = Lexer::new(value);
        let date = read_date(&mut lexer)?;
        let hour = number(word(&mut lexer), 1..=2)?;
        let minute = colon_number(&mut lexer)?;
        lexer.skip_cfws();
        let second = if lexer.peek() == Some(b':') { colon_number(&mut lexer)? } else { 0 };
        let offset = zone_offset(word(&mut lexer));
        Self::from_parts(date, [hour, minute, second], offset)
    }

    /// Reads the value of a `Date` field as it counts for searching and sorting: a day without a
    /// time, or with one that cannot be, starts at 00:00:00 in UTC (RFC 5256 §2.2).
    pub fn parse_sent(value: &[u8]) -> Option<Self> {
        Self::parse_rfc5322(value).or_else(|| {
            let date = read_date(&mut Lexer::new(value))?;
            Self::from_parts(date, [0; 3], 0)
        })
    }

    /// Reads the `date-time` of an IMAP command, quoted or not (RFC 3501 §9).
    pub fn parse_imap(text: &[u8]) -> Option<Self> {
        let text = match text {
            [b'"', inner @ .., b'"'] => inner,
            _ => text,
        };
        let (date, rest) = text.split_at_checked(11)?;
        let date = Date::parse_imap(date.trim_ascii_start())?;
        let [b' ', clock @ .., b' ', sign, a, b, c, d] = rest else { return None };
        let [h1, h2, b':', m1, m2, b':', s1, s2] = clock else { return None };
        let clock =
            [number(&[*h1, *h2], 2..=2)?, number(&[*m1, *m2], 2..=2)?, number(&[*s1, *s2], 2..=2)?];
        let offset = numeric_offset(&[*sign, *a, *b, *c, *d])?;
        Self::from_parts(date, clock, offset)
    }

    fn from_parts(
        date: Date,
        [hour, minute, second]: [u32; 3],
        offset_minutes: i32,
    ) -> Option<Self> {
        // 24:00:00 is no time of day, and a leap second counts as the one before it.
        let valid = hour <= 23 && minute <= 59 && second <= 60;
        let second_of_day = hour * 3_600 + minute * 60 + second.min(59);
        valid.then_some(DateTime { date, second_of_day, offset_minutes })
    }
}

/// As [`DateTime::rfc5322`].
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rfc5322().fmt(f)
    }
}

fn write_all(f: &mut fmt::Formatter<'_>, pieces: &[&str]) -> fmt::Result {
    pieces.iter().try_for_each(|piece| f.write_str(piece))
}

/// A number below 100 in two digits.
fn two(number: impl Into<u32>) -> &'static str {
    let at = 2 * (number.into() % 100) as usize;
    &TWO_DIGITS[at..at + 2]
}

/// From 00 to 99: a date stands in each trace field, and the formatter of the standard library takes ten
/// times as long for it (bench `deliveries`).
const TWO_DIGITS: &str = "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
                          5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

struct Written {
    date: DateTime,
    form: Form,
}

enum Form {
    Rfc5322,
    Imap,
    Rfc3339,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DateTime { date, offset_minutes, .. } = self.date;
        let Date { year, month, day } = date;
        let month_name = date.month_name();
        match self.form {
            Form::Rfc5322 => {
                let mut text = String::with_capacity(32);
                self.date.write_rfc5322(&mut text);
                return f.write_str(&text);
            }
            Form::Imap => write!(f, "{day:2}-{month_name}-{year:04} ")?,
            Form::Rfc3339 => write!(f, "{year:04}-{month:02}-{day:02}T")?,
        }
        let (hour, minute, second) = self.date.time();
        write_all(f, &[two(hour), ":", two(minute), ":", two(second)])?;
        let sign = if offset_minutes < 0 { "-" } else { "+" };
        let offset = offset_minutes.unsigned_abs();
        let (hours, minutes) = (two(offset / 60), two(offset % 60));
        match self.form {
            Form::Rfc3339 if offset_minutes == 0 => f.write_str("Z"),
            Form::Rfc3339 => write_all(f, &[sign, hours, ":", minutes]),
            Form::Rfc5322 | Form::Imap => write_all(f, &[" ", sign, hours, minutes]),
        }
    }
}

/// Takes the weekday, if it is there, and the day.
fn read_date(lexer: &mut Lexer<'_>) -> Option<Date> {
    let mut first = word(lexer);
    if first.first().is_some_and(u8::is_ascii_alphabetic) {
        lexer.skip_cfws();
        lexer.eat(b',');
        first = word(lexer);
    }
    let day = number(first, 1..=2)?;
    let month = month(word(lexer))?;
    let year = match word(lexer) {
        digits @ [_, _] => match number(digits, 2..=2)? {
            year @ 0..=49 => year + 2000,
            year => year + 1900,
        },
        digits @ [_, _, _] => number(digits, 3..=3)? + 1900,
        digits => number(digits, 4..=4)?,
    };
    Date::new(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?)
}

/// Skips CFWS and takes letters, digits or a sign: any run that a date may hold.
fn word<'a>(lexer: &mut Lexer<'a>) -> &'a [u8] {
    lexer.skip_cfws();
    lexer.take_while(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-'))
}

fn colon_number(lexer: &mut Lexer<'_>) -> Option<u32> {
    lexer.skip_cfws();
    lexer.eat(b':').then(|| number(word(lexer), 1..=2))?
}

fn number(digits: &[u8], length: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let valid = length.contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    valid.then(|| digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
}

fn month(name: &[u8]) -> Option<u8> {
    let index = MONTHS.iter().position(|month| month.as_bytes().eq_ignore_ascii_case(name))?;
    Some(index as u8 + 1)
}

/// The zone in minutes ahead of UTC. What RFC 5322 §4.3 does not know counts as `-0000`.
fn zone_offset(zone: &[u8]) -> i32 {
    let hours = match zone.to_ascii_uppercase().as_slice() {
        b"EDT" => -4,
        b"EST" | b"CDT" => -5,
        b"CST" | b"MDT" => -6,
        b"MST" | b"PDT" => -7,
        b"PST" => -8,
        other => return numeric_offset(other).unwrap_or(0),
    };
    hours * 60
}

/// `+0130` is 90.
fn numeric_offset(zone: &[u8]) -> Option<i32> {
    let (sign, digits) = match zone {
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let number = number(digits, 4..=4)? as i32;
    let minutes = number / 100 * 60 + number % 100;
    (number % 100 < 60 && minutes <= MAX_OFFSET).then_some(sign * minutes)
}

fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// 0000-01-01 and 9999-12-31, in days since 1970-01-01: years of four digits, as the formats ask.
const FIRST_DAY: i64 = -719_528;
const LAST_DAY: i64 = 2_932_896;

/// 23:59, in minutes.
const MAX_OFFSET: i32 = 1_439;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(value: &str, normal_form: &str) {
        let date = DateTime::parse_rfc5322(value.as_bytes());
        let written = date.map(|date| date.to_string()).unwrap_or_default();
        assert_eq!(written, normal_form, "{value}");
    }

    #[test]
    fn the_start_of_a_run_in_three_forms() {
        let date = DateTime::utc(UnixTime(1_767_603_600));
        assert_eq!(date.rfc5322().to_string(), "Mon, 05 Jan 2026 09:00:00 +0000");
        assert_eq!(date.imap().to_string(), " 5-Jan-2026 09:00:00 +0000");
        assert_eq!(date.rfc3339().to_string(), "2026-01-05T09:00:00Z");
        let date = DateTime::at_offset(UnixTime(1_767_603_600), -330);
        assert_eq!(date.rfc5322().to_string(), "Mon, 05 Jan 2026 03:30:00 -0530");
        assert_eq!(date.rfc3339().to_string(), "2026-01-05T03:30:00-05:30");
    }

    #[test]
    fn the_dates_of_rfc_5322_appendix_a() {
        check("Fri, 21 Nov 1997 09:55:06 -0600", "Fri, 21 Nov 1997 09:55:06 -0600");
        check("Tue, 1 Jul 2003 10:52:37 +0200", "Tue, 01 Jul 2003 10:52:37 +0200");
        check("21 Nov 97 09:55:06 GMT", "Fri, 21 Nov 1997 09:55:06 +0000");
        let folded = "Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)";
        check(folded, "Thu, 13 Feb 1969 23:32:00 -0330");
        let obsolete = "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600";
        check(obsolete, "Fri, 21 Nov 1997 09:55:06 -0600");
    }

    #[test]
    fn obsolete_years_and_zones() {
        check("1 Feb 49 00:00 EST", "Mon, 01 Feb 2049 00:00:00 -0500");
        check("1 Feb 50 00:00 PDT", "Wed, 01 Feb 1950 00:00:00 -0700");
        check("1 Feb 105 00:00 Z", "Tue, 01 Feb 2005 00:00:00 +0000");
        check("29 feb 2024 1:02:03", "Thu, 29 Feb 2024 01:02:03 +0000");
        check("Sat, 31 Dec 2016 23:59:60 +0000", "Sat, 31 Dec 2016 23:59:59 +0000");
    }

    #[test]
    fn what_is_no_date_is_none() {
        for value in
            ["", "Mon", "30 Feb 2024 00:00:00 +0000", "1 Jan 2024 24:00 +0000", "1 Jan", "x"]
        {
            check(value, "");
        }
        check("0 Jan 2024 00:00 +0000", "");
        check("1 Jan 2024 00:60 +0000", "");
    }

    #[test]
    fn a_day_without_a_time_counts_as_its_start() {
        let sent =
            |value: &str| DateTime::parse_sent(value.as_bytes()).map(|date| date.to_string());
        let start = Some("Fri, 21 Nov 1997 00:00:00 +0000".to_owned());
        for value in
            ["Fri, 21 Nov 1997", "21 Nov 97 24:00 -0600", "21 Nov 1997 x", "21 Nov 1997 09:60"]
        {
            assert_eq!(sent(value), start, "{value}");
        }
        let whole = "Fri, 21 Nov 1997 09:55:06 -0600";
        assert_eq!(sent(whole).as_deref(), Some(whole));
        assert_eq!(sent("Fri, 31 Nov 1997"), None);
    }

    #[test]
    fn imap_dates() {
        let date = DateTime::parse_imap(b"\" 5-Jan-2026 10:30:00 +0130\"").unwrap();
        assert_eq!(date.unix_time(), UnixTime(1_767_603_600));
        assert_eq!(date.date(), Date::parse_imap(b"5-jan-2026").unwrap());
        assert!(date.date() < Date::parse_imap(b"1-Feb-2026").unwrap());
        assert_eq!(Date::parse_imap(b"31-Apr-2026"), None);
        assert_eq!(DateTime::parse_imap(b"5-Jan-2026"), None);
        assert_eq!(DateTime::parse_imap(b"05-Jan-2026 10:30:00 +9999"), None);
    }

    #[test]
    fn extreme_moments_stay_within_four_digits() {
        assert_eq!(DateTime::utc(UnixTime(i64::MIN)).rfc3339().to_string(), "0000-01-01T00:00:00Z");
        assert_eq!(DateTime::utc(UnixTime(i64::MAX)).rfc3339().to_string(), "9999-12-31T23:59:59Z");
    }

    proptest! {
        #[test]
        fn dates_round_trip(secs in -30_000_000_000_i64..200_000_000_000, offset in -1_439..1_440) {
            let date = DateTime::at_offset(UnixTime(secs), offset);
            prop_assert_eq!(date.unix_time(), UnixTime(secs));
            prop_assert_eq!(DateTime::parse_rfc5322(date.to_string().as_bytes()), Some(date));
            prop_assert_eq!(DateTime::parse_imap(date.imap().to_string().as_bytes()), Some(date));
        }

        #[test]
        fn no_octets_are_too_strange(octets in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = DateTime::parse_rfc5322(&octets);
            let _ = DateTime::parse_imap(&octets);
        }
    }
}
