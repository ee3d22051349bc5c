//! No out-of-bailiwick data is believed (RFC 2181 §5.4.1): what a resolver serves was said by a server
//! for a zone that the name is in, which the resolver reached by a delegation, its hints or its
//! settings. Beside the answer to a question anybody can say anything.

use super::case::Case;
use super::{Broken, Law};

pub(super) fn judge(case: &Case<'_>) -> Vec<Broken> {
    case.served(Law::Bailiwick)
}
