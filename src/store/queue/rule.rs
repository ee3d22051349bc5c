//! Retry rules in Exim's form: `F,2h,15m; G,16h,1h,1.5; F,4d,6h`.
//!
//! Follows the Exim specification, chapter "Retry configuration". A rule is a list of steps; each
//! says until when, counted from the arrival of the message, it holds, and how long to wait:
//! `F` always the interval, `G` the interval first and then the last delay times the factor, `H` a
//! random time between the interval and that. When the last step is over, so is the message's time.
//!
//! Not modelled: Exim's patterns of address and error before a rule (one rule is for all), its
//! memory of hosts and addresses (the time counts from the arrival of each message).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::engine::{SimTime, Stream};

use super::QueuedMessage;

/// A retry rule: at least one step, each with a later end than the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryRule {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    cutoff: Duration,
    interval: Duration,
    growth: Growth,
}

/// How the delays of a step follow on one another. Factors are in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    Fixed,
    Geometric(u32),
    Randomized(u32),
}

impl RetryRule {
    /// How long a message is kept: until the last step ends.
    pub fn lifetime(&self) -> Duration {
        self.steps.last().expect("a rule has a step").cutoff
    }

    /// How long to wait before the next attempt at a message that was deferred at `now`. At most
    /// a day (`retry_interval_max`). One draw where a step randomises and there is a choice.
    pub(super) fn delay(
        &self,
        message: &QueuedMessage,
        now: SimTime,
        draws: &mut Stream,
    ) -> Duration {
        let queued_for = now - message.arrived;
        let step = self.steps.iter().find(|step| queued_for < step.cutoff);
        let step = step.or(self.steps.last()).expect("a rule has a step");
        // The delay before this attempt: as it was set, or less where the attempt was hurried.
        let last = message.deferred.map_or(Duration::ZERO, |deferral| {
            (deferral.until - deferral.at).min(now - deferral.at)
        });
        let grown = |thousandths: u32| last.saturating_mul(thousandths) / 1_000;
        let delay = match step.growth {
            Growth::Fixed => step.interval,
            Growth::Geometric(_) if last < step.interval => step.interval,
            Growth::Geometric(factor) => grown(factor),
            Growth::Randomized(factor) => match grown(factor).checked_sub(step.interval) {
                Some(more) if !more.is_zero() => {
                    step.interval + more / 2 + draws.duration_below(more) / 2
                }
                _ => step.interval,
            },
        };
        delay.min(LONGEST_DELAY)
    }
}

/// Why a text is no retry rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryRuleError {
    /// The step that is wrong, as it is written.
    pub step: String,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with a step of a retry rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The letter is none of F, G and H.
    Letter,
    /// F has an end and an interval, G and H a factor as well.
    Parts,
    /// That is no time as `15m`.
    Time(String),
    /// The interval is below a second.
    Interval,
    /// The factor is no number from 1 to 100.
    Factor(String),
    /// It ends no later than the step before it.
    Order,
}

impl fmt::Display for RetryRuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RetryRuleError { step, reason } = self;
        match reason {
            Reason::Letter => write!(f, "\"{step}\" begins with none of F, G and H"),
            Reason::Parts => write!(f, "\"{step}\" has too few or too many parts"),
            Reason::Time(time) => write!(f, "\"{time}\" in \"{step}\" is no time"),
            Reason::Interval => write!(f, "\"{step}\" hardly waits at all"),
            Reason::Factor(factor) => {
                write!(f, "\"{factor}\" in \"{step}\" is no factor from 1 to 100")
            }
            Reason::Order => write!(f, "\"{step}\" ends no later than the step before it"),
        }
    }
}

impl std::error::Error for RetryRuleError {}

impl RetryRuleError {
    /// What would be right.
    pub fn remedy(&self) -> &'static str {
        match self.reason {
            Reason::Letter | Reason::Parts => {
                "F,<until>,<interval>, G,<until>,<interval>,<factor> or H, like G"
            }
            Reason::Time(_) => "a number and a unit: s, m, h, d or w, as \"1h30m\"",
            Reason::Interval => "an interval of at least 1s",
            Reason::Factor(_) => "a factor as \"1.5\"",
            Reason::Order => "the ends count from the message's arrival, and grow",
        }
    }
}

impl FromStr for RetryRule {
    type Err = RetryRuleError;

    fn from_str(text: &str) -> Result<Self, RetryRuleError> {
        let mut steps: Vec<Step> = Vec::new();
        for written in text.trim().trim_end_matches(';').split(';') {
            let written = written.trim();
            let wrong = |reason| RetryRuleError { step: written.to_owned(), reason };
            let step = step(written).map_err(wrong)?;
            if steps.last().is_some_and(|before| step.cutoff <= before.cutoff) {
                return Err(wrong(Reason::Order));
            }
            steps.push(step);
        }
        Ok(RetryRule { steps })
    }
}

