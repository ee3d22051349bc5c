//! Who does not try again is not let in (RFC 6647).

use crate::proto::smtp::Mailbox;
use crate::store::greylist::Greyness;

use super::Finding;
use super::turn::Turn;

pub(super) fn judge(turn: &mut Turn<'_>) -> Finding {
    let Some(to) = turn.recipient else { return Finding::pass("nobody to send to") };
    let Some(settings) =
        turn.config.domain(to.domain()).and_then(|domain| domain.greylist.as_ref())
    else {
        return Finding::pass("not for this domain");
    };
    if turn.is_inside() {
        return Finding::pass("from inside");
    }
    if settings.exempt.iter().any(|network| network.contains(turn.client)) {
        return Finding::pass("never put off");
    }
    let sender = turn.sender.and_then(|from| from.mailbox()).map_or("", Mailbox::as_str);
    let greylist = &mut *turn.greylist;
    let greyness = greylist.judge(turn.clock, turn.client, sender, to.as_str(), &settings.rules);
    let put_off = |rule: String| {
        let text = format!("<{to}>: Recipient address rejected: Greylisted");
        Finding::refuse(rule, 450, (4, 2, 0), text)
    };
    let delay = settings.rules.delay.as_secs_f64();
    match greyness {
        Greyness::New => put_off(format!("the triplet is new: in {delay} s it is let in")),
        Greyness::TooSoon(left) => {
            put_off(format!("the triplet comes {} s too soon", left.as_secs_f64()))
        }
        Greyness::Passed(after) => {
            Finding::pass(format!("came back after {:.0} s", after.as_secs_f64()))
        }
        Greyness::Known => Finding::pass("known"),
        Greyness::Client => Finding::pass("a client that comes back"),
        Greyness::Full => Finding::pass("the memory is full"),
    }
}
