//! When the mail of a workload comes: along a day, in bursts, evenly or at random.

use std::time::Duration;

use super::Expander;
use crate::actors::load::arrivals::{Curve, Process};
use crate::engine::{Epoch, SimTime};
use crate::scenario::finding::Path;
use crate::scenario::format::units::Dur;
use crate::scenario::format::workload::{self as format, Arrivals};

impl Expander<'_, '_, '_> {
    /// How much comes when.
    pub(super) fn curve(
        &mut self,
        path: &Path<'_>,
        mail: &format::MailLoad,
        at: Dur,
        over: Dur,
    ) -> Curve {
        self.check_span(path, at, over);
        let start = SimTime::ZERO + at.0;
        let flat = Curve::even(start, over.0.max(Duration::from_millis(1)));
        let day = match &mail.day {
            Some(day) => match self.check_day(&path.at("day"), day) {
                true => Some(day.as_slice()),
                false => return flat,
            },
            None => None,
        };
        if let Some(bursts) = &mail.bursts
            && !self.check_bursts(&path.at("bursts"), bursts, over)
        {
            return flat;
        }
        if over.0.is_zero() {
            return flat; // which has been told
        }
        let epoch = self.scenario.start.map(|date| Epoch(date.0)).unwrap_or_default();
        let Some(curve) = pieces(epoch, start, over.0, day, mail.bursts.as_ref()) else {
            let found = format!("no hour in {over} has a weight");
            self.report.at(&path.at("day"), found, "the hours are those of UTC".to_owned());
            return flat;
        };
        curve
    }

    fn check_day(&mut self, path: &Path<'_>, day: &[f64]) -> bool {
        let wrong = day.iter().position(|weight| !(0.0..=1e12).contains(weight));
        if day.len() != 24 {
            let found = format!("{} weights for the hours of a day", day.len());
            self.report.at(path, found, "24 of them, from midnight on (UTC)".to_owned());
            return false;
        }
        if let Some(hour) = wrong {
            let found = format!("{} is no weight", day[hour]);
            self.report.at(&path.at(hour), found, "from 0 to 1000000000000".to_owned());
            return false;
        }
        if day.iter().all(|weight| *weight == 0.0) {
            self.report.at(path, "all weights are 0", "one at least is more".to_owned());
            return false;
        }
        true
    }

    fn check_bursts(&mut self, path: &Path<'_>, bursts: &format::Bursts, over: Dur) -> bool {
        let format::Bursts { every, lasting, .. } = bursts;
        if lasting.0.is_zero() || lasting > every {
            let found = format!("a burst of {lasting} every {every}");
            let remedy = "some time, and not longer than to the next".to_owned();
            self.report.at(&path.at("lasting"), found, remedy);
            return false;
        }
        if over.0.as_nanos() / every.0.as_nanos() > MOST_BURSTS {
            let found = format!("a burst every {every} for {over}");
            self.report.at(&path.at("every"), found, format!("at most {MOST_BURSTS} bursts"));
            return false;
        }
        true
    }
}

pub(super) fn process(arrivals: Option<Arrivals>) -> Process {
    match arrivals.unwrap_or_default() {
        Arrivals::Poisson => Process::Poisson,
        Arrivals::Constant => Process::Even,
    }
}

/// The curve of a day with bursts on it; `None` where nothing would ever come.
fn pieces(
    epoch: Epoch,
    start: SimTime,
    over: Duration,
    day: Option<&[f64]>,
    bursts: Option<&format::Bursts>,
) -> Option<Curve> {
    let end = start + over;
    // How much comes in a nanosecond, and until when that is so.
    let hour_at = |at: SimTime| -> (f64, SimTime) {
        let Some(day) = day else { return (1.0, end) };
        let second = epoch.at(at).0;
        let hour = second.rem_euclid(86_400) / 3_600;
        let left = 3_600 - second.rem_euclid(3_600);
        // The date counts whole seconds.
        let whole = SimTime::from_nanos(at.as_nanos() / 1_000_000_000 * 1_000_000_000);
        (day[hour as usize], whole + Duration::from_secs(left.unsigned_abs()))
    };
    let burst_at = |at: SimTime| -> (bool, SimTime) {
        let Some(bursts) = bursts else { return (false, end) };
        let every = bursts.every.0.as_nanos() as u64;
        let lasting = bursts.lasting.0.as_nanos() as u64;
        let begun = at.as_nanos() - (at.as_nanos() - start.as_nanos()) % every;
        let is_on = at.as_nanos() - begun < lasting;
        (is_on, SimTime::from_nanos(begun + if is_on { lasting } else { every }))
    };
    let mut all = Vec::new();
    let mut at = start;
    while at < end {
        let ((rate, hour_ends), (is_on, burst_ends)) = (hour_at(at), burst_at(at));
        let to = hour_ends.min(burst_ends).min(end);
        let lasting = to.since(at);
        all.push((lasting, rate * lasting.as_nanos() as f64, is_on));
        at = to;
    }
    let sum = |which: Option<bool>| -> f64 {
        let fitting = all.iter().filter(|(.., is_on)| which.is_none_or(|which| which == *is_on));
        fitting.map(|(_, weight, _)| weight).sum()
    };
    let (total, on) = (sum(None), sum(Some(true)));
    if total <= 0.0 {
        return None;
    }
    // What comes in bursts is put on top of the rest.
    let share = bursts.filter(|_| on > 0.0).map_or(0.0, |bursts| bursts.share.0);
    let weight = |weight: f64, is_on: bool| {
        let extra = if is_on && share > 0.0 { weight / on * share } else { 0.0 };
        weight / total * (1.0 - share) + extra
    };
    let pieces = all.iter().map(|(lasting, of, is_on)| (*lasting, weight(*of, *is_on)));
    Some(Curve::new(start, pieces))
}

const MOST_BURSTS: u128 = 100_000;
