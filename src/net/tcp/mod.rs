//! TCP as seen from outside (RFC 9293, RFC 6298).
