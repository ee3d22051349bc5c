//! Internet messages: header fields, dates, MIME structure, delivery reports.
