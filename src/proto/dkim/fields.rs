//! The hash over the header fields that a signature names.
//!
//! Follows RFC 6376 §3.7 and §5.4.2: fields of one name are taken from the bottom up, a name
//! without a field left stands for nothing, and the signature's own field comes last, with an
//! empty `b=`.

use std::collections::BTreeMap;
use std::ops::Range;

use sha2::{Digest, Sha256};

use super::super::mail::header::{Field, Header};
use super::canonical::{Canonicalization, canonicalize, canonicalize_field};
use super::tag_list::TagList;

/// The fields of a header by name, read once for all signatures.
#[derive(Debug)]
pub(super) struct FieldIndex<'a> {
    /// By name in lower case, from top to bottom.
    by_name: BTreeMap<Vec<u8>, Vec<Field<'a>>>,
}

impl<'a> FieldIndex<'a> {
    pub(super) fn new(header: Header<'a>) -> Self {
        let mut by_name: BTreeMap<Vec<u8>, Vec<Field<'a>>> = BTreeMap::new();
        for field in header.fields() {
            by_name.entry(field.name().to_ascii_lowercase()).or_default().push(field);
        }
        FieldIndex { by_name }
    }

    /// How many fields there are of that name, whatever its case.
    pub(super) fn count(&self, name: &str) -> usize {
        self.by_name.get(name.to_ascii_lowercase().as_bytes()).map_or(0, Vec::len)
    }

    /// The SHA-256 that is signed: over the fields `names` and `own`, the signature's own field.
    pub(super) fn hash(
        &self,
        how: Canonicalization,
        names: &[String],
        own: &OwnField<'_>,
    ) -> [u8; 32] {
        let mut digest = Sha256::new();
        let mut sink = |octets: &[u8]| digest.update(octets);
        let mut taken: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        for name in names {
            let name = name.to_ascii_lowercase().into_bytes();
            let Some(fields) = self.by_name.get(&name) else { continue };
            let taken = taken.entry(name).or_default();
            let Some(next) = fields.len().checked_sub(*taken + 1) else { continue };
            canonicalize_field(how, fields[next], &mut sink);
            *taken += 1;
        }
        canonicalize(how, &own.emptied(), own.name_length, &mut sink);
        digest.finalize().into()
    }
}

/// A `DKIM-Signature` field, and where the value of its `b=` stands.
#[derive(Debug)]
pub(super) struct OwnField<'a> {
    octets: &'a [u8],
    name_length: usize,
    /// Where the value of `b=` stands in `octets`, with the white space around it.
    signature: Range<usize>,
}

impl<'a> OwnField<'a> {
    /// A field of a message, whose tags are `tags`.
    pub(super) fn new(field: Field<'a>, tags: &TagList<'_>) -> Self {
        let offset = field.value_offset();
        let range = tags.tag("b").map_or(0..0, |tag| tag.range.clone());
        OwnField {
            octets: field.octets(),
            name_length: field.name().len(),
            signature: range.start + offset..range.end + offset,
        }
    }

    /// A field that is being made, which ends in an empty `b=`.
    pub(super) fn unsigned(octets: &'a [u8], name_length: usize) -> Self {
        OwnField { octets, name_length, signature: octets.len()..octets.len() }
    }

    /// The field with the value of `b=` deleted.
    fn emptied(&self) -> Vec<u8> {
        [&self.octets[..self.signature.start], &self.octets[self.signature.end..]].concat()
    }
}
