//! Which way mail for an address goes: into a mailbox here, to a next hop, or nowhere.
//!
//! As Postfix's transport(5) and trivial-rewrite(8): an entry for the address, with its detail or
//! without, goes before one for its domain, that before those for the domains above it (`.example.com`), and `*` is for all;
//! what no entry names goes where the domain says, or to the smart host, or by MX.
//!
//! Not modelled: a transport or a relay host that depends on the sender.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::proto::smtp::{EnhancedStatus, Mailbox, is_domain};
use crate::store::queue::Trouble;

use super::config::{self, MtaConfig, split_detail};
use super::hop::{Hop, LMTP_PORT, Place, Protocol};
use super::route::SMTP_PORT;

/// A transport table: patterns in lower case, and where mail for them goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransportTable {
    entries: BTreeMap<String, Route>,
}

/// Where a transport table sends mail. `FromStr` reads the form of transport(5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `smtp:next-hop`; without one, the MX of the recipient's domain.
    Smtp(Option<NextHop>),
    /// `lmtp:host:port`: into a mailbox of another host (RFC 2033). Port 24 where none is given.
    Lmtp(NextHop),
    /// `local`: into a mailbox of this host.
    Local,
    /// `error:text`: not deliverable, for that reason. An enhanced status may stand before it;
    /// otherwise it is 5.0.0.
    Error(EnhancedStatus, String),
    /// `retry:text`: put off, for that reason, until it is given up. 4.0.0 where there is no status.
    Retry(EnhancedStatus, String),
    /// `discard:text`: thrown away, and counted as delivered.
    Discard(String),
}

/// A next hop as transport(5) writes it: `domain`, `domain:port`, `[host]` or `[host]:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextHop {
    /// The domain or host, or its address.
    pub name: String,
    /// Whether MX are asked: not where it stands in brackets.
    pub mx: bool,
    /// The port, where one is given.
    pub port: Option<u16>,
}

/// Why a text is no route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteError {
    /// The transport is none of smtp, lmtp, local, error, retry and discard.
    Transport(String),
    /// The next hop is no domain, host or address.
    NextHop(String),
    /// What stands behind the last colon is no port.
    Port(String),
    /// An error that does not say why.
    NoText,
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RouteError::Transport(name) => write!(f, "there is no transport \"{name}\""),
            RouteError::NextHop(name) => write!(f, "\"{name}\" is no domain, host or address"),
            RouteError::Port(port) => write!(f, "\"{port}\" is no port"),
            RouteError::NoText => f.write_str("the text is missing"),
        }
    }
}

impl std::error::Error for RouteError {}

impl RouteError {
    /// What would be right.
    pub fn remedy(&self) -> &'static str {
        match self {
            RouteError::Transport(_) => {
                "smtp:[host]:port, smtp:domain, lmtp:host:port, local, error:text, retry:text or \
                 discard:text"
            }
            RouteError::NextHop(_) => "a domain, or a host in brackets: [mx.example.com]",
            RouteError::Port(_) => "a number from 1 to 65535",
            RouteError::NoText => "say why, as in error:5.1.2 no mail here",
        }
    }
}

impl FromStr for NextHop {
    type Err = RouteError;

    fn from_str(text: &str) -> Result<Self, RouteError> {
        let (name, port, mx) = match text.strip_prefix('[') {
            Some(rest) => {
                let wrong = || RouteError::NextHop(text.to_owned());
                let (name, rest) = rest.split_once(']').ok_or_else(wrong)?;
                let port = rest.strip_prefix(':');
                if port.is_none() && !rest.is_empty() {
                    return Err(wrong());
                }
                (name, port, false)
            }
            None => match text.rsplit_once(':') {
                Some((name, port)) => (name, Some(port), true),
                None => (text, None, true),
            },
        };
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if !is_domain(&name) && name.parse::<std::net::IpAddr>().is_err() {
            return Err(RouteError::NextHop(name));
        }
        let port = port.map(|written| match written.parse() {
            Ok(port) if port > 0 => Ok(port),
            _ => Err(RouteError::Port(written.to_owned())),
        });
        Ok(NextHop { name, mx, port: port.transpose()? })
    }
}

