//! SCRAM-SHA-256 (RFC 5802, RFC 7677): both sides prove that they know the password, and neither
//! shows it.
//!
//! This is the text of the messages and the arithmetic; the steps are in the exchanges of client
//! and server.
//!
//! Not modelled: channel binding, optional extensions (mandatory ones fail the exchange, as
//! RFC 5802 §5.1 demands), `e=` in place of the server's last message: the protocol around it
//! refuses instead.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::secret::{Credentials, Identity};
use super::{decode_base64, encode_base64, utf8};

/// The message that a client begins with.
#[derive(Debug, Clone)]
pub(super) struct ClientFirst {
    /// `n,a=authzid,`, which comes back in the client's last message.
    header: String,
    /// `n=user,r=nonce`.
    bare: String,
    nonce: String,
    identity: Identity,
}

impl ClientFirst {
    pub(super) fn new(credentials: &Credentials, nonce: String) -> Self {
        let Credentials { authcid, authzid, .. } = credentials;
        let header = match authzid.as_str() {
            "" => "n,,".to_owned(),
            authzid => format!("n,a={},", escape(authzid)),
        };
        let bare = format!("n={},r={nonce}", escape(authcid));
        let identity = Identity { authcid: authcid.clone(), authzid: authzid.clone() };
        ClientFirst { header, bare, nonce, identity }
    }

    pub(super) fn decode(message: &[u8]) -> Option<Self> {
        let text = utf8(message)?;
        let mut parts = text.splitn(3, ',');
        let (binding, authzid, bare) = (parts.next()?, parts.next()?, parts.next()?);
        // `y`: the client could bind to a channel, and thinks that we cannot. It is right.
        if !matches!(binding, "n" | "y") {
            return None;
        }
        let authzid = match authzid {
            "" => String::new(),
            given => unescape(given.strip_prefix("a=")?).filter(|name| !name.is_empty())?,
        };
        let mut attributes = bare.split(',');
        let authcid = unescape(attributes.next()?.strip_prefix("n=")?)?;
        let nonce = attributes.next()?.strip_prefix("r=").filter(|nonce| is_nonce(nonce))?;
        if authcid.is_empty() {
            return None;
        }
        Some(ClientFirst {
            header: text[..text.len() - bare.len()].to_owned(),
            bare: bare.to_owned(),
            nonce: nonce.to_owned(),
            identity: Identity { authcid, authzid },
        })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        format!("{}{}", self.header, self.bare).into_bytes()
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }
}

/// The server's answer to it: the nonce of both, the salt, the number of iterations.
#[derive(Debug, Clone)]
pub(super) struct ServerFirst {
    text: String,
    nonce: String,
    salt: Vec<u8>,
    iterations: u32,
}

impl ServerFirst {
    pub(super) fn new(client: &ClientFirst, nonce: &str, salt: Vec<u8>, iterations: u32) -> Self {
        let nonce = format!("{}{nonce}", client.nonce);
        let text = format!("r={nonce},s={},i={iterations}", encode_base64(&salt));
        ServerFirst { text, nonce, salt, iterations }
    }

    /// `None` also where the nonce does not begin with the client's, or the iterations are none, or
    /// more than a client can be made to work for.
    pub(super) fn decode(message: &[u8], client: &ClientFirst) -> Option<Self> {
        let text = utf8(message)?;
        let mut attributes = text.split(',');
        let nonce = attributes.next()?.strip_prefix("r=").filter(|nonce| is_nonce(nonce))?;
        let salt = decode_base64(attributes.next()?.strip_prefix("s=")?.as_bytes())?;
        let iterations = attributes.next()?.strip_prefix("i=")?.parse().ok()?;
        let fresh = nonce.len() > client.nonce.len() && nonce.starts_with(&client.nonce);
        if !fresh || !(1..=MAX_ITERATIONS).contains(&iterations) {
            return None;
        }
        Some(ServerFirst { text: text.to_owned(), nonce: nonce.to_owned(), salt, iterations })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        self.text.clone().into_bytes()
    }
}

/// What both sides compute from what they said and the password.
#[derive(Debug)]
pub(super) struct Proofs {
    /// `c=...,r=...`.
    without_proof: String,
    client: [u8; 32],
    server: [u8; 32],
}

impl Proofs {
    pub(super) fn new(first: &ClientFirst, answer: &ServerFirst, password: &str) -> Self {
        let without_proof =
            format!("c={},r={}", encode_base64(first.header.as_bytes()), answer.nonce);
        let message = format!("{},{},{without_proof}", first.bare, answer.text);
        let salted = salt(password.as_bytes(), &answer.salt, answer.iterations);
        let mut client = hmac(&salted, b"Client Key");
        let stored: [u8; 32] = Sha256::digest(client).into();
        for (octet, signature) in client.iter_mut().zip(hmac(&stored, message.as_bytes())) {
            *octet ^= signature;
        }
        let server = hmac(&hmac(&salted, b"Server Key"), message.as_bytes());
        Proofs { without_proof, client, server }
    }

