//! What a misbehaving SMTP server does: from the file to the deed of a rule.

use std::time::Duration;

use super::Expander;
use crate::proto::misbehaviour::{Pace, Then};
use crate::proto::smtp::misbehaviour::{Answer, Deed, Extension, Moment};
use crate::proto::smtp::{EnhancedStatus, Reply};
use crate::scenario::finding::Path;
use crate::scenario::format::smtp_fault::{SmtpEnding, SmtpExtension, SmtpFault, SmtpGarbage};

impl Expander<'_, '_, '_> {
    /// The deed; `None` where it cannot be made out.
    pub(super) fn smtp_deed(
        &mut self,
        path: &Path<'_>,
        format: &SmtpFault,
        at: &[Moment],
    ) -> Option<Deed> {
        self.check_one_answer(path, format);
        let delay = format.delay.map_or(Duration::ZERO, |delay| delay.0);
        let pace = format.pace.as_ref().map(|pace| {
            if pace.every.0.is_zero() {
                let path = path.at("pace").at("every");
                self.report.at(&path, "no time at all", "as \"1s\"".to_owned());
            }
            let octets = usize::try_from(pace.octets).unwrap_or(usize::MAX).max(1);
            Pace { octets, every: pace.every.0 }
        });
        let mut then = format.then.map_or(Then::GoOn, ending);
        let answer = if let Some(text) = &format.reply {
            self.smtp_reply(&path.at("reply"), text, format, at)?
        } else if let Some(garbage) = format.garbage {
            Answer::Octets(octets(garbage))
        } else if let Some(octets) = &format.octets {
            if octets.parse::<Reply>().is_ok_and(|reply| reply.is_positive()) {
                let remedy = "a \"reply\" with \"lie\": true".to_owned();
                self.report.at(&path.at("octets"), "a yes to what is not done", remedy);
            }
            if octets.is_empty() {
                let remedy = "say \"instead\": \"silence\"".to_owned();
                self.report.at(&path.at("octets"), "no octets at all", remedy);
            }
            Answer::Octets(octets.clone())
        } else if let Some(instead) = format.instead {
            then = ending(instead);
            Answer::Nothing
        } else if format.unsaid {
            then = format.then.map_or(Then::Silence, ending);
            Answer::Unsaid
        } else if !format.without.is_empty() {
            if at.iter().any(|at| *at != Moment::Ehlo) {
                let remedy = "\"at\": \"ehlo\"".to_owned();
                self.report.at(&path.at("without"), "EHLO alone offers extensions", remedy);
            }
            Answer::Without(format.without.iter().copied().map(extension).collect())
        } else {
            Answer::Usual
        };
        if format.lie && format.reply.is_none() {
            let remedy = "say what, with \"reply\"".to_owned();
            self.report.at(&path.at("lie"), "nothing is said that could be a lie", remedy);
        }
        let deed = Deed { answer, then, delay, pace };
        let does_nothing = deed == Deed::new(Answer::Usual);
        if does_nothing && !self.report.is_written(path, "reply") {
            let remedy = "say what it does, for example with \"reply\", \"instead\", \"then\" or \
                          \"delay\"";
            self.report.at(path, "nothing is wrong with this server", remedy.to_owned());
        }
        self.check_within_text(path, format, at, &deed);
        Some(deed)
    }

    /// There is one answer.
    fn check_one_answer(&mut self, path: &Path<'_>, format: &SmtpFault) {
        let answers = [
            ("reply", format.reply.is_some()),
            ("garbage", format.garbage.is_some()),
            ("octets", format.octets.is_some()),
            ("instead", format.instead.is_some()),
            ("unsaid", format.unsaid),
            ("without", !format.without.is_empty()),
        ];
        let given: Vec<&str> =
            answers.into_iter().filter(|(_, given)| *given).map(|(key, _)| key).collect();
        if let [first, second, ..] = given[..] {
            let found = format!("there is \"{first}\" too");
            self.report.at(&path.at(second), found, "leave one of the two out".to_owned());
        }
        if format.instead.is_some() {
            let spoken = [("then", format.then.is_some()), ("pace", format.pace.is_some())];
            for (key, _) in spoken.into_iter().filter(|(_, given)| *given) {
                let found = "\"instead\" of a reply there is nothing before it";
                self.report.at(&path.at(key), found, format!("leave {key:?} out"));
            }
        }
    }

    /// Between the octets of a text no reply is due.
    fn check_within_text(
        &mut self,
        path: &Path<'_>,
        format: &SmtpFault,
        at: &[Moment],
        deed: &Deed,
    ) {
        if !at.contains(&Moment::Text) {
            return;
        }
        let key = match &deed.answer {
            Answer::Reply(reply) if reply.is_positive() || reply.is_intermediate() => "reply",
            Answer::Lie(_) => "lie",
            Answer::Unsaid => "unsaid",
            Answer::Usual if format.pace.is_some() => "pace",
            _ => return,
        };
        let remedy = "a refusal, \"instead\", \"then\" or \"delay\"".to_owned();
        self.report.at(&path.at(key), "within a text no reply is due", remedy);
    }

    /// A reply as RFC 5321 §4.2 has it.
    fn smtp_reply(
        &mut self,
        path: &Path<'_>,
        text: &str,
        format: &SmtpFault,
        at: &[Moment],
    ) -> Option<Answer> {
        let Ok(reply) = text.parse::<Reply>() else {
            let remedy = "a code and text, as \"451 4.3.0 Try again later\": the first digit of a \
                          code is 2 to 5, the second 0 to 5 (RFC 5321 §4.2)";
            self.report.at(path, format!("{text:?} is no reply of SMTP"), remedy.to_owned());
            return None;
        };
        if reply.enhanced().is_none()
            && let Some((status, _)) = reply.lines().next().and_then(EnhancedStatus::split_from)
        {
            let found = format!("{status} does not go with {}", reply.code());
            let remedy = "the status code has the class of the code (RFC 2034 §4)".to_owned();
            self.report.at(path, found, remedy);
        }
        let overhead = "250 \r\n".len() + reply.enhanced().map_or(0, |is| is.to_string().len() + 1);
        let is_plain = |octet: u8| octet == b' ' || octet.is_ascii_graphic();
        for line in reply.lines() {
            if !line.bytes().all(is_plain) {
                let remedy = "printable ASCII; \\n between lines".to_owned();
                self.report.at(path, format!("{line:?} cannot stand in a reply"), remedy);
            } else if line.len() + overhead > REPLY_LINE_OCTETS {
                let found = format!("a line of {} octets", line.len() + overhead);
                let remedy = "512 at most (RFC 5321 §4.5.3.1.5), or \"garbage\": \"long_line\"";
                self.report.at(path, found, remedy.to_owned());
            }
        }
        let is_yes = reply.is_positive() || reply.is_intermediate();
        if format.lie && !reply.is_positive() {
            let path = path_of_lie(path);
            self.report.at(&path, "a refusal is no lie", "leave \"lie\" out".to_owned());
        }
        if is_yes && !format.lie {
            let is_of_class = |moment: &Moment| match moment {
                Moment::Data => reply.is_intermediate(),
                Moment::Auth => true,
                _ => reply.is_positive(),
            };
            if let Some(other) = at.iter().find(|moment| !is_of_class(moment)) {
                let due = if *other == Moment::Data { "354" } else { "2yz" };
                let found = format!("{} says yes to {other} in no server", reply.code());
                self.report.at(path, found, format!("{due} does"));
            }
        }
        Some(if format.lie { Answer::Lie(reply) } else { Answer::Reply(reply) })
    }
}