impl NextHop {
    fn hop(&self, protocol: Protocol) -> Hop {
        let (port, mx) = match protocol {
            Protocol::Smtp => (SMTP_PORT, self.mx),
            // Who delivers into mailboxes is named by MX nowhere (RFC 2033 §3).
            Protocol::Lmtp => (LMTP_PORT, false),
        };
        let place = match Place::host(&self.name) {
            Place::Host(name) if mx => Place::Mx(name),
            place => place,
        };
        Hop { protocol, place, port: self.port.unwrap_or(port) }
    }
}

impl FromStr for Route {
    type Err = RouteError;

    fn from_str(text: &str) -> Result<Self, RouteError> {
        let (transport, rest) = text.split_once(':').unwrap_or((text, ""));
        let rest = rest.trim();
        match transport.trim() {
            "smtp" | "relay" if rest.is_empty() => Ok(Route::Smtp(None)),
            "smtp" | "relay" => Ok(Route::Smtp(Some(rest.parse()?))),
            "lmtp" => Ok(Route::Lmtp(rest.strip_prefix("inet:").unwrap_or(rest).parse()?)),
            "local" if rest.is_empty() => Ok(Route::Local),
            "error" => with_status(rest, 5).map(|(status, text)| Route::Error(status, text)),
            "retry" => with_status(rest, 4).map(|(status, text)| Route::Retry(status, text)),
            "discard" => Ok(Route::Discard(rest.to_owned())),
            other => Err(RouteError::Transport(other.to_owned())),
        }
    }
}

/// A text with a status of that class before it, or not.
fn with_status(text: &str, class: u8) -> Result<(EnhancedStatus, String), RouteError> {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (status, text) = match first.parse::<EnhancedStatus>() {
        Ok(status) => (EnhancedStatus::new(class, status.subject(), status.detail()), rest.trim()),
        Err(_) => (EnhancedStatus::new(class, 0, 0), text),
    };
    if text.is_empty() { Err(RouteError::NoText) } else { Ok((status, text.to_owned())) }
}

impl TransportTable {
    /// Adds an entry; `pattern` is an address, a domain, `.domain` for all below it, or `*`.
    pub fn insert(&mut self, pattern: &str, route: Route) {
        self.entries.insert(pattern.to_ascii_lowercase(), route);
    }

    /// Whether an entry throws mail away for that reason.
    pub fn discards_as(&self, reason: &str) -> bool {
        self.entries.values().any(|route| matches!(route, Route::Discard(text) if text == reason))
    }

    /// Where mail for the recipient goes, if an entry says so.
    fn route(&self, recipient: &Mailbox, config: &MtaConfig) -> Option<&Route> {
        if self.entries.is_empty() {
            return None;
        }
        let delimiter = config.delimiter();
        let domain = recipient.domain().to_ascii_lowercase();
        let local_part = recipient.unquoted_local_part().to_ascii_lowercase();
        let of = |local_part: &str| self.entries.get(&format!("{local_part}@{domain}"));
        let of_name = || of(split_detail(&local_part, delimiter)?.0);
        let address = of(&local_part).or_else(of_name);
        let own = || self.entries.get(&domain);
        let above =
            || domain.match_indices('.').find_map(|(dot, _)| self.entries.get(&domain[dot..]));
        address.or_else(own).or_else(above).or_else(|| self.entries.get("*"))
    }
}

/// What is to be done for a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// Into a mailbox here.
    Here,
    /// To that next hop.
    Onward(Hop),
    /// Nowhere: failed, or put off.
    Nowhere(Trouble),
    /// Thrown away, for that reason.
    Discard(String),
}

