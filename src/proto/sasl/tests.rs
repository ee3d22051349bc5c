//! Both sides of an exchange against each other.

use proptest::prelude::*;

use super::*;
use crate::engine::Seed;

const NONCE: fn() -> String = || "<1896.697170952@postoffice.example.net>".to_owned();

/// Plays both sides against each other; the server knows `secret`.
fn play(
    mechanism: Mechanism,
    credentials: &Credentials,
    secret: Option<&Secret>,
    initial: bool,
) -> ServerStep {
    let mut client = ClientExchange::new(mechanism, credentials.clone(), || "fyko+d2l".to_owned());
    let first = if initial { client.initial_response() } else { None };
    let (mut server, mut step) = ServerExchange::start(mechanism, NONCE, first.as_deref());
    loop {
        step = match step {
            ServerStep::Challenge(challenge) => match client.respond(&challenge) {
                Some(response) => server.respond(&response),
                None => panic!("the client gave up at {challenge:?}"),
            },
            ServerStep::Identify(_) => server.judge(secret),
            ServerStep::Accepted(_) => {
                assert!(client.is_complete());
                return step;
            }
            ServerStep::Refused(_) | ServerStep::Malformed => return step,
        }
    }
}

fn identity(authcid: &str) -> Identity {
    Identity { authcid: authcid.to_owned(), authzid: String::new() }
}

#[test]
fn both_sides_agree_with_and_without_initial_response() {
    let secret = Secret::new("tanstaaftanstaaf");
    for mechanism in Mechanism::ALL {
        for initial in [false, true] {
            let right = Credentials::new("tim", "tanstaaftanstaaf");
            let step = play(mechanism, &right, Some(&secret), initial);
            assert_eq!(step, ServerStep::Accepted(identity("tim")), "{mechanism}");
            let wrong = Credentials::new("tim", "guessed");
            let step = play(mechanism, &wrong, Some(&secret), initial);
            assert_eq!(step, ServerStep::Refused(identity("tim")), "{mechanism}");
            let step = play(mechanism, &right, None, initial);
            assert_eq!(step, ServerStep::Refused(identity("tim")), "{mechanism}");
        }
    }
}

#[test]
fn an_account_that_does_not_exist_has_a_salt_too() {
    let salt = |secret: Option<&Secret>| {
        let first = b"n,,n=tim,r=abc";
        let (mut server, _) = ServerExchange::start(Mechanism::ScramSha256, NONCE, Some(first));
        server.judge(secret)
    };
    assert_eq!(salt(None), salt(Some(&Secret::new("x"))));
}

#[test]
fn a_server_that_does_not_know_the_password_is_found_out() {
    let credentials = Credentials::new("user", "pencil");
    let mut client = ClientExchange::new(Mechanism::ScramSha256, credentials, || "abc".to_owned());
    assert_eq!(client.initial_response().as_deref(), Some(&b"n,,n=user,r=abc"[..]));
    assert!(client.respond(b"r=abcdef,s=QQ==,i=1").is_some());
    assert!(!client.is_complete(), "the server has not proved itself");
    assert_eq!(client.respond(b"v=AAAA"), None);
    assert!(!client.is_complete());
}

#[test]
fn malformed_messages_fail_and_stay_failed() {
    for mechanism in Mechanism::ALL {
        let (mut server, _) = ServerExchange::start(mechanism, NONCE, None);
        assert_eq!(server.respond(b""), ServerStep::Malformed, "{mechanism}");
        assert_eq!(server.respond(b"\0tim\0pass"), ServerStep::Malformed, "{mechanism}");
        assert_eq!(server.judge(Some(&Secret::new("pass"))), ServerStep::Malformed);
    }
    let early = ServerExchange::start(Mechanism::CramMd5, NONCE, Some(b"tim 00")).1;
    assert_eq!(early, ServerStep::Malformed, "the digest came before the challenge");
}

#[test]
fn names_ignore_case_and_unknown_ones_are_refused() {
    assert_eq!("plain".parse(), Ok(Mechanism::Plain));
    assert_eq!("Scram-Sha-256".parse(), Ok(Mechanism::ScramSha256));
    assert_eq!("GSSAPI".parse::<Mechanism>(), Err(UnknownMechanism));
    assert_eq!(Mechanism::CramMd5.to_string(), "CRAM-MD5");
}

#[test]
fn nonces_are_drawn_where_they_are_needed() {
    let mut stream = Seed(1).stream("host mx.example.net challenges");
    let mut nonce = |mechanism: Mechanism| {
        let nonce = mechanism.nonce(&mut stream, SimTime::from_secs(7), "mx.example.net");
        (nonce, stream.draws())
    };
    assert_eq!(nonce(Mechanism::Plain), (String::new(), 0));
    let (challenge, draws) = nonce(Mechanism::CramMd5);
    assert!(challenge.starts_with('<') && challenge.ends_with(".7@mx.example.net>"), "{challenge}");
    assert_eq!(draws, 1);
    let (nonce, draws) = nonce(Mechanism::ScramSha256);
    assert_eq!((nonce.len(), draws), (24, 4));
}

#[test]
fn debug_hides_the_password() {
    assert!(!format!("{:?}", Credentials::new("tim", "hushhush")).contains("hushhush"));
    assert!(!format!("{:?}", Secret::new("hushhush")).contains("hushhush"));
}

proptest! {
    #[test]
    fn arbitrary_responses_never_panic(first: Option<Vec<u8>>, second: Vec<u8>) {
        for mechanism in Mechanism::ALL {
            let (mut server, _) = ServerExchange::start(mechanism, NONCE, first.as_deref());
            server.respond(&second);
            server.judge(Some(&Secret::new("x").salted(*b"salt", 1)));
            server.respond(&second);
            let mut client =
                ClientExchange::new(mechanism, Credentials::new("a", "b"), || "n".to_owned());
            for challenge in [first.as_deref().unwrap_or_default(), &second, &second] {
                client.respond(challenge);
            }
        }
    }

    #[test]
    fn credentials_survive_the_trip(name in "[^\0]{1,20}", password in "[^\0]{1,20}") {
        let credentials = Credentials::new(name.clone(), password.clone());
        let secret = Secret::new(password).salted(*b"salt", 2);
        for mechanism in Mechanism::ALL {
            let step = play(mechanism, &credentials, Some(&secret), true);
            prop_assert_eq!(step, ServerStep::Accepted(identity(&name)));
        }
    }
}