/// The key beside the reply.
fn path_of_lie<'p>(reply: &Path<'p>) -> Path<'p> {
    let mut path = reply.clone();
    path.0.pop();
    path.at("lie")
}

fn ending(format: SmtpEnding) -> Then {
    match format {
        SmtpEnding::Close => Then::Close,
        SmtpEnding::Reset => Then::Reset,
        SmtpEnding::Silence => Then::Silence,
    }
}

fn octets(garbage: SmtpGarbage) -> String {
    match garbage {
        SmtpGarbage::NotSmtp => {
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
        }
        SmtpGarbage::LongLine => format!("451 4.3.0 {}\r\n", "very ".repeat(598)),
        SmtpGarbage::MixedCodes => {
            "451-4.3.0 This may work later\r\n551 5.3.0 This will not work\r\n".to_owned()
        }
        SmtpGarbage::Unfinished => "451-4.3.0 There is more to come\r\n".to_owned(),
    }
}

fn extension(format: SmtpExtension) -> Extension {
    match format {
        SmtpExtension::Pipelining => Extension::Pipelining,
        SmtpExtension::Size => Extension::Size,
        SmtpExtension::EightBitMime => Extension::EightBitMime,
        SmtpExtension::EnhancedStatusCodes => Extension::EnhancedStatusCodes,
        SmtpExtension::Auth => Extension::Auth,
        SmtpExtension::StartTls => Extension::StartTls,
        SmtpExtension::Chunking => Extension::Chunking,
        SmtpExtension::Dsn => Extension::Dsn,
        SmtpExtension::SmtpUtf8 => Extension::SmtpUtf8,
    }
}

/// Of one line of a reply with its CRLF (RFC 5321 §4.5.3.1.5).
const REPLY_LINE_OCTETS: usize = 512;
