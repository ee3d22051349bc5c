//! The verifier: reads a message once, asks for keys, and judges each signature.
//!
//! Follows RFC 6376 §6.1. The message is not kept: what is needed of it are two hashes for each
//! signature, which are taken while it passes by. Keys come first, then the hashes, so that a
//! missing key is told as such.

use std::time::Duration;

use crate::engine::UnixTime;

use super::super::dns::stub::{Answer, LookupError};
use super::super::dns::{Name, Question, RecordType};
use super::super::mail::{AuthResult, Field, Header, Message, MethodResult};
use super::body::BodyHasher;
use super::canonical::Canonicalization;
use super::failure::Failure;
use super::fields::{FieldIndex, OwnField};
use super::key_record::{KeyRecord, KeyRecordError};
use super::public_key::PublicKeyError;
use super::signature::Signature;
use super::signer::FIELD_NAME;
use super::tag_list::{TagList, without_fws};

/// What a verifier puts up with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierConfig {
    /// How many signatures are looked at, from the top; the others are `policy`.
    pub max_signatures: usize,
    /// How far clocks may be apart, for `t=` and `x=`.
    pub clock_skew: Duration,
    /// Whether a signature of a part of the body (`l=`) counts (RFC 6376 §8.2).
    pub accept_body_length: bool,
}

impl Default for VerifierConfig {
    /// Ten signatures, 5 minutes, `l=` accepted.
    fn default() -> Self {
        VerifierConfig {
            max_signatures: 10,
            clock_skew: Duration::from_secs(300),
            accept_body_length: true,
        }
    }
}

/// What became of one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureResult {
    /// `d=`, where it could be read.
    pub domain: Option<Name>,
    /// What the field says of itself, for a report: the tags `d`, `i`, `s`, `a` that are there,
    /// and the first eight characters of `b` (RFC 6008 §4).
    pub tags: Vec<(&'static str, String)>,
    /// Whether the domain says that it only tries DKIM out (`t=y`).
    ///
    /// Deviation: a signature that passes counts in spite of this, as it does with most
    /// receivers; RFC 6376 §3.6.1 would have it ignored.
    pub testing: bool,
    /// Nothing, or why it did not pass.
    pub outcome: Result<(), Failure>,
}

impl SignatureResult {
    /// The result word.
    pub fn result(&self) -> AuthResult {
        match &self.outcome {
            Ok(()) => AuthResult::Pass,
            Err(failure) => failure.result(),
        }
    }

    /// The domain, if the signature passed: what DMARC asks for.
    pub fn passed_domain(&self) -> Option<&Name> {
        self.outcome.is_ok().then_some(self.domain.as_ref()).flatten()
    }

    /// For an `Authentication-Results` field.
    pub fn method_result(&self) -> MethodResult {
        let mut result = MethodResult::new("dkim", self.result());
        if self.testing {
            result = result.with_comment("test mode");
        }
        if let Err(failure) = &self.outcome {
            result = result.with_reason(failure.to_string());
        }
        for (tag, value) in &self.tags {
            result = result.with_property("header", *tag, value.clone());
        }
        result
    }
}

/// A message of which the header is read and the body is passing by.
#[derive(Debug)]
pub struct Hashing {
    entries: Vec<Entry<Candidate>>,
    hashers: Vec<(Canonicalization, Option<u64>, BodyHasher)>,
}

/// One `DKIM-Signature` field: what it says of itself, and how far it has come.
#[derive(Debug)]
struct Entry<T> {
    domain: Option<Name>,
    tags: Vec<(&'static str, String)>,
    state: State<T>,
}

#[derive(Debug)]
enum State<T> {
    /// Needs something more.
    Open(Box<T>),
    /// Judged.
    Done { testing: bool, outcome: Result<(), Failure> },
}

impl<T> State<T> {
    fn failed(failure: Failure) -> Self {
        State::Done { testing: false, outcome: Err(failure) }
    }
}

/// A signature that is well formed.
#[derive(Debug)]
struct Candidate {
    signature: Signature,
    key_name: Name,
    header_hash: [u8; 32],
    /// Which of the hashers is its.
    hasher: usize,
}

/// A signature that only lacks its key.
#[derive(Debug)]
struct Keyless {
    signature: Signature,
    key_name: Name,
    header_hash: [u8; 32],
    /// What the hash of the body said.
    body: Result<(), Failure>,
}

impl Hashing {
    /// Reads the signatures in `header` at the time `now`.
    pub fn new(header: Header<'_>, now: UnixTime, config: &VerifierConfig) -> Self {
        let mut hashing = Hashing { entries: Vec::new(), hashers: Vec::new() };
        // A message without signatures costs no more than this walk.
        if header.field(FIELD_NAME).is_none() {
            return hashing;
        }
        let fields = FieldIndex::new(header);
        for (index, field) in header.all(FIELD_NAME).enumerate() {
            let entry = if index < config.max_signatures {
                hashing.read(field, &fields, now, config)
            } else if index < MAX_REPORTED {
                let state = State::failed(Failure::TooManySignatures);
                Entry { domain: None, tags: Vec::new(), state }
            } else {
                break;
            };
            hashing.entries.push(entry);
        }
        hashing
    }

