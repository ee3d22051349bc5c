//! The data of the types that the rest of the project keeps as opaque octets, field by field.
//!
//! One table says of which fields a type consists. From it follow the text of master files
//! (read by `master`, written by [`show`]). Follows RFC 1035 §3.3, RFC 1183, RFC 1876 (LOC), RFC 3403 (NAPTR),
//! RFC 4025 (IPSECKEY), RFC 4034 and RFC 5155 (DNSSEC), RFC 4255 (SSHFP), RFC 4398 (CERT),
//! RFC 6698 and RFC 8162 (TLSA, SMIMEA), RFC 7344 (CDS), RFC 7477 (CSYNC), RFC 7553 (URI),
//! RFC 7929 (OPENPGPKEY), RFC 8659 (CAA), RFC 8976 (ZONEMD), RFC 9460 (SVCB, HTTPS).
//!
//! Not modelled: a form of its own for WKS, APL, HIP and other types that no mail domain has;
//! they are written as RFC 3597 §5 writes unknown types.

pub(super) mod base32;
pub(super) mod bitmap;
pub(super) mod loc;
mod show;
pub(super) mod svcb;
pub(super) mod time;

use super::codes::RecordType;

pub(super) use show::show;

/// One field of the data of a type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    /// Its form, in text and on the wire.
    pub(super) form: Form,
    /// What it is, for errors.
    pub(super) what: &'static str,
}

/// The form of a field. Those that take the rest of the data stand last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A number of one octet.
    U8,
    /// A number of two octets.
    U16,
    /// A number of four octets.
    U32,
    /// One octet, in text also a mnemonic of this list.
    Named(&'static [(&'static str, u16)]),
    /// Two octets, in text also a mnemonic of this list.
    Named16(&'static [(&'static str, u16)]),
    /// A record type in two octets.
    Type,
    /// Seconds in four octets, in text also with units.
    Ttl,
    /// Seconds since 1970 in four octets, in text `YYYYMMDDHHMMSS` (RFC 4034 §3.2).
    Time,
    /// A domain name, not compressed.
    Name,
    /// A character-string (RFC 1035 §3.3).
    String,
    /// A tag of letters and digits behind its length in one octet (RFC 8659 §4.1).
    Tag,
    /// Octets behind their length in one octet, in text hexadecimal or `-` (RFC 5155 §3.3).
    Salt,
    /// Octets behind their length in one octet, in text base32hex (RFC 5155 §3.3).
    Hash,
    /// Character-strings, one at least, to the end.
    Strings,
    /// One string to the end, without a length (RFC 8659 §4.1, RFC 7553 §4.4).
    Text,
    /// Octets to the end, in text hexadecimal with space wherever wanted.
    Hex,
    /// Octets to the end, in text base64 with space wherever wanted.
    Base64,
    /// A set of types to the end (RFC 4034 §4.1.2).
    Types,
    /// Parameters of a service to the end (RFC 9460 §2.2).
    Params,
    /// A place on earth: the whole data (RFC 1876 §2).
    Location,
    /// An address or a name, as the octet before the last one says (RFC 4025 §2.5).
    Gateway,
    /// As base64, but may be missing.
    OptionalBase64,
}

const fn field(form: Form, what: &'static str) -> Field {
    Field { form, what }
}

