//! Sessions that keep to rules of misbehaviour, and what is told of it.

use std::sync::Arc;

use crate::proto::smtp::misbehaviour::{Misbehaviour, Rule};
use crate::proto::smtp::server::{Misdeed, ServerEvent};
use crate::world::{Ctx, Note};

use super::Receiver;

impl Receiver {
    /// The rules that all sessions keep to, if there are any.
    pub(in crate::actors::mta) fn misbehave(&mut self, rules: &[Arc<Rule>], ctx: &Ctx<'_>) {
        if !rules.is_empty() {
            self.begin_to_misbehave(rules, ctx);
        }
    }

    /// One more rule, under this number, for sessions that stand as well.
    pub(in crate::actors::mta) fn add_rule(&mut self, number: u64, rule: Arc<Rule>, ctx: &Ctx<'_>) {
        self.begin_to_misbehave(&[], ctx).add(number, rule);
    }

    /// The rules of this number hold no longer.
    pub(in crate::actors::mta) fn remove_rule(&mut self, number: u64) {
        if let Some(misbehaviour) = &self.misbehaviour {
            misbehaviour.remove(number);
        }
    }

    fn begin_to_misbehave(&mut self, rules: &[Arc<Rule>], ctx: &Ctx<'_>) -> &Misbehaviour {
        let Receiver { misbehaviour, sessions, shared, .. } = self;
        misbehaviour.get_or_insert_with(|| {
            let own = shared.config.domains.keys().cloned();
            let misbehaviour = Misbehaviour::new(rules, own, ctx.stream("smtp faults"));
            for open in sessions.values_mut() {
                open.session.misbehave(misbehaviour.session(open.peer.ip()));
            }
            misbehaviour
        })
    }
}

/// What is told of misbehaviour.
pub(super) fn note(event: ServerEvent) -> Option<Note> {
    match event {
        ServerEvent::Misbehaves(misdeed) => {
            let Misdeed { rule, moment, envelope: (sender, recipient), deed } = *misdeed;
            Some(Note::SmtpMisbehaved { rule, moment: moment.to_string(), sender, recipient, deed })
        }
        ServerEvent::Unsaid { moment, reply, rule } => {
            Some(Note::Unsaid { moment: moment.to_string(), reply, rule })
        }
        _ => None,
    }
}
