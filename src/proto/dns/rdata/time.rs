//! The times of signatures: `YYYYMMDDHHMMSS` in UTC, or seconds since 1970.
//!
//! Follows RFC 4034 §3.2. The calendar is our own arithmetic (days from civil, Howard Hinnant).
//!
//! Not modelled: years after 2106, at which the seconds begin again (RFC 4034 §3.1.5).

use std::fmt;

/// Reads a time, `None` when it is none or does not fit into four octets.
pub(in super::super) fn parse(text: &str) -> Option<u32> {
    if !text.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    if text.len() != 14 {
        return text.parse().ok();
    }
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
    if !(1..=12).contains(&month) || day < 1 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days(year, month, day);
    // A day that the month has not would become one of the next month.
    if civil(days) != (year, month, day) {
        return None;
    }
    u32::try_from(days * 86_400 + hour * 3_600 + minute * 60 + second).ok()
}

/// Writes a time as `YYYYMMDDHHMMSS`.
pub(in super::super) fn write(out: &mut impl fmt::Write, secs: u32) -> fmt::Result {
    let (day, second) = (i64::from(secs / 86_400), secs % 86_400);
    let (year, month, day) = civil(day);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    write!(out, "{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
}

/// Days since 1970-01-01. Years start in March here, so that the leap day is a year's last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days`].
fn civil(days: i64) -> (i64, i64, i64) {
    let (era, day) = ((days + 719_468).div_euclid(146_097), (days + 719_468).rem_euclid(146_097));
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_rfc_4034_section_3_2() {
        for (text, secs) in [
            ("19700101000000", 0),
            ("20030322173103", 1_048_354_263),
            ("20040229235959", 1_078_099_199),
            ("21060207062815", u32::MAX),
        ] {
            assert_eq!(parse(text), Some(secs), "{text}");
            assert_eq!(parse(&secs.to_string()), Some(secs));
            let mut written = String::new();
            write(&mut written, secs).unwrap();
            assert_eq!(written, text);
        }
        for text in [
            "20030229000000",
            "20031301000000",
            "20030100000000",
            "21060207062816",
            "2003x",
            "",
            "-1",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
