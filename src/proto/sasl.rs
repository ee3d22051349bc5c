//! SASL mechanisms (RFC 4422) as SMTP, POP3 and IMAP share them.
