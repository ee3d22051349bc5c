//! SMTP servers that misbehave: rules that say at which moments of a session the server refuses, is
//! late, talks nonsense, falls silent or hangs up.
//!
//! Not a protocol, but what goes wrong with one in the field. A rule ([`Rule`]) names a moment of a
//! session ([`Moment`]), who is concerned, and how often; and what the server does then ([`Deed`]). The
//! first rule that applies decides. The rules of a server are one [`Misbehaviour`]; each of its sessions
//! has [`Manners`] of it, and asks them at each moment. A session without manners does as it should, and
//! pays one branch.
//!
//! What was accepted is never lost: a reply of 2yz in a rule is other words for a yes that the server
//! has come to by itself. Only [`Answer::Lie`] says yes to what was not done, and
//! [`Answer::Unsaid`] does what was asked and never says so, which brings about the duplicates of
//! RFC 1047.
//!
//! Not modelled: a BDAT after the first as a moment of its own; rules about commands that the server
//! cannot read, which it refuses by itself.

mod deed;
mod manners;
mod moment;
mod rule;

pub use deed::{Answer, Deed, Extension};
pub(crate) use manners::AtHand;
pub use manners::{Manners, Misbehaviour};
pub use moment::Moment;
pub use rule::{ClientPattern, PathPattern, Rule, Scene};
