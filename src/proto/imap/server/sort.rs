//! SORT (RFC 5256, with the results of RFC 5267 §3) and THREAD (RFC 5256).

use super::super::backend::Backend;
use super::super::message::Message;
use super::super::response::{quoted, write};
use super::super::search::{Search, SearchKey};
use super::super::sort::{SortCommand, sort as sort_messages};
use super::super::thread::{ThreadAlgorithm, threads};
use super::answer::Answer;
use super::context::Context;
use super::fetch::Cursor;
use super::search::{Asked, Found, find, save, tell, tell_extended};
use super::view::View;
use crate::proto::Outbox;

/// SORT and UID SORT.
pub(super) fn sort<E>(
    context: &Context<'_>,
    view: &mut View,
    command: &SortCommand<'_>,
    backend: &impl Backend,
    out: &mut Outbox<E>,
) -> Answer {
    let SortCommand { by_uid, returns, criteria, search } = command;
    let (by_uid, returns) = (*by_uid, *returns);
    let found = match find(context.now, view, search, backend) {
        Ok(found) => found,
        Err(answer) => {
            if returns.is_some_and(|returns| returns.save) {
                view.saved.clear();
            }
            return answer;
        }
    };
    let mut messages = with_messages(view, &found, backend);
    sort_messages(&mut messages, criteria);
    let found: Vec<Found> = messages.into_iter().map(|(found, _)| found).collect();
    let modseq = search.keys.iter().any(SearchKey::asks_modseq);
    let asked = Asked { by_uid, modseq, returns };
    match returns {
        Some(returns) => {
            if returns.save {
                save(view, returns, &found);
            }
            tell_extended(context, asked, &found, out);
            if returns.update {
                out.send("* NO [NOUPDATE ");
                quoted(out, context.tag.as_bytes());
                out.send("] What is sorted is not kept up to date\r\n");
            }
        }
        None => tell("SORT", asked, &found, out),
    }
    Answer::ok("SORT completed")
}

/// THREAD and UID THREAD.
pub(super) fn thread<E>(
    context: &Context<'_>,
    view: &View,
    by_uid: bool,
    (algorithm, search): (ThreadAlgorithm, &Search<'_>),
    backend: &impl Backend,
    out: &mut Outbox<E>,
) -> Answer {
    let found = match find(context.now, view, search, backend) {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let messages: Vec<_> = (with_messages(view, &found, backend).into_iter())
        .map(|(found, message)| (found.number(by_uid), message))
        .collect();
    let space = if messages.is_empty() { "" } else { " " };
    write(out, format_args!("* THREAD{space}{}\r\n", threads(algorithm, &messages)));
    Answer::ok("THREAD completed")
}

fn with_messages<'b>(
    view: &View,
    found: &[Found],
    backend: &'b impl Backend,
) -> Vec<(Found, &'b Message)> {
    let mut messages = Cursor::new(backend.messages(view.mailbox));
    found.iter().filter_map(|one| Some((*one, messages.find(one.uid)?))).collect()
}