/// Which way mail for a recipient goes.
pub(super) fn way(config: &MtaConfig, recipient: &Mailbox) -> Way {
    let own_domain = || match recipient.address_literal() {
        Some(address) => Hop::address(address),
        None => Hop::mx(recipient.domain()),
    };
    match config.transports.route(recipient, config) {
        Some(Route::Smtp(None)) => return Way::Onward(own_domain()),
        Some(Route::Smtp(Some(next))) => return Way::Onward(next.hop(Protocol::Smtp)),
        Some(Route::Lmtp(next)) => return Way::Onward(next.hop(Protocol::Lmtp)),
        Some(Route::Local) => return Way::Here,
        Some(Route::Error(status, text) | Route::Retry(status, text)) => {
            return Way::Nowhere(Trouble::local(*status, text.clone()));
        }
        Some(Route::Discard(text)) => return Way::Discard(text.clone()),
        None => {}
    }
    match config.domain(recipient.domain()).map(|domain| domain.transport) {
        Some(config::Transport::Mailbox) => return Way::Here,
        Some(config::Transport::Relay) => return Way::Onward(Hop::mx(recipient.domain())),
        None => {}
    }
    Way::Onward(match &config.smart_host {
        Some(host) => host.hop(Protocol::Smtp),
        None => own_domain(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(text: &str) -> Route {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn check(table: &[(&str, &str)], recipient: &str, wanted: &str) {
        let mut config = MtaConfig::new("mx.example.org", Vec::new());
        config
            .domains
            .insert("example.org".into(), config::Domain::open(config::Transport::Mailbox, None));
        for (pattern, text) in table {
            config.transports.insert(pattern, route(text));
        }
        let found = match way(&config, &recipient.parse().unwrap()) {
            Way::Here => "here".to_owned(),
            Way::Onward(Hop { protocol, place, port }) => format!("{protocol:?} {place:?} {port}"),
            Way::Nowhere(trouble) => format!("{} {}", trouble.status, trouble.reason),
            Way::Discard(text) => format!("discard {text}"),
        };
        assert_eq!(found, wanted, "{recipient}");
    }

    #[test]
    fn without_a_table_mail_goes_into_mailboxes_and_by_mx() {
        check(&[], "bob@example.org", "here");
        check(&[], "bob@Example.NET", "Smtp Mx(\"example.net\") 25");
        check(&[], "bob@[192.0.2.1]", "Smtp Address(192.0.2.1) 25");
    }

    #[test]
    fn the_closest_entry_of_a_table_decides() {
        let table = [
            ("*", "smtp:[relay.example.com]:2525"),
            ("example.net", "smtp:hub.example.net"),
            (".example.net", "error:5.1.2 no mail below example.net"),
            ("eve@example.net", "discard:nobody reads this"),
            ("late@example.org", "retry:4.3.0 come back"),
            ("list.example.org", "lmtp:[192.0.2.9]:2424"),
            ("box.example.org", "lmtp:mail.example.org"),
            ("own.example.org", "smtp:"),
            ("here.example.org", "local"),
        ];
        check(&table, "x@example.com", "Smtp Host(\"relay.example.com\") 2525");
        check(&table, "bob@EXAMPLE.net", "Smtp Mx(\"hub.example.net\") 25");
        check(&table, "bob@a.b.example.net", "5.1.2 no mail below example.net");
        check(&table, "Eve@example.net", "discard nobody reads this");
        check(&table, "late@example.org", "4.3.0 come back");
        check(&table, "x@list.example.org", "Lmtp Address(192.0.2.9) 2424");
        check(&table, "x@box.example.org", "Lmtp Host(\"mail.example.org\") 24");
        check(&table, "x@own.example.org", "Smtp Mx(\"own.example.org\") 25");
        check(&table, "x@here.example.org", "here");
    }

    #[test]
    fn mistakes_are_told_with_a_remedy() {
        for (text, wanted) in [
            ("uucp:host", "there is no transport \"uucp\""),
            ("local:x", "there is no transport \"local\""),
            ("smtp:[host", "\"[host\" is no domain, host or address"),
            ("smtp:a b", "\"a b\" is no domain, host or address"),
            ("smtp:host:0", "\"0\" is no port"),
            ("smtp:[host]25", "\"[host]25\" is no domain, host or address"),
            ("lmtp:", "\"\" is no domain, host or address"),
            ("error:", "the text is missing"),
            ("error:5.1.1", "the text is missing"),
        ] {
            match text.parse::<Route>() {
                Err(error) => {
                    assert_eq!(error.to_string(), wanted);
                    assert!(!error.remedy().is_empty());
                }
                Ok(route) => assert_eq!(wanted, "", "{text}: {route:?}"),
            }
        }
    }
}
