//! The delivery status notification: a message about what became of a message.
//!
//! Follows RFC 3464 in the `multipart/report` of RFC 6522 (once RFC 3462): words for people, the
//! [`DeliveryStatus`] for programs, and the message or its header; RFC 6533 where an address is not
//! ASCII. The words are Postfix's, so that programs which know bounces by their words know these.
//!
//! The report goes out with the null reverse-path (RFC 5321 §6.1), which is the caller's to set.
//! Nothing that peers or senders have written can end a part, a field or a line of it.
//!
//! Not modelled: templates of the administrator's own (`bounce_template_file`), reports in another
//! language, `enable_threaded_bounces`.

use std::fmt::Write;

use bytes::Bytes;
use memchr::memmem;

use super::address::Mailbox;
use super::date::DateTime;
use super::delivery_status::{DeliveryStatus, Diagnostic};
use super::encode::{FieldWriter, char_boundary};

mod returned;
mod wording;

#[cfg(test)]
mod tests;

pub use returned::{RETURNED_OCTETS, Returned};
use wording::Wording;

/// All that a report says. [`DeliveryReport::compose`] writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryReport<'a> {
    /// To whom: the reverse-path of the message, without angle brackets, or the postmaster.
    pub to: &'a str,
    /// As whom it reads the report.
    pub audience: Audience,
    /// When it is written.
    pub date: DateTime,
    /// `local@domain`, without angle brackets.
    pub message_id: &'a str,
    /// The boundary between parts. What no boundary may have is replaced, what is above 70
    /// characters is cut, and where a part contains it another one is made of it.
    pub boundary: &'a str,
    /// What became of the recipients. The worst of their actions makes the subject and the words.
    pub status: DeliveryStatus,
    /// For people, one for each recipient in their order. The diagnostic where one is missing.
    pub explanations: Vec<Explanation>,
    /// The message that is reported on.
    pub original: Bytes,
    /// How much of it goes back.
    pub returned: Returned,
}

/// What people read of a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The address before aliases changed it, where they did.
    pub expanded_from: Option<String>,
    /// `host mx.example.com[192.0.2.1] said: 550 ... (in reply to RCPT TO command)`.
    pub text: String,
}

/// Who reads a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The sender of the message.
    Sender,
    /// The postmaster of the reporting host: bare facts, and `Postmaster Copy:` in the subject.
    Postmaster,
}