fn step(written: &str) -> Result<Step, Reason> {
    let mut parts = written.split(',').map(str::trim);
    let letter = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let growth = match (letter, rest.as_slice()) {
        ("F", [_, _]) => Growth::Fixed,
        ("G", [_, _, factor]) => Growth::Geometric(thousandths(factor)?),
        ("H", [_, _, factor]) => Growth::Randomized(thousandths(factor)?),
        ("F" | "G" | "H", _) => return Err(Reason::Parts),
        _ => return Err(Reason::Letter),
    };
    let (cutoff, interval) = (time(rest[0])?, time(rest[1])?);
    if interval < Duration::from_secs(1) {
        return Err(Reason::Interval);
    }
    Ok(Step { cutoff, interval, growth })
}

/// A time in Exim's form: numbers with units, the larger first.
fn time(written: &str) -> Result<Duration, Reason> {
    let wrong = || Reason::Time(written.to_owned());
    let (mut total, mut number, mut digits) = (0_u64, 0_u64, false);
    for b in written.bytes() {
        if b.is_ascii_digit() {
            number = number
                .checked_mul(10)
                .and_then(|n| n.checked_add(u64::from(b - b'0')))
                .ok_or_else(wrong)?;
            digits = true;
            continue;
        }
        let unit = match b {
            b's' => 1,
            b'm' => 60,
            b'h' => 3_600,
            b'd' => 86_400,
            b'w' => 7 * 86_400,
            _ => return Err(wrong()),
        };
        if !digits {
            return Err(wrong());
        }
        total = number.checked_mul(unit).and_then(|n| n.checked_add(total)).ok_or_else(wrong)?;
        (number, digits) = (0, false);
    }
    // A year is more than any queue waits, and far from the end of simulated time.
    if digits || total == 0 || total > A_YEAR_SECS {
        return Err(wrong());
    }
    Ok(Duration::from_secs(total))
}

/// A factor with up to three decimals, in thousandths.
fn thousandths(written: &str) -> Result<u32, Reason> {
    let wrong = || Reason::Factor(written.to_owned());
    let (whole, decimals) = written.split_once('.').unwrap_or((written, ""));
    let numeric = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !numeric(whole) || !numeric(decimals) || decimals.len() > 3 {
        return Err(wrong());
    }
    let whole: u32 = whole.parse().map_err(|_| wrong())?;
    let decimals: u32 = format!("{decimals:0<3}").parse().map_err(|_| wrong())?;
    match whole.checked_mul(1_000).and_then(|whole| whole.checked_add(decimals)) {
        Some(factor) if (1_000..=100_000).contains(&factor) => Ok(factor),
        _ => Err(wrong()),
    }
}

/// Exim's `retry_interval_max`.
const LONGEST_DELAY: Duration = Duration::from_secs(86_400);

const A_YEAR_SECS: u64 = 366 * 86_400;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_rule_of_exims_default_configuration_is_read() {
        let rule: RetryRule = "F,2h,15m; G,16h,1h,1.5; F,4d,6h".parse().unwrap();
        assert_eq!(rule.lifetime(), Duration::from_secs(4 * 86_400));
        assert_eq!(rule.steps[1].growth, Growth::Geometric(1_500));
        assert_eq!(rule.steps[0].interval, Duration::from_secs(900));
    }

    #[test]
    fn mistakes_are_told_with_the_step_and_a_remedy() {
        let check = |text: &str, wanted: &str| {
            let error = text.parse::<RetryRule>().unwrap_err();
            assert_eq!(error.to_string(), wanted);
            assert!(!error.remedy().is_empty());
        };
        check("", "\"\" begins with none of F, G and H");
        check("X,2h,15m", "\"X,2h,15m\" begins with none of F, G and H");
        check("F,2h", "\"F,2h\" has too few or too many parts");
        check("F,2h,15m; G,16h,1h", "\"G,16h,1h\" has too few or too many parts");
        check("F,2,15m", "\"2\" in \"F,2,15m\" is no time");
        check("F,2x,15m", "\"2x\" in \"F,2x,15m\" is no time");
        check(
            "F,99999999999999999999w,1s",
            "\"99999999999999999999w\" in \"F,99999999999999999999w,1s\" is no time",
        );
        check("G,2h,1h,0.5", "\"0.5\" in \"G,2h,1h,0.5\" is no factor from 1 to 100");
        check("F,2h,15m; F,2h,1h", "\"F,2h,1h\" ends no later than the step before it");
    }

    #[test]
    fn times_may_have_several_units() {
        assert_eq!(time("1h30m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(time("1w"), Ok(Duration::from_secs(604_800)));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "[FGH,;.0-9smhdw ]{0,40}") {
            let _ = text.parse::<RetryRule>();
        }
    }
}
