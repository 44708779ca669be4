//! Sets of whole milliseconds as intervals, with both infinities.

use journey_spec::program::Millis;

/// As early as anything.
pub(in crate::check::promises) const EVER: Millis = Millis::MIN;
/// As late as anything.
pub(in crate::check::promises) const NEVER: Millis = Millis::MAX;

/// A sum that keeps the infinities.
pub(super) fn plus(at: Millis, by: Millis) -> Millis {
    match at {
        EVER | NEVER => at,
        at => at.saturating_add(by),
    }
}

/// A difference that keeps the infinities.
pub(super) fn less(at: Millis, by: Millis) -> Millis {
    match at {
        EVER | NEVER => at,
        at => at.saturating_sub(by),
    }
}

/// Intervals, both ends included, in order, with a gap between any two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::check::promises) struct Ranges(Vec<(Millis, Millis)>);

impl Ranges {
    pub(in crate::check::promises) fn none() -> Ranges {
        Ranges::default()
    }

    pub(in crate::check::promises) fn all() -> Ranges {
        Ranges(vec![(EVER, NEVER)])
    }

    /// From `first` to `last`, both included; nothing where they are the wrong way round.
    pub(in crate::check::promises) fn between(first: Millis, last: Millis) -> Ranges {
        if first <= last { Ranges(vec![(first, last)]) } else { Ranges::none() }
    }

    pub(in crate::check::promises) fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    pub(in crate::check::promises) fn is_all(&self) -> bool {
        self.0.as_slice() == [(EVER, NEVER)]
    }

    pub(in crate::check::promises) fn iter(&self) -> impl DoubleEndedIterator<Item = (Millis, Millis)> + '_ {
        self.0.iter().copied()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(in crate::check::promises) fn contains(&self, at: Millis) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= at);
        after.checked_sub(1).and_then(|i| self.0.get(i)).is_some_and(|(_, last)| at <= *last)
    }

    /// Whether every member of the other is a member.
    pub(in crate::check::promises) fn holds(&self, other: &Ranges) -> bool {
        other.without(self).is_none()
    }

    /// One interval more; nothing where its ends are the wrong way round.
    pub(super) fn add(&mut self, first: Millis, last: Millis) {
        if first > last {
            return;
        }
        // Neighbours are one interval, so an end is looked for one further out.
        let begins = self.0.partition_point(|(_, end)| end.saturating_add(1) < first);
        let ends = self.0.partition_point(|(begin, _)| begin.saturating_sub(1) <= last);
        let touched = self.0.get(begins..ends).unwrap_or_default();
        let first = touched.first().map_or(first, |(begin, _)| first.min(*begin));
        let last = touched.last().map_or(last, |(_, end)| last.max(*end));
        self.0.splice(begins..ends.max(begins), [(first, last)]);
    }

    pub(in crate::check::promises) fn join(&mut self, other: &Ranges) {
        other.iter().for_each(|(first, last)| self.add(first, last));
    }

    pub(in crate::check::promises) fn and(&self, other: &Ranges) -> Ranges {
        if self.is_all() {
            return other.clone();
        }
        let mut out = Vec::new();
        let (mut mine, mut theirs) = (self.iter().peekable(), other.iter().peekable());
        while let (Some((a, b)), Some((c, d))) = (mine.peek().copied(), theirs.peek().copied()) {
            if a.max(c) <= b.min(d) {
                out.push((a.max(c), b.min(d)));
            }
            if b < d {
                mine.next()
            } else {
                theirs.next()
            };
        }
        Ranges(out)
    }

    /// What is not in it.
    pub(in crate::check::promises) fn other(&self) -> Ranges {
        let mut out = Vec::new();
        let mut from = EVER;
        for (first, last) in self.iter() {
            if from < first {
                out.push((from, first.saturating_sub(1)));
            }
            if last == NEVER {
                return Ranges(out);
            }
            from = last.saturating_add(1);
        }
        out.push((from, NEVER));
        Ranges(out)
    }

    pub(in crate::check::promises) fn without(&self, other: &Ranges) -> Ranges {
        self.and(&other.other())
    }

    /// The smallest interval that holds all of it.
    pub(super) fn hull(&self) -> Ranges {
        match (self.0.first(), self.0.last()) {
            (Some((first, _)), Some((_, last))) => Ranges::between(*first, *last),
            _ => Ranges::none(),
        }
    }

    /// All up to its last member: what a copy would say that has one threshold.
    #[cfg(test)]
    pub(super) fn hull_down(&self) -> Ranges {
        self.0.last().map_or_else(Ranges::none, |(_, last)| Ranges::between(EVER, *last))
    }

    /// With all that lies up to `by` before a member.
    pub(in crate::check::promises) fn early_by(&self, by: Millis) -> Ranges {
        let mut out = Ranges::none();
        self.iter().for_each(|(first, last)| out.add(less(first, by), last));
        out
    }

    /// What reaches up to `top` reaches on for ever, and what reaches down to `floor` began ever.
    pub(super) fn stretched(&self, floor: Millis, top: Millis) -> Ranges {
        let mut out = Ranges::none();
        for (first, last) in self.iter() {
            out.add(if first <= floor { EVER } else { first.min(top) }, if last >= top { NEVER } else { last });
        }
        out
    }

    /// The ends of its intervals that are not infinite.
    pub(super) fn ends(&self) -> impl Iterator<Item = Millis> + '_ {
        self.iter().flat_map(|(first, last)| [first, last]).filter(|end| ![EVER, NEVER].contains(end))
    }
}
