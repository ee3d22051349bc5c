//! Latencies and losses of links, and the tables of measured latencies.

use std::sync::Arc;
use std::time::Duration;

use super::Expander;
use crate::net::{DelayTable, GilbertElliott, Latency, LossModel, TableError};
use crate::scenario::finding::Path;
use crate::scenario::format::network as format;
use crate::scenario::format::{Dur, Share};

impl Expander<'_, '_, '_> {
    pub(super) fn latency(&mut self, path: &Path<'_>, latency: &format::Latency) -> Latency {
        let distribution = match latency {
            format::Latency::Constant(delay) => return Latency::Constant(delay.0),
            format::Latency::Drawn(distribution) => distribution,
        };
        let zero = Latency::Constant(Duration::ZERO);
        if let Some([least, most]) = distribution.uniform {
            if most < least {
                let found = format!("{least} is above {most}");
                self.report.at(
                    &path.at("uniform"),
                    found,
                    "the shorter one stands first".to_owned(),
                );
            }
            return Latency::Uniform { least: least.0, most: most.0.max(least.0) };
        }
        let least =
            |least: Option<Dur>, middle: Duration| least.map_or(middle / 10, |least| least.0);
        if let Some(normal) = distribution.normal {
            let least = least(normal.least, normal.mean.0);
            return Latency::Normal { mean: normal.mean.0, deviation: normal.deviation.0, least };
        }
        if let Some(format::Exponential { mean, least: floor }) = distribution.exponential {
            let least = least(floor, mean.0);
            if least > mean.0 {
                let found = format!("{} is above the mean, {mean}", Dur(least));
                self.report.at(&path.at("exponential").at("least"), found, None);
            }
            return Latency::Exponential { mean: mean.0, least };
        }
        if let Some(file) = &distribution.table {
            let table = self.delay_table(&path.at("table"), file);
            return table.map_or(zero, Latency::Table);
        }
        distribution.lognormal.map_or(zero, |lognormal| {
            let least = least(lognormal.least, lognormal.median.0);
            Latency::LogNormal { median: lognormal.median.0, sigma: lognormal.sigma, least }
        })
    }

    pub(super) fn loss(&mut self, path: &Path<'_>, loss: format::Loss) -> LossModel {
        let chain = match loss {
            format::Loss::Share(share) => return share.0.into(),
            format::Loss::Bursts(format::LossBursts { gilbert_elliott: Some(four), .. }) => {
                GilbertElliott {
                    to_bad: four.to_bad.0,
                    to_good: four.to_good.0,
                    good_loss: four.good_loss.0,
                    bad_loss: four.bad_loss.0,
                }
            }
            format::Loss::Bursts(format::LossBursts { bursts, .. }) => {
                let Some(format::Bursts { mean, length }) = bursts else { return LossModel::NONE };
                let Some(chain) = GilbertElliott::bursts(mean.0, length) else {
                    let most = length / (length + 1.0) * 100.0;
                    let found = format!("no bursts of {length} packets lose {mean} of all");
                    let remedy = format!("at most {most:.0}% is lost so, or bursts are longer");
                    self.report.at(&path.at("bursts"), found, remedy);
                    return LossModel::NONE;
                };
                chain
            }
        };
        LossModel::Bursts(chain)
    }

    /// A table of latencies, read once however many links have it.
    fn delay_table(&mut self, path: &Path<'_>, file: &str) -> Option<Arc<DelayTable>> {
        if let Some(table) = self.tables.get(file) {
            return table.clone();
        }
        let octets = self.read_file(path, file);
        let table = octets.and_then(|octets| match read_table(&octets) {
            Ok(table) => Some(Arc::new(table)),
            Err((line, wrong)) => {
                let place = line.map_or(String::new(), |line| format!(" line {line}"));
                let remedy = "one kind of line throughout: a latency (\"12.5ms\"), with how often it \
                              was seen (\"12.5ms 830\"), or with the share of packets that are as \
                              fast (\"12.5ms 95%\")";
                self.report.at(path, format!("{file}{place}: {wrong}"), remedy.to_owned());
                None
            }
        });
        self.tables.insert(file.to_owned(), table.clone());
        table
    }
}

