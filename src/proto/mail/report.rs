//! The delivery status notification: a message about what became of a message.
//!
//! Follows RFC 3464 in the `multipart/report` of RFC 6522 (once RFC 3462): words for people, the
//! [`DeliveryStatus`] for programs, and the message or its header. The words are Postfix's, so that
//! programs which know bounces by their words know these.
//!
//! The report goes out with the null reverse-path (RFC 5321 §6.1), which is the caller's to set.

use std::fmt::Write;

use bytes::Bytes;

use super::address::Mailbox;
use super::date::DateTime;
use super::delivery_status::{Action, DeliveryStatus, RecipientStatus};
use super::encode::{encode_field, encode_list};
use super::header::Message;

/// All that a report says. [`DeliveryReport::compose`] writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryReport<'a> {
    /// To whom: the reverse-path of the message, without angle brackets.
    pub to: &'a str,
    /// When it is written.
    pub date: DateTime,
    /// `local@domain`, without angle brackets.
    pub message_id: &'a str,
    /// The boundary between parts, at most 70 characters. Drawn so that no part contains it.
    pub boundary: &'a str,
    /// What became of the recipients. The worst of their actions makes the subject and the words.
    pub status: DeliveryStatus,
    /// For people, one for each recipient in their order: `host mx.example.com[192.0.2.1] said:
    /// 550 ... (in reply to RCPT TO command)`. The diagnostic where one is missing.
    pub explanations: Vec<String>,
    /// The message that is reported on.
    pub original: Bytes,
    /// How much of it goes back.
    pub returned: Returned,
}

/// How much of a message goes back with the report on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// All of it, as `message/rfc822`.
    Message,
    /// The header alone, as `text/rfc822-headers`: for large messages, and where nothing failed.
    Header,
}

