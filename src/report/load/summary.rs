//! A load at its end: what was counted on the way, and what the world says itself.

use serde::Serialize;

use crate::report::summary::Network;
use crate::world::{Kind, World};

use super::checks::{self, Queued};
use super::timeline::COLUMNS;
use super::{Check, Figures, Histogram, Timeline};

/// What a run came to. The same for one scenario and seed, whatever machine it is played on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Load {
    /// How many events were handled.
    pub events: u64,
    /// The fingerprint.
    pub fingerprint: String,
    /// When anything of note last happened, in nanoseconds of simulated time; of a run in which there
    /// is nothing but timers, when the last of them was.
    pub simulated_ns: u64,
    /// Exchanges of load clients without a protocol of their own.
    pub transactions: u64,
    /// What became of mail.
    pub mail: Mail,
    /// From composition to mailbox; `None` where nothing was timed.
    pub latency: Option<Latency>,
    /// How many deliveries are not in the latencies, since nobody knows when their messages were composed.
    pub untimed: u64,
    /// Recipients that failed for good, most of a sort first.
    pub bounces: Vec<Bounces>,
    /// What servers refused in sessions, by the code of the reply, most first.
    pub refusals: Vec<Refusals>,
    /// What was asked of the DNS.
    pub dns: Dns,
    /// What became of packets.
    pub packets: Network,
    /// Whether all that came went somewhere.
    pub checks: Vec<Check>,
    /// What happened when.
    pub timeline: Series,
}

/// How often what happened to mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// Messages that clients wrote.
    pub composed: u64,
    /// Messages that a submission server took.
    pub submitted: u64,
    /// Messages that a client gave up.
    pub not_submitted: u64,
    /// Messages that an MTA took into its queue: one for each host on the way.
    pub accepted: u64,
    /// Their recipients.
    pub recipients: u64,
    /// Recipients for whom it was put into a mailbox.
    pub delivered: u64,
    /// Recipients for whom the next host took it.
    pub relayed: u64,
    /// Recipients that came to their end in others: lists, and who forwards without keeping a copy.
    pub expanded: u64,
    /// How often a recipient had to wait for the next attempt.
    pub deferred: u64,
    /// Recipients that failed for good.
    pub bounced: u64,
    /// Recipients of messages that were thrown away.
    pub discarded: u64,
    /// What was refused in sessions.
    pub refused: u64,
    /// Reports of delay or success that were written.
    pub notified: u64,
    /// Messages that left their queue.
    pub removed: u64,
    /// Messages that are in a queue at the end.
    pub queued: u64,
    /// The most that were in all queues together at the end of an interval of the timeline.
    pub queued_most: u64,
    /// Messages that clients downloaded.
    pub fetched: u64,
}

/// How long something took, in nanoseconds of simulated time. Quantiles are too high by less than a
/// 128th; the rest is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Latency {
    pub count: u64,
    pub min_ns: u64,
    pub mean_ns: u64,
    pub p50_ns: u64,
    pub p90_ns: u64,
    pub p99_ns: u64,
    pub p999_ns: u64,
    pub max_ns: u64,
}

impl Latency {
    /// `None` of nothing.
    pub fn of(histogram: &Histogram) -> Option<Self> {
        Some(Latency {
            count: histogram.count(),
            min_ns: histogram.least()?,
            mean_ns: histogram.mean()?,
            p50_ns: histogram.quantile(500)?,
            p90_ns: histogram.quantile(900)?,
            p99_ns: histogram.quantile(990)?,
            p999_ns: histogram.quantile(999)?,
            max_ns: histogram.most()?,
        })
    }
}

/// Recipients that failed in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bounces {
    /// The status, such as `5.1.1`.
    pub status: Option<String>,
    /// The reply code of the server that refused it, if one did.
    pub code: Option<u16>,
    /// How many.
    pub count: u64,
}

/// Refusals with one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Refusals {
    /// The code.
    pub code: Option<u16>,
    /// How many.
    pub count: u64,
}

