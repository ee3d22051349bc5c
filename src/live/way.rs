//! Ways between a simulated port and a real one, as they are written: `HOST:PORT=ADDR:PORT`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use crate::world::{Port, Transport};

/// A simulated port and a real one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// A host of the scenario, or a simulated address.
    pub host: String,
    /// The simulated port.
    pub port: Port,
    /// The real address and port.
    pub real: SocketAddr,
}

/// A real address and port, as it is written: `127.0.0.1:1143`, `[::1]:1143`, `localhost:1143`, or
/// the port alone, which is one of 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Real(pub SocketAddr);

/// What is wrong with a way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayError(String);

impl fmt::Display for WayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WayError {}

impl FromStr for Real {
    type Err = WayError;

    fn from_str(text: &str) -> Result<Self, WayError> {
        if let Ok(port) = text.parse() {
            return Ok(Real(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)));
        }
        if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
            return Ok(Real(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)));
        }
        text.parse().map(Real).map_err(|_| {
            WayError(format!("\"{text}\" is no ADDR:PORT, as 127.0.0.1:1143 or [::1]:1143"))
        })
    }
}

impl FromStr for Way {
    type Err = WayError;

    fn from_str(text: &str) -> Result<Self, WayError> {
        let Some((simulated, real)) = text.split_once('=') else {
            return Err(WayError("write HOST:PORT=ADDR:PORT".to_owned()));
        };
        let (simulated, transport) = match simulated.rsplit_once('/') {
            None => (simulated, Transport::Tcp),
            Some((simulated, "tcp")) => (simulated, Transport::Tcp),
            Some((simulated, "udp")) => (simulated, Transport::Udp),
            Some((_, other)) => {
                return Err(WayError(format!("\"/{other}\" is neither /tcp nor /udp")));
            }
        };
        let Some((host, number)) = simulated.rsplit_once(':') else {
            return Err(WayError(format!("\"{simulated}\" is no HOST:PORT")));
        };
        let Ok(number) = number.parse() else {
            return Err(WayError(format!("\"{number}\" is no port")));
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() || number == 0 {
            return Err(WayError(format!("\"{simulated}\" is no HOST:PORT")));
        }
        let Real(real) = real.parse()?;
        Ok(Way { host: host.to_owned(), port: Port { number, transport }, real })
    }
}

impl Way {
    /// The host as an address, if it is written as one.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

/// As it is written.
impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address() {
            Some(IpAddr::V6(address)) => write!(f, "[{address}]")?,
            _ => f.write_str(&self.host)?,
        }
        write!(f, ":{}", self.port.number)?;
        if self.port.transport == Transport::Udp {
            f.write_str("/udp")?;
        }
        write!(f, "={}", self.real)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_read_as_it_is_written() {
        for text in [
            "mail.example.org:143=127.0.0.1:1143",
            "ns1.example.org:53/udp=127.0.0.1:5353",
            "[2001:db8::1]:25=[::1]:2525",
            "192.0.2.1:25=127.0.0.1:2525",
        ] {
            assert_eq!(text.parse::<Way>().unwrap().to_string(), text);
        }
        assert_eq!("a:1/tcp=7".parse::<Way>().unwrap().to_string(), "a:1=127.0.0.1:7");
        assert_eq!("a:1=localhost:7".parse::<Way>().unwrap().to_string(), "a:1=127.0.0.1:7");
    }

    #[test]
    fn what_is_no_way_is_told() {
        for (text, said) in [
            ("", "write HOST:PORT=ADDR:PORT"),
            ("a:25", "write HOST:PORT=ADDR:PORT"),
            ("a=127.0.0.1:1", "\"a\" is no HOST:PORT"),
            (":25=127.0.0.1:1", "\":25\" is no HOST:PORT"),
            ("a:0=127.0.0.1:1", "\"a:0\" is no HOST:PORT"),
            ("a:mail=127.0.0.1:1", "\"mail\" is no port"),
            ("a:25/sctp=127.0.0.1:1", "\"/sctp\" is neither /tcp nor /udp"),
            ("a:25=here:1", "\"here:1\" is no ADDR:PORT, as 127.0.0.1:1143 or [::1]:1143"),
            (
                "a:25=127.0.0.1:70000",
                "\"127.0.0.1:70000\" is no ADDR:PORT, as 127.0.0.1:1143 or [::1]:1143",
            ),
        ] {
            assert_eq!(text.parse::<Way>().unwrap_err().to_string(), said);
        }
    }
}
