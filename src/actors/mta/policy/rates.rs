//! How much one client may do: connections at once, and connections, messages and recipients in a
//! while (Postfix's `smtpd_client_*_limit`).
//!
//! Counted as Postfix's `anvil(8)` counts: all of a client's counts begin anew when the time unit
//! since their first event is over. In memory: a crash forgets them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::actors::mta::config::Rates;
use crate::engine::SimTime;

use super::Finding;
use super::finding::Refusal;
use super::turn::Turn;

/// What every client and login has done lately.
#[derive(Debug, Default)]
pub(crate) struct Anvil {
    clients: BTreeMap<IpAddr, Counts>,
    logins: BTreeMap<String, Counts>,
}

#[derive(Debug, Clone, Copy)]
struct Counts {
    since: SimTime,
    connections: u32,
    messages: u32,
    recipients: u32,
    /// Connections that stand now.
    open: u32,
}

impl Counts {
    fn new(now: SimTime) -> Self {
        Counts { since: now, connections: 0, messages: 0, recipients: 0, open: 0 }
    }

    fn is_over(&self, now: SimTime, per: Duration) -> bool {
        now.since(self.since) > per
    }
}

/// From this many clients on, those that count for nothing any more are forgotten.
const MANY: usize = 1_024;

impl Anvil {
    fn client(&mut self, client: IpAddr, now: SimTime, per: Duration) -> &mut Counts {
        if self.clients.len() >= MANY && !self.clients.contains_key(&client) {
            self.clients.retain(|_, counts| counts.open > 0 || !counts.is_over(now, per));
        }
        renewed(self.clients.entry(client).or_insert_with(|| Counts::new(now)), now, per)
    }

    fn login(&mut self, login: &str, now: SimTime, per: Duration) -> &mut Counts {
        // There are no more logins than users.
        let counts = self.logins.entry(login.to_owned()).or_insert_with(|| Counts::new(now));
        renewed(counts, now, per)
    }

    /// A connection of this client is gone.
    pub(crate) fn disconnected(&mut self, client: IpAddr) {
        if let Some(counts) = self.clients.get_mut(&client) {
            counts.open = counts.open.saturating_sub(1);
        }
    }
}

fn renewed(counts: &mut Counts, now: SimTime, per: Duration) -> &mut Counts {
    if counts.is_over(now, per) {
        *counts = Counts { open: counts.open, ..Counts::new(now) };
    }
    counts
}

/// Whether these limits are of any use.
pub(super) fn is_limited(rates: &Rates) -> bool {
    let Rates {
        per: _,
        concurrent,
        connections,
        messages,
        recipients,
        login_messages,
        login_recipients,
        exempt: _,
    } = rates;
    let limits = [concurrent, connections, messages, recipients, login_messages, login_recipients];
    limits.into_iter().any(|limit| *limit > 0)
}

/// A client has connected.
pub(super) fn connect(turn: &mut Turn<'_>) -> Finding {
    let rates = &turn.config.clients.rates;
    let counts = turn.anvil.client(turn.client, turn.now, rates.per);
    counts.open += 1;
    counts.connections += 1;
    let (open, connections) = (counts.open, counts.connections);
    if turn.is_exempt_from_rates() {
        return Finding::pass("not counted");
    }
    let refuse = |rule: String| {
        let host = &turn.config.hostname;
        let text = format!("{host} Error: too many connections from {}", turn.client);
        Finding::Refuse(Refusal::new(rule, 421, (4, 7, 0), text))
    };
    if over(open, rates.concurrent) {
        return refuse(format!("{open} connections at once are more than {}", rates.concurrent));
    }
    if over(connections, rates.connections) {
        let per = per(rates.per);
        return refuse(format!(
            "{connections} connections in {per} are more than {}",
            rates.connections
        ));
    }
    Finding::pass(format!("connection {connections} in {}, {open} at once", per(rates.per)))
}

/// MAIL.
pub(super) fn mail(turn: &mut Turn<'_>) -> Finding {
    judge(
        turn,
        "message",
        "too much mail",
        |counts| &mut counts.messages,
        |rates| (rates.messages, rates.login_messages),
    )
}

/// RCPT.
pub(super) fn rcpt(turn: &mut Turn<'_>) -> Finding {
    judge(
        turn,
        "recipient",
        "too many recipients",
        |counts| &mut counts.recipients,
        |rates| (rates.recipients, rates.login_recipients),
    )
}

/// Counts an event of the client, and of the login if there is one.
fn judge(
    turn: &mut Turn<'_>,
    what: &str,
    too_many: &str,
    count: impl Fn(&mut Counts) -> &mut u32,
    limits: impl Fn(&Rates) -> (u32, u32),
) -> Finding {
    let rates = &turn.config.clients.rates;
    let bump = |counts: &mut Counts| {
        let count = count(counts);
        *count += 1;
        *count
    };
    let of_client = bump(turn.anvil.client(turn.client, turn.now, rates.per));
    let of_login = match turn.login {
        Some(login) => bump(turn.anvil.login(login, turn.now, rates.per)),
        None => 0,
    };
    let (client_limit, login_limit) = limits(rates);
    let per = per(rates.per);
    if let Some(login) = turn.login
        && over(of_login, login_limit)
    {
        let rule = format!("{what} {of_login} of a login in {per} is more than {login_limit}");
        return Finding::refuse(rule, 450, (4, 7, 1), format!("Error: {too_many} from {login}"));
    }
    if turn.is_exempt_from_rates() {
        return Finding::pass("not counted");
    }
    if over(of_client, client_limit) {
        let rule = format!("{what} {of_client} in {per} is more than {client_limit}");
        let text = format!("Error: {too_many} from {}", turn.client);
        return Finding::refuse(rule, 450, (4, 7, 1), text);
    }
    Finding::pass(format!("{what} {of_client} in {per}"))
}

fn over(count: u32, limit: u32) -> bool {
    limit > 0 && count > limit
}

fn per(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
