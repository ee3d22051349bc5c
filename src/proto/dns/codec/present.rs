//! The text of types whose data is opaque octets elsewhere (DS, RRSIG, CAA, TLSA and so on).

use bytes::Bytes;
use domain::base::name::ParsedName;
use domain::base::rdata::{ComposeRecordData, ParseRecordData};
use domain::base::scan::IterScanner;
use domain::base::{self, Rtype};
use domain::dep::octseq::Parser;
use domain::rdata;

use super::super::codes::{Class, RecordType};
use super::super::record::RecordData;
use super::decode::decode;

/// The data of an opaque type as a master file writes it; `None` for a type that has no such
/// form here or for malformed data.
pub(in super::super) fn present(rtype: RecordType, octets: &[u8]) -> Option<String> {
    type Data<'a> = rdata::ZoneRecordData<&'a [u8], ParsedName<&'a [u8]>>;
    let mut parser = Parser::from_ref(&octets);
    let data = Data::parse_rdata(Rtype::from_int(rtype.number()), &mut parser).ok()??;
    if parser.remaining() > 0 || matches!(data, rdata::ZoneRecordData::Unknown(_)) {
        return None;
    }
    let text = data.to_string();
    // Some types come in parentheses, for line breaks that a line has not.
    Some(match text.strip_suffix(" )") {
        Some(inner) => inner.replacen("( ", "", 1),
        None => text,
    })
}

/// Reads the data of an opaque type from the fields of a master file, names in it absolute.
pub(in super::super) fn scan(rtype: RecordType, fields: &[String]) -> Result<Bytes, String> {
    type Data = rdata::ZoneRecordData<Vec<u8>, base::Name<Vec<u8>>>;
    let mut scanner = IterScanner::<_, Vec<u8>>::new(fields.iter());
    let rtype = Rtype::from_int(rtype.number());
    let data = Data::scan(rtype, &mut scanner).map_err(|error| error.to_string())?;
    if !scanner.is_exhausted() {
        return Err("fields after the data".to_owned());
    }
    let mut octets = Vec::new();
    let Ok(()) = data.compose_rdata(&mut octets);
    Ok(octets.into())
}

/// The data of any type from its octets without compression (RFC 3597 §5 allows `\#` for types
/// that have a form of their own, too). `None` when they do not fit the type.
pub(in super::super) fn data_from_octets(
    rtype: RecordType,
    class: Class,
    octets: &[u8],
) -> Option<RecordData> {
    // The shortest way to the one reader of record data: a message of this one record.
    let length = u16::try_from(octets.len()).ok()?;
    let mut message = vec![0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0];
    message.extend(rtype.number().to_be_bytes());
    message.extend(class.number().to_be_bytes());
    message.extend([0; 4]);
    message.extend(length.to_be_bytes());
    message.extend(octets);
    decode(&message).ok()?.answers.pop().map(|record| record.data)
}