impl DeliveryReport<'_> {
    /// The octets of the report.
    pub fn compose(&self) -> Bytes {
        let notification = self.notification();
        let returned = match self.returned {
            Returned::Message => self.original.clone(),
            Returned::Header => {
                self.original.slice_ref(Message::parse(&self.original).header().octets())
            }
        };
        let words_8bit = encoding_field(!notification.is_ascii());
        let returned_8bit = encoding_field(!returned.is_ascii());
        let either_8bit = encoding_field(!notification.is_ascii() || !returned.is_ascii());
        let charset = if notification.is_ascii() { "us-ascii" } else { "utf-8" };
        let wording = self.wording();
        let (media_type, description) = match self.returned {
            Returned::Message => ("message/rfc822", wording.returned),
            Returned::Header => ("text/rfc822-headers", wording.returned_header),
        };
        let (boundary, status) = (self.boundary, self.status.encode());
        let mut report = self.header(wording.subject);
        write!(
            report,
            "MIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status;\r\n\
             \tboundary=\"{boundary}\"\r\n\
             {either_8bit}\
             \r\n\
             This is a MIME-encapsulated message.\r\n\
             \r\n\
             --{boundary}\r\n\
             Content-Description: Notification\r\n\
             Content-Type: text/plain; charset={charset}\r\n\
             {words_8bit}\
             \r\n\
             {notification}\
             \r\n\
             --{boundary}\r\n\
             Content-Description: Delivery report\r\n\
             Content-Type: message/delivery-status\r\n\
             \r\n\
             {status}\
             \r\n\
             --{boundary}\r\n\
             Content-Description: {description}\r\n\
             Content-Type: {media_type}\r\n\
             {returned_8bit}\
             \r\n"
        )
        .expect("a String takes all");
        let mut octets = Vec::with_capacity(report.len() + returned.len() + boundary.len() + 8);
        octets.extend_from_slice(report.as_bytes());
        octets.extend_from_slice(&returned);
        octets.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        octets.into()
    }

    fn header(&self, subject: &str) -> String {
        let daemon = format!("MAILER-DAEMON@{}", self.status.reporting_mta);
        let from = Mailbox::new(Some("Mail Delivery System"), &daemon);
        let mut header = encode_field("Date", &self.date.to_string());
        header += &encode_list("From", &[from]);
        header += &encode_field("Subject", subject);
        header += &encode_list("To", &[Mailbox::new(None, self.to)]);
        // A reply to a message, made by no person, never to be replied to so (RFC 3834 §5).
        header += &encode_field("Auto-Submitted", "auto-replied");
        header += &encode_field("Message-ID", &format!("<{}>", self.message_id));
        header
    }

    /// The part for people, with CRLFs.
    fn notification(&self) -> String {
        let mut text =
            format!("This is the mail system at host {}.\n\n", self.status.reporting_mta);
        match self.worst() {
            Action::Failed => text += FAILED_WORDS,
            Action::Delayed => self.write_delayed_words(&mut text),
            Action::Delivered | Action::Relayed | Action::Expanded => text += DELIVERED_WORDS,
        }
        text += "\n                   The mail system\n";
        for (index, recipient) in self.status.recipients.iter().enumerate() {
            text.push('\n');
            let explanation = match (self.explanations.get(index), &recipient.diagnostic) {
                (Some(explanation), _) => explanation,
                (None, Some(diagnostic)) => &diagnostic.text,
                (None, None) => recipient.action.name(),
            };
            fill(&mut text, &addressee(recipient), explanation);
        }
        text.replace('\n', "\r\n")
    }

    fn write_delayed_words(&self, text: &mut String) {
        let arrived = self.status.arrival_date.unwrap_or(self.date).unix_time().0;
        let hours = self.date.unix_time().0.saturating_sub(arrived) / 3_600;
        text.push_str(DELAYED_WORDS_1);
        let _ =
            writeln!(text, "Your message could not be delivered for more than {hours} hour(s).");
        let until = self.status.recipients.iter().filter_map(|one| one.will_retry_until).next();
        if let Some(until) = until {
            let days = until.unix_time().0.saturating_sub(arrived) / 86_400;
            let _ = writeln!(text, "It will be retried until it is {days} day(s) old.");
        }
        text.push_str(DELAYED_WORDS_2);
    }

    /// The action that matters most to the sender.
    fn worst(&self) -> Action {
        self.status.recipients.iter().map(|one| one.action).min().unwrap_or(Action::Failed)
    }

    fn wording(&self) -> Wording {
        match self.worst() {
            Action::Failed => Wording {
                subject: "Undelivered Mail Returned to Sender",
                returned: "Undelivered Message",
                returned_header: "Undelivered Message Headers",
            },
            Action::Delayed => Wording {
                subject: "Delayed Mail (still being retried)",
                returned: "Delayed Message",
                returned_header: "Delayed Message Headers",
            },
            Action::Delivered | Action::Relayed | Action::Expanded => Wording {
                subject: "Successful Mail Delivery Report",
                returned: "Message",
                returned_header: "Message Headers",
            },
        }
    }
}

struct Wording {
    subject: &'static str,
    returned: &'static str,
    returned_header: &'static str,
}

/// A part with 8-bit octets says so; 7bit is what is assumed (RFC 2045 §6.1).
fn encoding_field(is_8bit: bool) -> &'static str {
    if is_8bit { "Content-Transfer-Encoding: 8bit\r\n" } else { "" }
}

/// `<b@example.net> (expanded from <a@example.org>)`.
fn addressee(recipient: &RecipientStatus) -> String {
    match &recipient.original_recipient {
        Some(original) if *original != recipient.final_recipient => {
            format!("<{}> (expanded from <{original}>)", recipient.final_recipient)
        }
        _ => format!("<{}>", recipient.final_recipient),
    }
}

