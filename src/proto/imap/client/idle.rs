//! Waiting for news: IDLE (RFC 2177), or NOOP now and then where the server has no IDLE.

use std::time::Duration;

use super::{ImapClient, ImapTask, Out, Stage, State};
use crate::engine::SimTime;

impl ImapClient {
    /// Ends the waiting: for a task that is to be done, or to begin `again`.
    pub(super) fn end_idle(&mut self, now: SimTime, again: bool, out: &mut Out) {
        match &mut self.state {
            State::Working { stage: Stage::Napping { .. }, .. } => {
                let command = self.send(now, out, |writer| {
                    writer.text("NOOP");
                });
                let task = ImapTask::Idle;
                self.state = State::Working { command, task, stage: Stage::Asked { again } };
            }
            State::Working { stage, .. } => {
                self.active = now;
                out.send("DONE\r\n");
                *stage = Stage::IdleEnding { again };
            }
            _ => {}
        }
    }
}

/// IDLE is ended and begun again before a server may log the client out (RFC 2177 §3).
pub(super) const IDLE_FOR: Duration = Duration::from_secs(29 * 60);

/// How often a server without IDLE is asked for news.
pub(super) const NAP: Duration = Duration::from_secs(5 * 60);
