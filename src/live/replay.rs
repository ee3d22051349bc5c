//! Playing a record: the same session again, without any socket.

use std::io::BufRead;
use std::time::Duration;

use crate::engine::SimTime;

use super::input::Input;
use super::record::{Line, Lines, RecordError};
use super::stage::Stage;

/// What a record showed.
pub struct Replayed {
    /// The world at its end.
    pub stage: Stage,
    /// The fingerprint that the session had at its end; `None` where it was cut off.
    pub fingerprint: Option<String>,
    /// How many inputs there were.
    pub inputs: usize,
}

/// Plays a record: its world, and every input at its time.
///
/// # Errors
/// What is wrong with the record.
pub fn replay(from: impl BufRead) -> Result<Replayed, RecordError> {
    let mut lines = Lines::new(from);
    let mut setting = lines.setting()?;
    // The session may have kept none; that changes nothing else.
    setting.records.get_or_insert(DEFAULT_RECORDS);
    let mut stage = Stage::new(setting).map_err(|error| lines.wrong(error.to_string()))?;
    let mut inputs = 0;
    let mut last = SimTime::ZERO;
    while let Some(line) = lines.next()? {
        match line {
            Line::In { at, input } => {
                let at = SimTime::from_nanos(at);
                if at < last || at == SimTime::ZERO {
                    return Err(lines.wrong("it is before the line above it"));
                }
                last = at;
                let before = SimTime::from_nanos(at.as_nanos() - 1);
                run(&mut stage, before);
                let is_new = matches!(input, Input::World { .. });
                stage.apply(at, &input).map_err(|error| lines.wrong(error.to_string()))?;
                if is_new {
                    last = SimTime::ZERO;
                }
                inputs += 1;
            }
            Line::End { end, fingerprint } => {
                run(&mut stage, SimTime::from_nanos(end));
                return Ok(Replayed { stage, fingerprint: Some(fingerprint), inputs });
            }
        }
    }
    // A session that was killed: what its last input led to.
    run(&mut stage, last + Duration::from_secs(1));
    Ok(Replayed { stage, fingerprint: None, inputs })
}

/// How many records are kept of a session that kept none.
const DEFAULT_RECORDS: usize = 1_000_000;

fn run(stage: &mut Stage, until: SimTime) {
    stage.run(until, usize::MAX);
    drop(stage.take_outbox());
}
