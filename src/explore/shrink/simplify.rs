//! Simpler values in place of those that are there: shorter times, smaller sizes, rounder numbers.

use serde_json::Value;

use crate::scenario::format::{Dur, Share, Size};

/// What could stand here instead, the simplest first; nothing that is not simpler.
pub(super) fn simpler(value: &Value) -> Vec<Value> {
    match value {
        Value::String(text) => {
            let texts = if let Ok(Dur(time)) = text.parse::<Dur>() {
                let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
                fewer(text, nanos, &TIMES, |nanos| {
                    Dur(std::time::Duration::from_nanos(nanos)).to_string()
                })
            } else if let Ok(Size(octets)) = text.parse::<Size>() {
                fewer(text, octets, &SIZES, |octets| Size(octets).to_string())
            } else if let Ok(Share(share)) = text.parse::<Share>() {
                let percent = (share * 100.0).round() as u64;
                // All is simpler than some.
                let whole = (percent != 100).then(|| "100%".to_owned());
                let rest = fewer(text, percent, &[10, 50], |percent| format!("{percent}%"));
                whole.into_iter().chain(rest.into_iter().filter(|_| percent != 100)).collect()
            } else {
                Vec::new()
            };
            texts.into_iter().map(Value::from).collect()
        }
        Value::Number(number) => match number.as_u64() {
            Some(count) if count > 1 => {
                let mut fewer = vec![1, count / 10, count / 2];
                fewer.retain(|one| (1..count).contains(one));
                fewer.sort_unstable();
                fewer.dedup();
                fewer.into_iter().map(Value::from).collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

const SECOND: u64 = 1_000_000_000;
const TIMES: [u64; 7] =
    [0, SECOND, 10 * SECOND, 60 * SECOND, 600 * SECOND, 3_600 * SECOND, 86_400 * SECOND];
const SIZES: [u64; 3] = [1, 1 << 10, 1 << 20];

/// Round amounts below `amount`, and `amount` itself with fewer digits.
fn fewer(text: &str, amount: u64, round: &[u64], show: impl Fn(u64) -> String) -> Vec<String> {
    let below = round.iter().copied().filter(|one| *one < amount);
    let digit = 10_u64.pow(amount.checked_ilog10().unwrap_or(0));
    let two_digits = (digit / 10).max(1);
    let rounded = [amount / digit * digit, amount / two_digits * two_digits];
    let mut texts: Vec<String> = below.chain(rounded).map(show).collect();
    // A text that is no shorter has to say less at least.
    let mut seen = std::collections::BTreeSet::new();
    texts.retain(|one| one != text && one.len() <= text.len() && seen.insert(one.clone()));
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: impl Into<Value>, simpler: &[&str]) {
        let shown: Vec<String> = super::simpler(&value.into())
            .into_iter()
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect();
        assert_eq!(shown, simpler);
    }

    #[test]
    fn simpler_values_come_first_and_none_is_greater() {
        check("1m3s28ms", &["0s", "1s", "10s", "1m", "1m3s"]);
        check("1s", &["0s"]);
        check("0s", &[]);
        check("50KiB", &["1B", "1KiB"]);
        check("37%", &["100%", "10%", "30%"]);
        check("100%", &[]);
        check(250, &["1", "25", "125"]);
        check(1, &[]);
        check("alice@example.org", &[]);
        check(true, &[]);
    }

    #[test]
    fn simplifying_comes_to_an_end() {
        for text in ["4m15s382ms", "123456B", "99%", "6d23h59m"] {
            let mut value = Value::from(text);
            let mut steps = 0;
            while let Some(next) = simpler(&value).pop() {
                value = next;
                steps += 1;
                assert!(steps < 50, "{value}");
            }
        }
    }
}
