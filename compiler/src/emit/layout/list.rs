//! Lists read and written by position without a panic.

/// What is at a position; nothing in particular where there is none.
pub(super) trait At<T> {
    /// The value at `i`, or the type's default.
    fn at(&self, i: usize) -> T;
    /// Stores a value at `i`, where there is such a position.
    fn put(&mut self, i: usize, value: T);
}

impl<T: Clone + Default> At<T> for [T] {
    fn at(&self, i: usize) -> T {
        self.get(i).cloned().unwrap_or_default()
    }

    fn put(&mut self, i: usize, value: T) {
        if let Some(place) = self.get_mut(i) {
            *place = value;
        }
    }
}

/// Adds to the list at a position.
pub(super) fn push<T>(lists: &mut [Vec<T>], i: usize, value: T) {
    if let Some(list) = lists.get_mut(i) {
        list.push(value);
    }
}

/// The list at a position.
pub(super) fn of<T>(lists: &[Vec<T>], i: usize) -> &[T] {
    lists.get(i).map_or(&[], Vec::as_slice)
}