    fn read(
        &mut self,
        field: Field<'_>,
        fields: &FieldIndex<'_>,
        now: UnixTime,
        config: &VerifierConfig,
    ) -> Entry<Candidate> {
        let tags = match TagList::parse(field.raw_value()) {
            Ok(tags) => tags,
            Err(error) => {
                let state = State::failed(Failure::Signature(error.into()));
                return Entry { domain: None, tags: Vec::new(), state };
            }
        };
        let signature = Signature::from_tags(&tags)
            .map_err(Failure::Signature)
            .and_then(|signature| acceptable(signature, now, config));
        let state = match signature {
            Err(failure) => State::failed(failure),
            Ok(signature) => match signature.key_name() {
                None => State::failed(Failure::KeyNameTooLong),
                Some(key_name) => {
                    let own = OwnField::new(field, &tags);
                    let how = signature.canonicalizations;
                    let header_hash = fields.hash(how.header, &signature.headers, &own);
                    let hasher = self.hasher(how.body, signature.body_length);
                    State::Open(Box::new(Candidate { signature, key_name, header_hash, hasher }))
                }
            },
        };
        let domain = tags.value("d").and_then(super::signature::domain);
        Entry { domain, tags: reported_tags(&tags), state }
    }

    /// The hasher of that kind; signatures share it.
    fn hasher(&mut self, how: Canonicalization, limit: Option<u64>) -> usize {
        let same = self.hashers.iter().position(|&(h, l, _)| (h, l) == (how, limit));
        same.unwrap_or_else(|| {
            self.hashers.push((how, limit, BodyHasher::new(how, limit)));
            self.hashers.len() - 1
        })
    }

    /// Takes the next octets of the body, cut anywhere.
    pub fn body(&mut self, octets: &[u8]) {
        for (_, _, hasher) in &mut self.hashers {
            hasher.update(octets);
        }
    }

