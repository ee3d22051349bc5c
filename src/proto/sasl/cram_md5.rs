//! CRAM-MD5 (RFC 2195): a digest over the server's challenge, keyed with the password.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

use super::utf8;

/// The client's answer: the name, a space, the digest in hexadecimal.
pub(super) fn encode(authcid: &str, password: &str, challenge: &[u8]) -> Vec<u8> {
    format!("{authcid} {}", digest(password, challenge)).into_bytes()
}

/// The name and the digest. A name may have spaces.
pub(super) fn decode(response: &[u8]) -> Option<(&str, &str)> {
    let (authcid, digest) = utf8(response)?.rsplit_once(' ')?;
    (!authcid.is_empty()).then_some((authcid, digest))
}

/// HMAC-MD5 (RFC 2104) in small hexadecimal digits.
pub(super) fn digest(password: &str, challenge: &[u8]) -> String {
    let mut mac =
        Hmac::<Md5>::new_from_slice(password.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(challenge);
    mac.finalize().into_bytes().iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_2195_is_read_and_written() {
        let challenge = b"<1896.697170952@postoffice.reston.mci.net>";
        let response = b"tim b913a602c7eda7a495b4e6e7334d3890";
        assert_eq!(encode("tim", "tanstaaftanstaaf", challenge), response);
        assert_eq!(decode(response), Some(("tim", "b913a602c7eda7a495b4e6e7334d3890")));
    }

    #[test]
    fn names_may_have_spaces() {
        assert_eq!(decode(b"Tim Smith 00"), Some(("Tim Smith", "00")));
        for bad in [&b""[..], b"tim", b" 00", b"t\0m 00", b"\xff 00"] {
            assert_eq!(decode(bad), None, "{bad:?}");
        }
    }
}
