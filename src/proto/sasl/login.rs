//! LOGIN (draft-murchison-sasl-login): name and password asked for one by one.
//!
//! The text of the challenges is prose that servers word differently; a client does not read it.

/// The challenge that asks for the name.
pub(super) const USERNAME: &[u8] = b"Username:";

/// The challenge that asks for the password.
pub(super) const PASSWORD: &[u8] = b"Password:";