    /// The body has ended.
    pub fn finish(self) -> Verifier {
        let hashes: Vec<([u8; 32], u64)> =
            self.hashers.into_iter().map(|(_, _, hasher)| hasher.finish()).collect();
        let entries = self.entries.into_iter();
        let entries = entries.map(|Entry { domain, tags, state }| {
            let state = match state {
                State::Open(candidate) => {
                    let Candidate { signature, key_name, header_hash, hasher } = *candidate;
                    let body = check_body(&signature, hashes[hasher]);
                    State::Open(Box::new(Keyless { signature, key_name, header_hash, body }))
                }
                State::Done { testing, outcome } => State::Done { testing, outcome },
            };
            Entry { domain, tags, state }
        });
        Verifier { entries: entries.collect() }
    }
}

/// The checks that need the time and the configuration.
fn acceptable(
    signature: Signature,
    now: UnixTime,
    config: &VerifierConfig,
) -> Result<Signature, Failure> {
    let skew = i64::try_from(config.clock_skew.as_secs()).unwrap_or(i64::MAX);
    match (signature.signed_at, signature.expires_at) {
        (_, Some(at)) if now.0 > at.0.saturating_add(skew) => Err(Failure::Expired { at }),
        (Some(at), _) if at.0 > now.0.saturating_add(skew) => {
            Err(Failure::SignedInTheFuture { at })
        }
        _ if signature.body_length.is_some() && !config.accept_body_length => {
            Err(Failure::BodyLengthNotAccepted)
        }
        _ => Ok(signature),
    }
}

fn check_body(signature: &Signature, (hash, length): ([u8; 32], u64)) -> Result<(), Failure> {
    if signature.body_length.is_some_and(|signed| signed > length) {
        Err(Failure::BodyTooShort)
    } else if signature.body_hash != hash {
        Err(Failure::BodyHash)
    } else {
        Ok(())
    }
}

/// What a report tells of a field, in the order of the usual reports.
fn reported_tags(tags: &TagList<'_>) -> Vec<(&'static str, String)> {
    let text = |tag| {
        let value = without_fws(tags.value(tag)?);
        Some(String::from_utf8_lossy(&value).chars().take(MAX_REPORTED_CHARS).collect::<String>())
    };
    let mut found: Vec<(&'static str, String)> =
        ["d", "i", "s", "a"].into_iter().filter_map(|tag| Some((tag, text(tag)?))).collect();
    if let Some(signature) = text("b").filter(|signature| !signature.is_empty()) {
        found.push(("b", signature.chars().take(8).collect()));
    }
    found
}

/// A message of which everything is known but the keys.
#[derive(Debug)]
pub struct Verifier {
    entries: Vec<Entry<Keyless>>,
}

impl Verifier {
    /// Reads a whole message at the time `now`.
    pub fn new(message: &[u8], now: UnixTime, config: &VerifierConfig) -> Self {
        let message = Message::parse(message);
        let mut hashing = Hashing::new(message.header(), now, config);
        hashing.body(message.body());
        hashing.finish()
    }

    /// The look-ups whose answers are needed still, each once.
    pub fn questions(&self) -> Vec<Question> {
        let mut questions: Vec<Question> = Vec::new();
        for entry in &self.entries {
            if let State::Open(keyless) = &entry.state
                && !questions.iter().any(|question| question.name == keyless.key_name)
            {
                questions.push(Question::new(keyless.key_name.clone(), RecordType::Txt));
            }
        }
        questions
    }

    /// Takes the answer to a question. One that was not asked changes nothing.
    pub fn answer(&mut self, question: &Question, answer: &Result<Answer, LookupError>) {
        for entry in &mut self.entries {
            if let State::Open(keyless) = &entry.state
                && keyless.key_name == question.name
            {
                let (testing, outcome) = judge(keyless, answer);
                entry.state = State::Done { testing, outcome };
            }
        }
    }

    /// Whether all answers are there.
    pub fn is_done(&self) -> bool {
        self.entries.iter().all(|entry| matches!(entry.state, State::Done { .. }))
    }

    /// The results, one for each signature from the top; none for a message without one.
    ///
    /// A signature whose key was asked for in vain is `temperror`.
    pub fn into_results(self) -> Vec<SignatureResult> {
        let entries = self.entries.into_iter();
        entries
            .map(|Entry { domain, tags, state }| {
                let (testing, outcome) = match state {
                    State::Open(_) => (false, Err(Failure::KeyUnavailable(None))),
                    State::Done { testing, outcome } => (testing, outcome),
                };
                SignatureResult { domain, tags, testing, outcome }
            })
            .collect()
    }
}

/// Tries the keys of an answer (RFC 6376 §6.1.2): the first that verifies counts, else what the
/// first one failed for. And whether that key is being tested.
fn judge(keyless: &Keyless, answer: &Result<Answer, LookupError>) -> (bool, Result<(), Failure>) {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) if error.is_temporary() => {
            return (false, Err(Failure::KeyUnavailable(Some(*error))));
        }
        Err(_) => return (false, Err(Failure::NoKey)),
    };
    let mut first = None;
    for text in answer.texts().take(MAX_KEY_RECORDS) {
        let (testing, outcome) = match KeyRecord::parse(&text) {
            // What is no key record stands beside them, as with a wildcard TXT.
            Err(KeyRecordError::NotDkim) => continue,
            Err(KeyRecordError::UnknownKeyType { .. }) => {
                (false, Err(Failure::InappropriateKeyAlgorithm))
            }
            Err(error) => (false, Err(Failure::KeySyntax(Some(error)))),
            Ok(record) => (record.testing, verify(keyless, &record)),
        };
        if outcome.is_ok() {
            return (testing, Ok(()));
        }
        first.get_or_insert((testing, outcome));
    }
    first.unwrap_or((false, Err(Failure::NoKey)))
}

/// The checks of RFC 6376 §6.1.2 in their order, then §6.1.3.
fn verify(keyless: &Keyless, record: &KeyRecord) -> Result<(), Failure> {
    let signature = &keyless.signature;
    if !record.is_for_email() {
        return Err(Failure::NoKey);
    }
    if !record.allows_sha256() {
        return Err(Failure::InappropriateHash);
    }
    if record.is_revoked() {
        return Err(Failure::KeyRevoked);
    }
    if record.key_type != signature.algorithm.key_type() {
        return Err(Failure::InappropriateKeyAlgorithm);
    }
    if record.strict && signature.agent().domain != signature.domain {
        return Err(Failure::DomainMismatch);
    }
    let key = record.public_key().map_err(|error| match error {
        PublicKeyError::Syntax => Failure::KeySyntax(None),
        PublicKeyError::Size { bits } => Failure::KeySize { bits },
    })?;
    keyless.body.clone()?;
    if key.verifies(&keyless.header_hash, &signature.signature) {
        Ok(())
    } else {
        Err(Failure::SignatureMismatch)
    }
}

/// How many records of one answer are tried.
const MAX_KEY_RECORDS: usize = 4;

/// How many signatures are reported at all.
const MAX_REPORTED: usize = 20;

/// How much of a tag is reported.
const MAX_REPORTED_CHARS: usize = 320;