    /// The client's last message.
    pub(super) fn client_final(&self) -> Vec<u8> {
        format!("{},p={}", self.without_proof, encode_base64(&self.client)).into_bytes()
    }

    /// Whether this is the client's last message. `None` where it has another form.
    pub(super) fn proves_client(&self, message: &[u8]) -> Option<bool> {
        let (rest, proof) = utf8(message)?.rsplit_once(",p=")?;
        let proof = decode_base64(proof.as_bytes())?;
        Some(rest == self.without_proof && proof == self.client)
    }

    /// The server's last message.
    pub(super) fn server_final(&self) -> Vec<u8> {
        format!("v={}", encode_base64(&self.server)).into_bytes()
    }

    /// Whether this is the server's last message.
    pub(super) fn proves_server(&self, message: &[u8]) -> bool {
        message == self.server_final()
    }
}

/// `Hi` of RFC 5802 §2.2: PBKDF2 (RFC 8018 §5.2) with one block.
fn salt(password: &[u8], salt: &[u8], iterations: u32) -> [u8; 32] {
    let keyed = Hmac::<Sha256>::new_from_slice(password).expect("HMAC takes keys of any length");
    let mut block = keyed.clone();
    block.update(salt);
    block.update(&1u32.to_be_bytes());
    let mut last: [u8; 32] = block.finalize().into_bytes().into();
    let mut sum = last;
    for _ in 1..iterations {
        let mut block = keyed.clone();
        block.update(&last);
        last = block.finalize().into_bytes().into();
        for (octet, next) in sum.iter_mut().zip(last) {
            *octet ^= next;
        }
    }
    sum
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Printable ASCII without a comma (RFC 5802 §7).
fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, b'!'..=b'+' | b'-'..=b'~'))
}

/// `saslname` of RFC 5802 §7.
fn escape(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

fn unescape(name: &str) -> Option<String> {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('=') {
        plain.push_str(before);
        plain.push(match after.get(..2)? {
            "2C" => ',',
            "3D" => '=',
            _ => return None,
        });
        rest = &after[2..];
    }
    plain.push_str(rest);
    Some(plain)
}

/// How often a client lets itself be told to salt a password: some tenths of a second of work.
const MAX_ITERATIONS: u32 = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exchange_of_rfc_7677_is_computed() {
        let credentials = Credentials::new("user", "pencil");
        let client = ClientFirst::new(&credentials, "rOprNGfwEbeRWgbNEkqO".to_owned());
        assert_eq!(client.encode(), b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let salt = decode_base64(b"W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let server = ServerFirst::new(&client, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", salt, 4096);
        assert_eq!(
            server.text,
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        let proofs = Proofs::new(&client, &server, "pencil");
        assert_eq!(
            String::from_utf8(proofs.client_final()).unwrap(),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        assert_eq!(proofs.server_final(), b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        assert_eq!(proofs.proves_client(&proofs.client_final()), Some(true));
        assert!(proofs.proves_server(&proofs.server_final()));
    }

    #[test]
    fn names_with_commas_are_escaped() {
        let mut credentials = Credentials::new("a=b,c", "x");
        credentials.authzid = "d,e".to_owned();
        let client = ClientFirst::new(&credentials, "n".to_owned());
        assert_eq!(client.encode(), b"n,a=d=2Ce,n=a=3Db=2Cc,r=n");
        let read = ClientFirst::decode(&client.encode()).unwrap();
        assert_eq!(read.identity(), &Identity { authcid: "a=b,c".into(), authzid: "d,e".into() });
        assert_eq!(read.header, "n,a=d=2Ce,");
    }

    #[test]
    fn other_messages_are_refused() {
        for bad in ["", "n,,", "n,,n=a", "n,,r=x,n=a", "p=tls-unique,,n=a,r=x", "n,,m=1,n=a,r=x"] {
            assert!(ClientFirst::decode(bad.as_bytes()).is_none(), "{bad}");
        }
        for bad in ["n,,n=,r=x", "n,,n=a=2,r=x", "n,,n=a=2c,r=x", "n,,n=a,r=", "n,b,n=a,r=x"] {
            assert!(ClientFirst::decode(bad.as_bytes()).is_none(), "{bad}");
        }
        let client = ClientFirst::decode(b"y,,n=a,r=abc").unwrap();
        for bad in ["r=abc,s=QQ==,i=1", "r=abxx,s=QQ==,i=1", "r=abcd,s=QQ==,i=0", "r=abcd,s=Q,i=1"]
        {
            assert!(ServerFirst::decode(bad.as_bytes(), &client).is_none(), "{bad}");
        }
        assert!(ServerFirst::decode(b"r=abcd,s=QQ==,i=99999999", &client).is_none());
        assert!(ServerFirst::decode(b"m=1,r=abcd,s=QQ==,i=1", &client).is_none());
    }
}