impl DeliveryReport<'_> {
    /// The octets of the report.
    pub fn compose(&self) -> Bytes {
        let wording = Wording::of(self);
        let notification = self.notification(&wording);
        let status = self.status.encode();
        let international = self.status.is_international();
        let returned = returned::part(self, &wording, international);
        let boundary = self.boundary(&[notification.as_bytes(), status.as_bytes(), &returned.body]);
        let is_8bit = !(notification.is_ascii() && status.is_ascii() && returned.body.is_ascii());
        let report_type = self.status.subtype();
        let charset = if notification.is_ascii() { "us-ascii" } else { "utf-8" };
        let mut report = self.header(wording.subject);
        write!(
            report,
            "MIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status;\r\n\
             \tboundary=\"{boundary}\"\r\n\
             {}\
             \r\n\
             This is a MIME-encapsulated message.\r\n\
             \r\n\
             --{boundary}\r\n\
             Content-Description: Notification\r\n\
             Content-Type: text/plain; charset={charset}\r\n\
             {}\
             \r\n\
             {notification}\
             \r\n\
             --{boundary}\r\n\
             Content-Description: Delivery report\r\n\
             Content-Type: message/{report_type}\r\n\
             {}\
             \r\n\
             {status}\
             \r\n\
             --{boundary}\r\n\
             {}\
             {}\
             \r\n",
            encoding_field(is_8bit),
            encoding_field(!notification.is_ascii()),
            encoding_field(!status.is_ascii()),
            returned.fields,
            encoding_field(!returned.body.is_ascii()),
        )
        .expect("a String takes all");
        let mut octets =
            Vec::with_capacity(report.len() + returned.body.len() + boundary.len() + 8);
        octets.extend_from_slice(report.as_bytes());
        octets.extend_from_slice(&returned.body);
        octets.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        octets.into()
    }

    /// The header up to the fields of MIME, in the order in which Postfix writes it.
    fn header(&self, subject: &str) -> String {
        let auto_submitted = match self.audience {
            // A reply to a message, made by no person, never to be replied to so (RFC 3834 §5).
            Audience::Sender => "auto-replied",
            Audience::Postmaster => "auto-generated",
        };
        let mut to = FieldWriter::new("To");
        to.verbatim(&Mailbox::new(None, self.to).to_string());
        format!(
            "Date: {}\r\n\
             From: MAILER-DAEMON@{} (Mail Delivery System)\r\n\
             Subject: {subject}\r\n\
             {}\
             Auto-Submitted: {auto_submitted}\r\n\
             Message-ID: <{}>\r\n",
            self.date,
            self.status.reporting_mta,
            to.finish(),
            self.message_id,
        )
    }

    /// The part for people, with CRLFs.
    fn notification(&self, wording: &Wording) -> String {
        let mut text = wording.introduction.clone();
        for (index, recipient) in self.status.recipients.iter().enumerate() {
            text.push('\n');
            let address = &recipient.final_recipient;
            match (self.explanations.get(index), &recipient.diagnostic) {
                (Some(Explanation { expanded_from: Some(alias), text: words }), _) => {
                    fill(&mut text, &format!("<{address}> (expanded from <{alias}>): {words}"));
                }
                (Some(Explanation { expanded_from: None, text: words }), _)
                | (None, Some(Diagnostic { text: words, .. })) => {
                    fill(&mut text, &format!("<{address}>: {words}"));
                }
                (None, None) => fill(&mut text, &format!("<{address}>: {}", recipient.action)),
            }
        }
        text.replace('\n', "\r\n")
    }

    /// A boundary that none of the parts contains, and that does not begin with one that a part
    /// may have: programs that compare only as many characters as they look for get by, too.
    fn boundary(&self, parts: &[&[u8]]) -> String {
        let wanted: String = self.boundary.chars().map(boundary_char).collect();
        let wanted = wanted[..wanted.len().min(BOUNDARY_CHARACTERS)].to_owned();
        let is_free = |boundary: &String| {
            let finder = memmem::Finder::new(boundary.as_bytes());
            !boundary.is_empty() && parts.iter().all(|part| finder.find(part).is_none())
        };
        let others = (1..).map(|number: u64| {
            let number = format!("{number}.");
            let room = BOUNDARY_CHARACTERS - number.len();
            number + &wanted[..wanted.len().min(room)]
        });
        std::iter::once(wanted.clone()).chain(others).find(is_free).expect("numbers do not end")
    }
}

/// A part with 8-bit octets says so; 7bit is what is assumed (RFC 2045 §6.1).
fn encoding_field(is_8bit: bool) -> &'static str {
    if is_8bit { "Content-Transfer-Encoding: 8bit\r\n" } else { "" }
}

/// What may stand in a boundary (RFC 2046 §5.1.1), but for the space.
fn boundary_char(char: char) -> char {
    if char.is_ascii_alphanumeric() || "'()+_,-./:=?".contains(char) { char } else { '-' }
}

/// Appends words in lines of at most 78 columns where they allow, all but the first indented.
/// Controls become `?`, and a word is cut that no line has room for.
fn fill(text: &mut String, words: &str) {
    let mut column = 0;
    for mut word in words.split_whitespace() {
        while !word.is_empty() {
            let (piece, rest) = word.split_at(char_boundary(word, LONGEST_WORD));
            let width = piece.chars().count();
            if column > 0 && column + 1 + width > 78 {
                text.push_str("\n    ");
                column = 4;
            } else if column > 0 {
                text.push(' ');
                column += 1;
            }
            text.extend(piece.chars().map(|char| if char.is_control() { '?' } else { char }));
            column += width;
            word = rest;
        }
    }
    text.push('\n');
}

/// The longest boundary (RFC 2046 §5.1.1).
const BOUNDARY_CHARACTERS: usize = 70;

/// The longest word, in octets, that stays whole in the words for people.
const LONGEST_WORD: usize = 900;
