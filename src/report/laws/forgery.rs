//! No forged answer is believed (RFC 5452): what a resolver serves was said by the server in whose name
//! it came, and that one was not found by what a forger said. A cache in which this fails is poisoned.

use super::case::Case;
use super::{Broken, Law};

pub(super) fn judge(case: &Case<'_>) -> Vec<Broken> {
    case.served(Law::Forgery)
}
