//! What a thread looked up last by a name, since a step asks for the same few again and again.

use std::collections::VecDeque;

/// Names that are kept; most houses have fewer zones and languages.
const MOST: usize = 8;
/// Longest name that is kept, in bytes: no zone and no language has a longer one.
const LONGEST: usize = 64;

/// Values by the names that were asked for last, oldest first.
pub(crate) struct Recent<V>(VecDeque<(String, V)>);

impl<V: Clone> Recent<V> {
    pub(crate) const fn new() -> Recent<V> {
        Recent(VecDeque::new())
    }

    /// The value of this name, looked up where it is not kept. What is not there is asked for again each time.
    pub(crate) fn get(&mut self, name: &str, look_up: impl FnOnce() -> Option<V>) -> Option<V> {
        if let Some((_, value)) = self.0.iter().find(|(known, _)| known == name) {
            return Some(value.clone());
        }
        let value = look_up()?;
        if name.len() > LONGEST {
            return Some(value);
        }
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back((name.to_owned(), value.clone()));
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_up_is_kept_until_as_many_others_were() {
        let mut recent = Recent::new();
        let mut asked = 0;
        let mut ask = |name: &str| {
            recent.get(name, || {
                asked += 1;
                (name != "none").then_some(name.len())
            })
        };
        assert_eq!((ask("a"), ask("a"), ask("none"), ask("none")), (Some(1), Some(1), None, None));
        for n in 0..MOST {
            assert_eq!(ask(&format!("long{n}")), Some(5));
        }
        assert_eq!((ask("long7"), ask("a")), (Some(5), Some(1)));
        assert_eq!(asked, 1 + 2 + MOST + 1);
    }
}