/// What stands behind a latency in a table.
#[derive(Clone, Copy)]
enum Weight {
    Seen(u64),
    Share(f64),
}

/// Reads a table; what is wrong with it, and in which line.
fn read_table(octets: &[u8]) -> Result<DelayTable, (Option<usize>, String)> {
    let text = std::str::from_utf8(octets).map_err(|_| (None, "it is not UTF-8".to_owned()))?;
    let mut rows: Vec<(usize, Duration, Weight)> = Vec::new();
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let at_line = |wrong: String| (Some(number), wrong);
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(delay) = words.next() else { continue };
        let Dur(delay) = delay
            .parse()
            .map_err(|error: crate::scenario::format::units::UnitError| at_line(error.wrong))?;
        let weight = match words.next() {
            None => Weight::Seen(1),
            Some(share) if share.ends_with('%') => match share.parse::<Share>() {
                Ok(share) => Weight::Share(share.0),
                Err(error) => return Err(at_line(error.wrong)),
            },
            Some(count) => match count.parse() {
                Ok(count) => Weight::Seen(count),
                Err(_) => return Err(at_line(format!("\"{count}\" is no whole number"))),
            },
        };
        if let Some(word) = words.next() {
            return Err(at_line(format!("\"{word}\" is one word too many")));
        }
        if let Some((_, _, first)) = rows.first()
            && std::mem::discriminant(first) != std::mem::discriminant(&weight)
        {
            return Err(at_line("the lines before it are of another kind".to_owned()));
        }
        rows.push((number, delay, weight));
    }
    let mut seen = Vec::new();
    let mut quantiles = Vec::new();
    for (_, delay, weight) in &rows {
        match weight {
            Weight::Seen(count) => seen.push((*delay, *count)),
            Weight::Share(share) => quantiles.push((*delay, *share)),
        }
    }
    let table = match quantiles.is_empty() {
        true => DelayTable::seen(seen),
        false => DelayTable::quantiles(quantiles),
    };
    table.map_err(|error| match error {
        TableError::Empty => (None, "no latency stands in it".to_owned()),
        TableError::TooHeavy => (None, "its numbers add up to more than 2^64".to_owned()),
        TableError::Falling(row) => {
            (Some(rows[row].0), "its latency or share is below the one before".to_owned())
        }
        TableError::NoShare(row) => (Some(rows[row].0), "no share from 0% to 100%".to_owned()),
        TableError::Open => (None, "its last share is not 100%".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn wrong(text: &str) -> String {
        let (line, wrong) = read_table(text.as_bytes()).unwrap_err();
        line.map_or(wrong.clone(), |line| format!("{line}: {wrong}"))
    }

    #[test]
    fn a_table_has_lines_of_three_kinds() {
        let bare = "# measured\n20ms\n10ms # twice\n10ms\n";
        let counted = "10ms 2\n\n20ms\t1";
        let of = |text: &str| read_table(text.as_bytes()).unwrap();
        assert_eq!(of(bare), DelayTable::seen([(10 * MS, 1), (10 * MS, 1), (20 * MS, 1)]).unwrap());
        assert_eq!(of(counted), DelayTable::seen([(10 * MS, 2), (20 * MS, 1)]).unwrap());
        let shares = DelayTable::quantiles(vec![(10 * MS, 0.5), (90 * MS, 1.0)]).unwrap();
        assert_eq!(of("10ms 50%\n90ms 100%"), shares);
    }

    #[test]
    fn what_is_wrong_is_told_by_line() {
        assert_eq!(wrong("10ms\n20\n"), "2: \"20\" has no unit");
        assert_eq!(wrong("10ms 1\n20ms 1.5"), "2: \"1.5\" is no whole number");
        assert_eq!(wrong("10ms\n20ms 100%"), "2: the lines before it are of another kind");
        assert_eq!(wrong("10ms 1 1"), "1: \"1\" is one word too many");
        assert_eq!(wrong("#\n"), "no latency stands in it");
        assert_eq!(wrong("9ms 10%\n5ms 100%"), "2: its latency or share is below the one before");
        assert_eq!(wrong("9ms 10%"), "its last share is not 100%");
        assert_eq!(wrong("9ms 110%"), "1: 1.1 is outside 0 to 1");
    }
}
