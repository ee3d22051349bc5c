//! Searches whose results are kept up to date (RFC 5267 §4.3).

use bytes::Bytes;

use super::super::backend::Backend;
use super::super::command::{Command, Request};
use super::super::number::Uid;
use super::super::response::{quoted, write};
use super::super::search::Search;
use super::super::sequence::SequenceSet;
use super::search::{Found, find};
use super::view::View;
use crate::engine::UnixTime;
use crate::proto::Outbox;

/// A search that is kept up to date.
#[derive(Debug)]
pub(super) struct Updated {
    /// The tag of its command, by which the client knows it.
    tag: Box<str>,
    by_uid: bool,
    /// The command, which is read anew each time.
    command: Bytes,
    /// What the client knows to be found, ascending.
    found: Vec<Uid>,
}

/// Which part of the news is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// What is found no more: before numbers move.
    Removed,
    /// What is found as well: when new messages are told.
    Added,
}

impl Updated {
    pub(super) fn new(tag: &str, by_uid: bool, command: &Bytes, found: &[Found]) -> Updated {
        let found = found.iter().map(|one| one.uid).collect();
        Updated { tag: tag.into(), by_uid, command: command.clone(), found }
    }

    pub(super) fn tag(&self) -> &str {
        &self.tag
    }

    /// Tells what changed in the results, and keeps that.
    pub(super) fn tell<E>(
        &mut self,
        news: News,
        now: UnixTime,
        view: &View,
        backend: &impl Backend,
        out: &mut Outbox<E>,
    ) {
        let search = search_of(&self.command);
        let Ok(found) = find(now, view, &search, backend) else { return };
        let found: Vec<Uid> = found.iter().map(|one| one.uid).collect();
        let without = |all: &[Uid], known: &[Uid]| -> Vec<Uid> {
            all.iter().copied().filter(|uid| known.binary_search(uid).is_err()).collect()
        };
        let (word, changed) = match news {
            News::Removed => ("REMOVEFROM", without(&self.found, &found)),
            News::Added => ("ADDTO", without(&found, &self.found)),
        };
        if changed.is_empty() {
            return;
        }
        // Of one that has no number any more, EXPUNGE said enough.
        let numbers = changed.iter().filter_map(|uid| match self.by_uid {
            true => Some(uid.get()),
            false => view.number(*uid),
        });
        let numbers = SequenceSet::of(numbers);
        if !numbers.is_saved() {
            out.send("* ESEARCH (TAG ");
            quoted(out, self.tag.as_bytes());
            let uid = if self.by_uid { " UID" } else { "" };
            // Results of SEARCH have no order, so that the place is 0.
            write(out, format_args!("){uid} {word} (0 {numbers})\r\n"));
        }
        match news {
            News::Removed => self.found.retain(|uid| changed.binary_search(uid).is_err()),
            News::Added => self.found = found,
        }
    }
}

/// The arguments of the command that was read once.
fn search_of(command: &[u8]) -> Search<'_> {
    match Request::parse(command).map(|request| request.command) {
        Ok(Command::Search { search, .. }) => search,
        _ => unreachable!("the command was read as SEARCH before"),
    }
}

/// How many searches of one session are kept up to date.
pub(super) const MAX_UPDATED: usize = 20;
