//! How events come to the programs of a host.
//!
//! An event that nothing waits before goes straight to its program: in a queue it would be written and read
//! once more, which takes longer than much of what else is done for it (the load `smtp-transactions` pays for
//! it). What follows from it within the host waits in order.

use super::Ctx;
use super::actor::{Actor, Event};
use super::receive::News;
use super::turn::Turn;

/// Hands over an event that nothing waits before, and then those that it causes.
pub(super) fn hand_first(ctx: &mut Ctx<'_>, actors: &mut [Box<dyn Actor>], event: Event) {
    if ctx.turn.host.condition.is_some() {
        ctx.turn.scratch.pending.push_back((ctx.actor, event));
    } else if let Some(actor) = actors.get_mut(usize::from(ctx.actor)) {
        actor.handle(event, ctx);
    }
    run_pending(ctx, actors);
}

/// Hands over the events that TCP has left, and then those that they cause.
pub(super) fn hand_news(ctx: &mut Ctx<'_>, actors: &mut [Box<dyn Actor>], news: &News) {
    // Mostly it is one, and nothing keeps its program from it: then it need not wait.
    if ctx.turn.host.condition.is_none()
        && let Some(event) = ctx.turn.only_event(news)
    {
        ctx.turn.record_event(news, &event);
        if let Some(actor) = actors.get_mut(usize::from(news.actor)) {
            actor.handle(Event::Stream(news.id, news.told(event)), ctx);
        }
    } else {
        ctx.turn.keep_events(news);
    }
    run_pending(ctx, actors);
}

/// Hands the events of this instant to their actors until there are none, or keeps them if the programs
/// stand still; then sets the timers of the connections that were concerned.
pub(super) fn run_pending(ctx: &mut Ctx<'_>, actors: &mut [Box<dyn Actor>]) {
    if ctx.turn.host.condition.is_some() {
        run_ailing(ctx, actors);
    } else {
        hand_over(ctx, actors);
    }
    ctx.turn.arm_touched();
}

fn hand_over(ctx: &mut Ctx<'_>, actors: &mut [Box<dyn Actor>]) {
    while let Some((index, event)) = ctx.turn.scratch.pending.pop_front() {
        if let Some(actor) = actors.get_mut(usize::from(index)) {
            ctx.actor = index;
            actor.handle(event, ctx);
        }
    }
}

#[cold]
fn run_ailing(ctx: &mut Ctx<'_>, actors: &mut [Box<dyn Actor>]) {
    let Turn { host, scratch, .. } = &mut ctx.turn;
    let condition = host.condition.as_deref_mut().expect("the host has a condition");
    if condition.stands_still() {
        condition.keep_events(&mut scratch.pending);
        return;
    }
    condition.give_events(&mut scratch.pending);
    loop {
        hand_over(ctx, actors);
        if !ctx.turn.accept_waiting() {
            break;
        }
    }
}
