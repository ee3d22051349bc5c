//! The words behind `MATCH` and `ADJUST`.

use super::error::Problem;

/// What must agree between an entry and a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchWord {
    /// The opcode.
    Opcode,
    /// The type of the question.
    Qtype,
    /// The name of the question, case aside.
    Qname,
    /// The name of the question, with its case.
    Qcase,
    /// The name of the question is that of the entry or below it.
    Subdomain,
    /// The question section.
    Question,
    /// All flags of the header.
    Flags,
    /// The response code, with the bits that EDNS adds.
    Rcode,
    /// The answer section, TTLs aside.
    Answer,
    /// The authority section, TTLs aside.
    Authority,
    /// The additional section, TTLs aside.
    Additional,
    /// Everything but the ID.
    All,
    /// Everything but the ID and EDNS.
    AllNoEdns,
    /// TTLs count too in `all` and `answer`.
    Ttl,
    /// The message has DO.
    Do,
    /// The message has no EDNS.
    NoEdns,
    /// The message came by datagram.
    Udp,
    /// The message came over a connection.
    Tcp,
    /// Version and size of EDNS.
    Edns,
    /// There is an NSID option (RFC 5001).
    Nsid,
    /// The options of EDNS.
    EdnsData,
    /// The serial that an IXFR has (RFC 1995 §3).
    Serial(u32),
    /// An extended error of this code, or any for `None` (RFC 8914).
    Ede(Option<u16>),
    /// A client's cookie (RFC 7873).
    ClientCookie,
    /// A client's and a server's cookie.
    ServerCookie,
}

impl MatchWord {
    /// Reads a word; `Ok(None)` for one that needs something that is not here.
    ///
    /// # Errors
    /// [`Problem::Unexpected`] for a word of neither dialect.
    pub(super) fn parse(word: &str) -> Result<Option<Self>, Problem> {
        let expected = "a MATCH word such as opcode, qname, qtype, subdomain or all";
        let bad = || Problem::unexpected(word, expected);
        if let Some(serial) = word.strip_prefix("serial=") {
            return serial.parse().map(|serial| Some(MatchWord::Serial(serial))).map_err(|_| bad());
        }
        if let Some(code) = word.strip_prefix("ede=") {
            return match code {
                "any" => Ok(Some(MatchWord::Ede(None))),
                code => {
                    code.parse().map(|code| Some(MatchWord::Ede(Some(code)))).map_err(|_| bad())
                }
            };
        }
        Ok(Some(match word {
            "opcode" => MatchWord::Opcode,
            "qtype" => MatchWord::Qtype,
            "qname" => MatchWord::Qname,
            "qcase" => MatchWord::Qcase,
            "subdomain" => MatchWord::Subdomain,
            "question" => MatchWord::Question,
            "flags" => MatchWord::Flags,
            "rcode" => MatchWord::Rcode,
            "answer" => MatchWord::Answer,
            "authority" => MatchWord::Authority,
            "additional" => MatchWord::Additional,
            "all" => MatchWord::All,
            "all_noedns" => MatchWord::AllNoEdns,
            "ttl" => MatchWord::Ttl,
            "DO" => MatchWord::Do,
            "noedns" => MatchWord::NoEdns,
            "UDP" => MatchWord::Udp,
            "TCP" => MatchWord::Tcp,
            "edns" => MatchWord::Edns,
            "nsid" => MatchWord::Nsid,
            "ednsdata" => MatchWord::EdnsData,
            "client_cookie" => MatchWord::ClientCookie,
            "server_cookie" => MatchWord::ServerCookie,
            "CO" | "fill_with_reply" => return Ok(None),
            _ => return Err(bad()),
        }))
    }
}

/// What is changed in a reply before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Adjust {
    /// Takes the ID of the query.
    pub copy_id: bool,
    /// Takes the question section of the query.
    pub copy_query: bool,
    /// Is not sent at all.
    pub do_not_answer: bool,
    /// Takes the ID of the query although it is raw octets.
    pub raw_id: bool,
    /// Waits so many seconds.
    pub sleep_secs: u32,
}

impl Adjust {
    /// Adds a word; `Ok(false)` for one that needs something that is not here.
    ///
    /// # Errors
    /// [`Problem::Unexpected`] for a word of neither dialect.
    pub(super) fn add(&mut self, word: &str) -> Result<bool, Problem> {
        let bad = || Problem::unexpected(word, "an ADJUST word such as copy_id or copy_query");
        if let Some((_, secs)) =
            word.split_once('=').filter(|(key, _)| matches!(*key, "sleep" | "packet_sleep"))
        {
            self.sleep_secs = secs.parse().map_err(|_| bad())?;
            return Ok(true);
        }
        match word {
            "copy_id" => self.copy_id = true,
            "copy_query" => self.copy_query = true,
            "do_not_answer" => self.do_not_answer = true,
            "raw_id" => self.raw_id = true,
            "copy_ednsdata_assume_clientsubnet" | "increment_ecs_scope" => return Ok(false),
            _ => return Err(bad()),
        }
        Ok(true)
    }
}