/// The fields of a type that is opaque octets elsewhere; `None` when it has no form of its own.
pub(super) fn fields(rtype: RecordType) -> Option<&'static [Field]> {
    Some(match rtype {
        RecordType::Md | RecordType::Mf | RecordType::Mb | RecordType::Mg | RecordType::Mr => {
            const { &[field(Form::Name, "a name")] }
        }
        RecordType::Hinfo => {
            const { &[field(Form::String, "the machine"), field(Form::String, "the operating system")] }
        }
        RecordType::Minfo | RecordType::Rp => {
            const { &[field(Form::Name, "a mailbox as a name"), field(Form::Name, "a second name")] }
        }
        RecordType::Afsdb => {
            const {
                &[
                    field(Form::U16, "a subtype from 0 to 65535"),
                    field(Form::Name, "the name of a host"),
                ]
            }
        }
        RecordType::Kx => const { &[PREFERENCE, field(Form::Name, "the name of a host")] },
        RecordType::Spf => const { &[field(Form::Strings, "a string in quotes")] },
        RecordType::Loc => const { &[field(Form::Location, loc::LOCATION_FORM)] },
        RecordType::Naptr => {
            const {
                &[
                    field(Form::U16, "an order from 0 to 65535"),
                    PREFERENCE,
                    field(Form::String, "flags such as \"s\""),
                    field(Form::String, "a service such as \"E2U+email\""),
                    field(Form::String, "a regular expression, or \"\""),
                    field(Form::Name, "the replacement, or \".\""),
                ]
            }
        }
        RecordType::Cert => {
            const {
                &[
                    field(Form::Named16(CERTIFICATES), "a certificate type such as PKIX"),
                    KEY_TAG,
                    ALGORITHM,
                    field(Form::Base64, "the certificate in base64"),
                ]
            }
        }
        RecordType::Ds | RecordType::Cds => const { &[KEY_TAG, ALGORITHM, DIGEST_TYPE, DIGEST] },
        RecordType::Sshfp => {
            const {
                &[
                    field(Form::U8, "an algorithm from 0 to 255"),
                    field(Form::U8, "a fingerprint type from 0 to 255"),
                    field(Form::Hex, "the fingerprint in hexadecimal"),
                ]
            }
        }
        RecordType::Ipseckey => {
            const {
                &[
                    field(Form::U8, "a precedence from 0 to 255"),
                    field(Form::U8, "a gateway type from 0 to 3"),
                    field(Form::U8, "an algorithm from 0 to 255"),
                    field(Form::Gateway, "a gateway of the type said before"),
                    field(Form::OptionalBase64, "the key in base64"),
                ]
            }
        }
        RecordType::Rrsig | RecordType::Sig => {
            const {
                &[
                    field(Form::Type, "the type that is signed"),
                    ALGORITHM,
                    field(Form::U8, "a number of labels from 0 to 255"),
                    field(Form::Ttl, "the original TTL in seconds"),
                    field(
                        Form::Time,
                        "the end of validity as YYYYMMDDHHMMSS or in seconds since 1970",
                    ),
                    field(Form::Time, "its start as YYYYMMDDHHMMSS or in seconds since 1970"),
                    KEY_TAG,
                    field(Form::Name, "the name of the signer"),
                    field(Form::Base64, "the signature in base64"),
                ]
            }
        }
        RecordType::Nsec => {
            const { &[field(Form::Name, "the next name"), field(Form::Types, "a record type")] }
        }
        RecordType::Dnskey | RecordType::Cdnskey | RecordType::Key => {
            const {
                &[
                    field(Form::U16, "flags from 0 to 65535"),
                    field(Form::U8, "a protocol from 0 to 255"),
                    ALGORITHM,
                    field(Form::Base64, "the key in base64"),
                ]
            }
        }
        RecordType::Dhcid => const { &[field(Form::Base64, "the identifier in base64")] },
        RecordType::Nsec3 => {
            const {
                &[
                    HASH_ALGORITHM,
                    NSEC3_FLAGS,
                    ITERATIONS,
                    SALT,
                    field(Form::Hash, "the next hash in base32hex"),
                    field(Form::Types, "a record type"),
                ]
            }
        }
        RecordType::Nsec3param => const { &[HASH_ALGORITHM, NSEC3_FLAGS, ITERATIONS, SALT] },
        RecordType::Tlsa | RecordType::Smimea => {
            const {
                &[
                    field(Form::U8, "a certificate usage from 0 to 255"),
                    field(Form::U8, "a selector from 0 to 255"),
                    field(Form::U8, "a matching type from 0 to 255"),
                    field(Form::Hex, "the certificate data in hexadecimal"),
                ]
            }
        }
        RecordType::Openpgpkey => const { &[field(Form::Base64, "the key in base64")] },
        RecordType::Csync => {
            const {
                &[
                    field(Form::U32, "a serial from 0 to 4294967295"),
                    field(Form::U16, "flags from 0 to 65535"),
                    field(Form::Types, "a record type"),
                ]
            }
        }
        RecordType::Zonemd => {
            const {
                &[
                    field(Form::U32, "a serial from 0 to 4294967295"),
                    field(Form::U8, "a scheme from 0 to 255"),
                    field(Form::U8, "a hash algorithm from 0 to 255"),
                    DIGEST,
                ]
            }
        }
        RecordType::Svcb | RecordType::Https => {
            const {
                &[
                    field(Form::U16, "a priority from 0 to 65535"),
                    field(Form::Name, "the target, or \".\""),
                    field(Form::Params, "a parameter such as port=443"),
                ]
            }
        }
        RecordType::Uri => {
            const {
                &[
                    field(Form::U16, "a priority from 0 to 65535"),
                    field(Form::U16, "a weight from 0 to 65535"),
                    field(Form::Text, "the URI in quotes"),
                ]
            }
        }
        RecordType::Caa => {
            const {
                &[
                    field(Form::U8, "flags from 0 to 255"),
                    field(Form::Tag, "a tag of letters and digits such as issue"),
                    field(Form::Text, "the value in quotes"),
                ]
            }
        }
        _ => return None,
    })
}

const PREFERENCE: Field = field(Form::U16, "a preference from 0 to 65535");
const KEY_TAG: Field = field(Form::U16, "a key tag from 0 to 65535");
const ALGORITHM: Field =
    field(Form::Named(ALGORITHMS), "an algorithm from 0 to 255, or its name such as RSASHA256");
const DIGEST_TYPE: Field = field(Form::U8, "a digest type from 0 to 255");
const DIGEST: Field = field(Form::Hex, "the digest in hexadecimal");
const HASH_ALGORITHM: Field = field(Form::U8, "a hash algorithm from 0 to 255 (1 is SHA-1)");
const NSEC3_FLAGS: Field = field(Form::U8, "flags from 0 to 255 (1 is opt-out)");
const ITERATIONS: Field = field(Form::U16, "a number of iterations from 0 to 65535");
const SALT: Field = field(Form::Salt, "a salt of up to 255 octets in hexadecimal, or -");

/// IANA "DNS Security Algorithm Numbers".
const ALGORITHMS: &[(&str, u16)] = &[
    ("RSAMD5", 1),
    ("DH", 2),
    ("DSA", 3),
    ("RSASHA1", 5),
    ("DSA-NSEC3-SHA1", 6),
    ("RSASHA1-NSEC3-SHA1", 7),
    ("RSASHA256", 8),
    ("RSASHA512", 10),
    ("ECC-GOST", 12),
    ("ECDSAP256SHA256", 13),
    ("ECDSAP384SHA384", 14),
    ("ED25519", 15),
    ("ED448", 16),
    ("INDIRECT", 252),
    ("PRIVATEDNS", 253),
    ("PRIVATEOID", 254),
];

/// The mnemonics of RFC 4398 §2.1.
const CERTIFICATES: &[(&str, u16)] = &[
    ("PKIX", 1),
    ("SPKI", 2),
    ("PGP", 3),
    ("IPKIX", 4),
    ("ISPKI", 5),
    ("IPGP", 6),
    ("ACPKIX", 7),
    ("IACPKIX", 8),
    ("URI", 253),
    ("OID", 254),
];
