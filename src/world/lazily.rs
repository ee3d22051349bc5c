//! What few hosts have: kept in a box that is made when first something changes it.
//!
//! A world has a million hosts on which nothing happens, and each of them would carry tables that it
//! never fills. Read as if it were always there; to read one that was not made yet costs a branch.

use std::ops::{Deref, DerefMut};

/// A `T` that takes a pointer's room while it is as it was at the beginning.
#[derive(Debug)]
pub(crate) struct Lazily<T>(Option<Box<T>>);

/// What has a form in which it holds nothing.
pub(crate) trait Nothing: Default + 'static {
    /// That form, as [`Default`] makes it. Only looked at.
    const NOTHING: &'static Self;
}

impl<T> Lazily<T> {
    /// Not made yet.
    pub(crate) const fn new() -> Self {
        Lazily(None)
    }

    /// Takes what there is, and is as at the beginning.
    pub(crate) fn take(&mut self) -> T
    where
        T: Default,
    {
        self.0.take().map_or_else(T::default, |value| *value)
    }
}

impl<T> Default for Lazily<T> {
    fn default() -> Self {
        Lazily::new()
    }
}

impl<T> From<T> for Lazily<T> {
    fn from(value: T) -> Self {
        Lazily(Some(Box::new(value)))
    }
}

impl<T: Nothing> Deref for Lazily<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::NOTHING)
    }
}

impl<T: Nothing> DerefMut for Lazily<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: 'static> Nothing for Vec<T> {
    const NOTHING: &'static Self = &Vec::new();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_a_pointer_until_something_is_put_in() {
        let mut numbers: Lazily<Vec<u32>> = Lazily::new();
        assert_eq!(size_of_val(&numbers), size_of::<usize>());
        assert!(numbers.is_empty() && numbers.0.is_none());
        numbers.push(1);
        assert_eq!(**numbers, [1]);
        assert_eq!(**Lazily::from(vec![2]), [2]);
    }
}
