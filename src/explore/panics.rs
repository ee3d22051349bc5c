//! Panics of a run as findings: caught, with their place, and without a word on standard error.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// A panic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Panic {
    /// File and line.
    pub(super) place: String,
    pub(super) message: String,
}

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What `run` gives, or how it panicked. Other threads panic as ever.
pub(super) fn catch<T>(run: impl FnOnce() -> T) -> Result<T, Panic> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CATCHING.get() {
                return before(info);
            }
            let place = info.location().map_or_else(String::new, |location| {
                format!("{}:{}", location.file(), location.line())
            });
            PLACE.set(place);
        }));
    });
    let was_catching = CATCHING.replace(true);
    let done = panic::catch_unwind(AssertUnwindSafe(run));
    CATCHING.set(was_catching);
    done.map_err(|payload| {
        let message = payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "a panic without words".to_owned());
        Panic { place: PLACE.take(), message }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_with_its_place_and_words() {
        assert_eq!(catch(|| 7), Ok(7));
        let line = line!() + 1;
        let panic = catch(|| panic!("{} eggs", 3)).unwrap_err();
        assert_eq!(
            (panic.place, panic.message.as_str()),
            (format!("{}:{line}", file!()), "3 eggs")
        );
    }
}
