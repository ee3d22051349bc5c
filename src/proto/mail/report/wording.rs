//! The words of a report: Postfix's (`bounce(5)`).

use super::super::delivery_status::Action;
use super::{Audience, DeliveryReport};

/// What a report on some action is called, and how it begins.
pub(super) struct Wording {
    pub(super) subject: &'static str,
    /// What people read before the recipients, with LFs.
    pub(super) introduction: String,
    /// The description of the third part, before `Message` or `Message Headers`.
    pub(super) returned: &'static str,
}

impl Wording {
    pub(super) fn of(report: &DeliveryReport<'_>) -> Self {
        let host = &report.status.reporting_mta;
        let action = report.status.recipients.iter().map(|one| one.action).min();
        let (subject, copy, returned, words) = match action.unwrap_or(Action::Failed) {
            Action::Failed => (
                "Undelivered Mail Returned to Sender",
                "Postmaster Copy: Undelivered Mail",
                "Undelivered ",
                FAILED.to_owned(),
            ),
            Action::Delayed => (
                "Delayed Mail (still being retried)",
                "Postmaster Warning: Delayed Mail",
                "Undelivered ",
                delayed(report),
            ),
            Action::Delivered | Action::Relayed | Action::Expanded => (
                "Successful Mail Delivery Report",
                "Successful Mail Delivery Report",
                "",
                DELIVERED.to_owned(),
            ),
        };
        match report.audience {
            Audience::Sender => {
                let introduction = format!(
                    "This is the mail system at host {host}.\n\n{words}\n                   The mail \
                     system\n"
                );
                Wording { subject, introduction, returned }
            }
            // The postmaster knows the rest.
            Audience::Postmaster => {
                Wording { subject: copy, introduction: String::new(), returned }
            }
        }
    }
}

fn delayed(report: &DeliveryReport<'_>) -> String {
    let arrived = report.status.arrival_date.unwrap_or(report.date).unix_time().0;
    let hours = report.date.unix_time().0.saturating_sub(arrived) / 3_600;
    let until = report.status.recipients.iter().find_map(|one| one.will_retry_until);
    let until = until.map(|until| {
        let days = until.unix_time().0.saturating_sub(arrived) / 86_400;
        format!("It will be retried until it is {days} day(s) old.\n")
    });
    format!(
        "{DELAYED}Your message could not be delivered for more than {hours} hour(s).\n{}\n{HELP}",
        until.unwrap_or_default()
    )
}

const FAILED: &str = "\
I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

For further assistance, please send mail to postmaster.

If you do so, please include this problem report. You can
delete your own text from the attached returned message.
";

const DELAYED: &str = "\
####################################################################
# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #
####################################################################

";

const HELP: &str = "\
For further assistance, please send mail to postmaster.

If you do so, please include this problem report. You can
delete your own text from the attached returned message.
";

const DELIVERED: &str = "\
Your message was successfully delivered to the destination(s)
listed below. If the message was delivered to mailbox you will
receive no further notifications. Otherwise you may still receive
notifications of mail delivery errors from other systems.
";
