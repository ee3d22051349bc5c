//! What CAPABILITY tells (RFC 3501 §7.2.1).

use std::fmt;

use super::ImapServer;
use super::State;

/// The capabilities of a session as it is now, between single spaces.
pub(super) struct Capabilities<'a>(pub(super) &'a ImapServer);

impl fmt::Display for Capabilities<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ImapServer { config, secured, state, .. } = self.0;
        write!(f, "{ALWAYS} APPENDLIMIT={}", config.max_message_octets)?;
        if !matches!(state, State::NotAuthenticated { .. }) {
            return Ok(());
        }
        if config.starttls && !secured {
            f.write_str(" STARTTLS")?;
        }
        if !config.takes_login(*secured) {
            f.write_str(" LOGINDISABLED")?;
        }
        let mechanisms = config.mechanisms.iter();
        for mechanism in mechanisms.filter(|mechanism| config.takes(**mechanism, *secured)) {
            write!(f, " AUTH={mechanism}")?;
        }
        Ok(())
    }
}

/// Announced from the beginning: not every client asks again after it has logged in.
const ALWAYS: &str = "IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE IDLE NAMESPACE CHILDREN \
    UNSELECT UIDPLUS MOVE MULTIAPPEND CATENATE URL-PARTIAL LIST-EXTENDED LIST-STATUS SPECIAL-USE \
    CREATE-SPECIAL-USE ESEARCH SEARCHRES CONTEXT=SEARCH NOTIFY WITHIN SORT SORT=DISPLAY \
    ESORT THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS I18NLEVEL=1 PREVIEW PARTIAL CONDSTORE QRESYNC BINARY STATUS=SIZE \
    SAVEDATE OBJECTID UTF8=ACCEPT QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE";
