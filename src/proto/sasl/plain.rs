//! PLAIN (RFC 4616): identity and password in one message.

use super::secret::Credentials;
use super::utf8;

/// `[authzid] NUL authcid NUL passwd` (RFC 4616 §2).
pub(super) fn encode(credentials: &Credentials) -> Vec<u8> {
    let Credentials { authcid, authzid, password } = credentials;
    [authzid.as_str(), authcid, password].join("\0").into_bytes()
}

/// `None` where it is not of that form, or the identity or the password is empty.
pub(super) fn decode(message: &[u8]) -> Option<Credentials> {
    let mut parts = message.split(|&b| b == 0).map(utf8);
    let (authzid, authcid, password) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || authcid.is_empty() || password.is_empty() {
        return None;
    }
    Some(Credentials {
        authcid: authcid.to_owned(),
        authzid: authzid.to_owned(),
        password: password.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_4616_is_read_and_written() {
        let credentials = decode(b"Ursel\0Kurt\0xipj3plmq").expect("it is well-formed");
        assert_eq!(credentials.authzid, "Ursel");
        assert_eq!(credentials.authcid, "Kurt");
        assert_eq!(credentials.password, "xipj3plmq");
        assert_eq!(encode(&credentials), b"Ursel\0Kurt\0xipj3plmq");
        assert_eq!(encode(&Credentials::new("tim", "x")), b"\0tim\0x");
    }

    #[test]
    fn other_messages_are_refused() {
        for bad in [&b""[..], b"\0tim", b"\0\0pass", b"\0tim\0", b"a\0b\0c\0d", b"\0tim\0\xff"] {
            assert_eq!(decode(bad), None, "{bad:?}");
        }
    }
}
