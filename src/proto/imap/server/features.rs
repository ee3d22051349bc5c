//! What a client has enabled (RFC 5161), by ENABLE or by using it.

/// Extensions that change what the server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Features {
    /// CONDSTORE (RFC 7162 §3.1): mod-sequences are told with flags.
    pub(super) condstore: bool,
    /// QRESYNC (RFC 7162 §3.2): VANISHED for EXPUNGE.
    pub(super) qresync: bool,
    /// UTF8=ACCEPT (RFC 6855).
    utf8_accept: bool,
    /// IMAP4rev2 (RFC 9051).
    pub(super) rev2: bool,
}

impl Features {
    /// Whether mailbox names are in UTF-8.
    pub(super) fn utf8(self) -> bool {
        self.utf8_accept || self.rev2
    }

    /// Whether each FETCH response tells the UID (RFC 7162 §3.2.3 asks for it with QRESYNC).
    pub(super) fn tells_uids(self) -> bool {
        self.qresync || self.rev2
    }

    /// Takes up what is known, and gives the names of what was not enabled before (RFC 5161 §3.1).
    pub(super) fn enable(&mut self, asked: &[&str]) -> Vec<&'static str> {
        let mut enabled = Vec::new();
        for word in asked {
            let known = NAMES.iter().find(|name| name.eq_ignore_ascii_case(word));
            let Some(name) = known else { continue };
            let before = *self;
            match *name {
                "CONDSTORE" => self.condstore = true,
                "QRESYNC" => (self.condstore, self.qresync) = (true, true),
                "IMAP4rev2" => self.rev2 = true,
                _ => self.utf8_accept = true,
            }
            if *self != before {
                enabled.push(*name);
            }
        }
        enabled
    }
}

const NAMES: [&str; 4] = ["CONDSTORE", "QRESYNC", "UTF8=ACCEPT", "IMAP4rev2"];