/// Appends `who: words` in lines of at most 78 columns where words allow, all but the first
/// indented. Controls become spaces.
fn fill(text: &mut String, who: &str, words: &str) {
    let line = format!("{who}: {words}");
    let mut column = 0;
    for word in line.split(|char: char| char.is_whitespace() || char.is_control()) {
        if word.is_empty() {
            continue;
        }
        let width = word.chars().count();
        if column > 0 && column + 1 + width > 78 {
            text.push_str("\n    ");
            column = 4;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text.push('\n');
}

const FAILED_WORDS: &str = "\
I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

For further assistance, please send mail to postmaster.

If you do so, please include this problem report. You can
delete your own text from the attached returned message.
";

const DELAYED_WORDS_1: &str = "\
####################################################################
# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #
####################################################################

";

const DELAYED_WORDS_2: &str = "\n\
For further assistance, please send mail to postmaster.

If you do so, please include this problem report. You can
delete your own text from the attached returned message.
";

const DELIVERED_WORDS: &str = "\
Your message was successfully delivered to the destination(s)
listed below. If the message was delivered to mailbox you will
receive no further notifications. Otherwise you may still receive
notifications of mail delivery errors from other systems.
";

#[cfg(test)]
mod tests {
    use super::super::structure::{Content, Part};
    use super::*;
    use crate::engine::UnixTime;
    use crate::proto::mail::delivery_status::Diagnostic;
    use crate::proto::smtp::{EnhancedStatus, Reply};

    fn at(secs: i64) -> DateTime {
        DateTime::utc(UnixTime(1_767_603_600 + secs))
    }

    fn report(action: Action, returned: Returned) -> DeliveryReport<'static> {
        let unknown = EnhancedStatus::new(5, 1, 1);
        let reply = Reply::new(
            550,
            unknown,
            "<bob@example.com>: Recipient address rejected:\nno such user here",
        );
        DeliveryReport {
            to: "alice@example.org",
            date: at(7_300),
            message_id: "20260105090002.3F2A91C04B@smtp.example.org",
            boundary: "3F2A91C04B.1767603602/smtp.example.org",
            status: DeliveryStatus {
                reporting_mta: "smtp.example.org".to_owned(),
                queue_id: Some("3F2A91C04B".to_owned()),
                sender: Some("alice@example.org".to_owned()),
                arrival_date: Some(at(0)),
                recipients: vec![RecipientStatus {
                    original_recipient: None,
                    final_recipient: "bob@example.com".to_owned(),
                    action,
                    status: unknown,
                    remote_mta: Some("mx.example.com".to_owned()),
                    diagnostic: Some(Diagnostic::smtp(&reply)),
                    last_attempt: None,
                    will_retry_until: (action == Action::Delayed).then(|| at(432_000)),
                }],
            },
            explanations: vec![format!(
                "host mx.example.com[192.0.2.1] said: {reply} (in reply to RCPT TO command)"
            )],
            original: Bytes::from_static(b"Subject: lunch\r\n\r\nToday?\r\n"),
            returned,
        }
    }

    #[test]
    fn a_bounce() {
        let octets = report(Action::Failed, Returned::Message).compose();
        let text = String::from_utf8(octets.to_vec()).unwrap();
        insta::assert_snapshot!(text.replace("\r\n", "\n"), @r#"
        Date: Mon, 05 Jan 2026 11:01:40 +0000
        From: Mail Delivery System <MAILER-DAEMON@smtp.example.org>
        Subject: Undelivered Mail Returned to Sender
        To: alice@example.org
        Auto-Submitted: auto-replied
        Message-ID: <20260105090002.3F2A91C04B@smtp.example.org>
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status;
        	boundary="3F2A91C04B.1767603602/smtp.example.org"

        This is a MIME-encapsulated message.

        --3F2A91C04B.1767603602/smtp.example.org
        Content-Description: Notification
        Content-Type: text/plain; charset=us-ascii

        This is the mail system at host smtp.example.org.

        I'm sorry to have to inform you that your message could not
        be delivered to one or more recipients. It's attached below.

        For further assistance, please send mail to postmaster.

        If you do so, please include this problem report. You can
        delete your own text from the attached returned message.

                           The mail system

        <bob@example.com>: host mx.example.com[192.0.2.1] said: 550 5.1.1
            <bob@example.com>: Recipient address rejected: no such user here (in reply
            to RCPT TO command)

        --3F2A91C04B.1767603602/smtp.example.org
        Content-Description: Delivery report
        Content-Type: message/delivery-status

        Reporting-MTA: dns; smtp.example.org
        X-Mxsim-Queue-ID: 3F2A91C04B
        X-Mxsim-Sender: rfc822; alice@example.org
        Arrival-Date: Mon, 05 Jan 2026 09:00:00 +0000

        Final-Recipient: rfc822; bob@example.com
        Action: failed
        Status: 5.1.1
        Remote-MTA: dns; mx.example.com
        Diagnostic-Code: smtp; 550 5.1.1 <bob@example.com>: Recipient address
         rejected: no such user here

        --3F2A91C04B.1767603602/smtp.example.org
        Content-Description: Undelivered Message
        Content-Type: message/rfc822

        Subject: lunch

        Today?

        --3F2A91C04B.1767603602/smtp.example.org--
        "#);
    }

    #[test]
    fn a_bounce_is_judged_by_its_structure() {
        let report = report(Action::Failed, Returned::Message);
        let octets = report.compose();
        let root = Part::parse(&octets);
        assert!(root.content_type.is("multipart", "report"));
        assert_eq!(root.content_type.parameters.get("report-type").unwrap(), "delivery-status");
        let Content::Multipart(parts) = &root.content else { panic!("{root:?}") };
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[2].body_in(&octets), report.original);
        assert_eq!(DeliveryStatus::find(&octets), Some(report.status));
    }

    #[test]
    fn the_header_alone_may_go_back() {
        let octets = report(Action::Failed, Returned::Header).compose();
        let root = Part::parse(&octets);
        let part = root.section(&[3]).unwrap();
        assert!(part.content_type.is("text", "rfc822-headers"));
        assert_eq!(part.body_in(&octets), b"Subject: lunch\r\n\r\n");
    }

    #[test]
    fn eight_bit_originals_are_labelled() {
        let mut report = report(Action::Failed, Returned::Message);
        report.original = Bytes::from_static(b"Subject: x\r\n\r\n\xe4\xff\r\n");
        let octets = report.compose();
        let root = Part::parse(&octets);
        let encoding = |section: &[u32]| root.section(section).unwrap().transfer_encoding.clone();
        assert_eq!(
            [encoding(&[]), encoding(&[1]), encoding(&[2]), encoding(&[3])],
            ["8bit", "7BIT", "7BIT", "8bit"]
        );
        assert_eq!(root.section(&[3]).unwrap().body_in(&octets), report.original);
    }

    #[test]
    fn delays_and_successes_have_words_of_their_own() {
        let text = |action| {
            let octets = report(action, Returned::Header).compose();
            String::from_utf8(octets.to_vec()).unwrap().replace("\r\n", "\n")
        };
        let delayed = text(Action::Delayed);
        assert!(delayed.contains("Subject: Delayed Mail (still being retried)\n"));
        assert!(delayed.contains("could not be delivered for more than 2 hour(s).\n"));
        assert!(delayed.contains("It will be retried until it is 5 day(s) old.\n"));
        assert!(delayed.contains("Will-Retry-Until: Sat, 10 Jan 2026 09:00:00 +0000\n"));
        let delivered = text(Action::Relayed);
        assert!(delivered.contains("Subject: Successful Mail Delivery Report\n"));
        assert!(delivered.contains("Content-Description: Message Headers\n"));
    }

    #[test]
    fn peers_words_stay_in_their_place() {
        let mut report = report(Action::Failed, Returned::Message);
        report.explanations =
            vec!["x\r\n\r\n--3F2A91C04B.1767603602/smtp.example.org--\r\n".to_owned()];
        report.status.recipients[0].diagnostic =
            Some(Diagnostic::local("a\r\n\r\nAction: delivered"));
        let octets = report.compose();
        let Content::Multipart(parts) = &Part::parse(&octets).content else { panic!() };
        assert_eq!(parts.len(), 3);
        let status = DeliveryStatus::find(&octets).unwrap();
        assert_eq!(status.recipients.len(), 1);
        assert_eq!(status.recipients[0].action, Action::Failed);
    }
}