/// What was asked of the DNS.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Dns {
    /// Queries that reached a resolver or an authority.
    pub queries: u64,
    /// Questions of `dig` and of load programs that came to an end, with an answer or without.
    pub resolved: u64,
    /// Questions that a resolver answered from its cache.
    pub cache_hits: u64,
    /// Questions for which it had to ask others.
    pub cache_misses: u64,
    /// Hits of all, from 0 to 1; `None` without questions.
    pub hit_rate: Option<f64>,
}

// No rate is NaN.
impl Eq for Dns {}

/// The timeline in rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Series {
    /// How long each interval is.
    pub interval_ns: u64,
    /// What the numbers of a row are.
    pub columns: Vec<&'static str>,
    /// One row for each interval, from the start of the run.
    pub rows: Vec<Vec<u64>>,
}

impl Load {
    /// Of a world that had a fold of [`Figures`] from its beginning.
    pub fn new(world: &World, figures: &Figures) -> Self {
        let of = |kind| figures.of(kind);
        let queued = Queued::of(world);
        let depths = figures.timeline().queue_depths();
        let (cache_hits, cache_misses) = (of(Kind::CacheHit), of(Kind::CacheMiss));
        let questions = cache_hits + cache_misses;
        let mut bounces: Vec<Bounces> = figures
            .bounces()
            .iter()
            .map(|(bounce, count)| Bounces {
                status: bounce.status.map(|status| status.to_string()),
                code: bounce.code,
                count: *count,
            })
            .collect();
        bounces.sort_by_key(|bounces| std::cmp::Reverse(bounces.count));
        let refusals = figures.refusals().iter();
        let mut refusals: Vec<_> =
            refusals.map(|(code, count)| Refusals { code: *code, count: *count }).collect();
        refusals.sort_by_key(|refusals| std::cmp::Reverse(refusals.count));
        Load {
            events: world.events(),
            fingerprint: world.fingerprint().to_string(),
            simulated_ns: match world.last_activity().as_nanos() {
                0 => world.now().as_nanos(),
                nanos => nanos,
            },
            transactions: of(Kind::Transaction),
            mail: Mail {
                composed: of(Kind::Composed),
                submitted: of(Kind::Submitted),
                not_submitted: of(Kind::NotSubmitted),
                accepted: of(Kind::Accepted),
                recipients: of(Kind::Recipient),
                delivered: of(Kind::Delivered),
                relayed: of(Kind::Relayed),
                expanded: of(Kind::Expanded),
                deferred: of(Kind::Deferred),
                bounced: of(Kind::Bounced),
                discarded: of(Kind::Discarded),
                refused: of(Kind::Refused),
                notified: of(Kind::Notified),
                removed: of(Kind::Removed),
                queued: queued.messages,
                queued_most: depths.iter().copied().max().unwrap_or(0),
                fetched: of(Kind::Fetched),
            },
            latency: Latency::of(&figures.latency()),
            untimed: figures.untimed(),
            bounces,
            refusals,
            dns: Dns {
                queries: of(Kind::DnsQuery),
                resolved: of(Kind::Resolved),
                cache_hits,
                cache_misses,
                hit_rate: (questions > 0).then(|| cache_hits as f64 / questions as f64),
            },
            packets: Network::of(&world.traffic()),
            checks: checks::checks(figures, queued, world),
            timeline: Series::new(figures.timeline(), &depths),
        }
    }

    /// Whether all checks hold.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
    }
}

impl Series {
    fn new(timeline: &Timeline, depths: &[u64]) -> Self {
        let rows = timeline.points().iter().zip(depths);
        Series {
            interval_ns: timeline.interval().as_nanos() as u64,
            columns: COLUMNS.iter().map(|(_, name)| *name).chain(["queued"]).collect(),
            rows: rows
                .map(|(point, depth)| {
                    COLUMNS.iter().map(|(kind, _)| point.of(*kind)).chain([*depth]).collect()
                })
                .collect(),
        }
    }

    /// One column of all rows; empty when there is none of that name.
    pub fn column(&self, name: &str) -> Vec<u64> {
        let Some(place) = self.columns.iter().position(|column| *column == name) else {
            return Vec::new();
        };
        self.rows.iter().map(|row| row[place]).collect()
    }
}
