//! Named values, as records, events, journeys and customers have them.

use std::fmt;

use compact_str::CompactString;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Value;

/// Up to so many names are looked through one by one: most differ in their length already, and are then not compared.
const FEW: usize = 16;

/// Named values: an event's data, a journey's data, a customer's profile, a record's fields. Each name comes once; they are
/// in the order of their names, also where they are written.
///
/// A list and no tree, since there are few of them, and a step asks for some again and again.
#[derive(Clone, Default, PartialEq)]
pub struct Data(Vec<(CompactString, Value)>);

impl Data {
    /// Without values.
    #[must_use]
    pub const fn new() -> Data {
        Data(Vec::new())
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(self.find(name)?).map(|(_, value)| value)
    }

    /// The value of this name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let at = self.find(name)?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    /// Whether there is a value of this name.
    #[must_use]
    pub fn contains_key(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Puts a value there. Gives the one that it replaces.
    pub fn insert(&mut self, name: impl Into<CompactString>, value: Value) -> Option<Value> {
        let name = name.into();
        // What is read comes in order.
        if self.0.last().is_none_or(|(last, _)| *last < name) {
            self.0.push((name, value));
            return None;
        }
        match self.0.binary_search_by(|(known, _)| known.cmp(&name)) {
            Ok(at) => self.0.get_mut(at).map(|(_, known)| std::mem::replace(known, value)),
            Err(at) => {
                self.0.insert(at, (name, value));
                None
            }
        }
    }

    /// Takes the value of this name out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.find(name).map(|at| self.0.remove(at).1)
    }

    /// Takes all values out.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Keeps those of which this is true.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Value) -> bool) {
        self.0.retain_mut(|(name, value)| keep(name, value));
    }

    /// The values with their names, in the names' order.
    pub fn iter(&self) -> Iter<'_> {
        self.into_iter()
    }

    /// The names, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.iter().map(|(name, _)| name)
    }

    /// The values, in the order of their names.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> + Clone {
        self.0.iter().map(|(_, value)| value)
    }

    /// The same, to be changed.
    pub fn values_mut(&mut self) -> impl ExactSizeIterator<Item = &mut Value> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    fn find(&self, name: &str) -> Option<usize> {
        if self.0.len() <= FEW {
            return self.0.iter().position(|(known, _)| known == name);
        }
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()
    }
}

/// What [`Data::iter`] gives.
#[derive(Clone, Debug)]
pub struct Iter<'a>(std::slice::Iter<'a, (CompactString, Value)>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (name.as_str(), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Into<CompactString>> FromIterator<(K, Value)> for Data {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(named: I) -> Data {
        let named = named.into_iter();
        let mut data = Data(Vec::with_capacity(named.size_hint().0));
        data.extend(named);
        data
    }
}

impl<K: Into<CompactString>> Extend<(K, Value)> for Data {
    fn extend<I: IntoIterator<Item = (K, Value)>>(&mut self, named: I) {
        for (name, value) in named {
            self.insert(name, value);
        }
    }
}

impl<K: Into<CompactString>, const N: usize> From<[(K, Value); N]> for Data {
    fn from(named: [(K, Value); N]) -> Data {
        named.into_iter().collect()
    }
}

impl<'a> IntoIterator for &'a Data {
    type Item = (&'a str, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        Iter(self.0.iter())
    }
}

impl IntoIterator for Data {
    type Item = (CompactString, Value);
    type IntoIter = std::vec::IntoIter<(CompactString, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Data, D::Error> {
        deserializer.deserialize_map(Named)
    }
}

struct Named;

impl<'de> Visitor<'de> for Named {
    type Value = Data;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("named values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Data, A::Error> {
        let mut data = Data::new();
        while let Some((name, value)) = map.next_entry::<CompactString, Value>()? {
            data.insert(name, value);
        }
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// What is done to named values; names are few, so that they meet, and more than are looked through one by one.
    #[derive(Clone, Debug)]
    enum Change {
        Insert(u8, f64),
        Remove(u8),
        Retain(u8),
        Set(u8, f64),
        Clear,
    }

    fn change() -> impl Strategy<Value = Change> {
        let name = 0..2 * FEW as u8;
        let number = || (0..100_i32).prop_map(f64::from);
        prop_oneof![
            20 => (name.clone(), number()).prop_map(|(name, n)| Change::Insert(name, n)),
            3 => name.clone().prop_map(Change::Remove),
            1 => (2..5_u8).prop_map(Change::Retain),
            3 => (name, number()).prop_map(|(name, n)| Change::Set(name, n)),
            1 => Just(Change::Clear),
        ]
    }

    /// Of several lengths, and not in the order of the numbers.
    fn name(n: u8) -> String {
        format!("{}{n}", "long".repeat(usize::from(n % 9)))
    }

    proptest! {
        /// Named values are what a map by name is: the same values, in the same order, written the same way.
        #[test]
        fn named_values_are_a_map(changes in prop::collection::vec(change(), 0..80)) {
            let (mut data, mut map) = (Data::new(), BTreeMap::new());
            for change in changes {
                match change {
                    Change::Insert(n, value) => {
                        let before = data.insert(name(n), Value::Number(value));
                        prop_assert_eq!(before, map.insert(name(n), Value::Number(value)));
                    }
                    Change::Remove(n) => prop_assert_eq!(data.remove(&name(n)), map.remove(&name(n))),
                    Change::Retain(by) => {
                        data.retain(|name, _| name.len() % usize::from(by) != 0);
                        map.retain(|name, _| name.len() % usize::from(by) != 0);
                    }
                    Change::Set(n, value) => {
                        let known = data.get_mut(&name(n)).map(|known| *known = Value::Number(value));
                        prop_assert_eq!(known, map.get_mut(&name(n)).map(|known| *known = Value::Number(value)));
                    }
                    Change::Clear => {
                        data.clear();
                        map.clear();
                    }
                }
                prop_assert_eq!((data.len(), data.is_empty()), (map.len(), map.is_empty()));
                for n in 0..2 * FEW as u8 + 1 {
                    prop_assert_eq!(data.get(&name(n)), map.get(&name(n)));
                    prop_assert_eq!(data.contains_key(&name(n)), map.contains_key(&name(n)));
                }
                prop_assert!(data.iter().eq(map.iter().map(|(name, value)| (name.as_str(), value))));
                prop_assert!(data.keys().eq(map.keys()) && data.values().eq(map.values()));
            }
            prop_assert_eq!(format!("{data:?}"), format!("{map:?}"));
            let json = serde_json::to_string(&data).unwrap();
            prop_assert_eq!(&json, &serde_json::to_string(&map).unwrap());
            prop_assert_eq!(&serde_json::from_str::<Data>(&json).unwrap(), &data);
            prop_assert_eq!(&map.into_iter().rev().collect::<Data>(), &data, "whatever their order is");
        }
    }

    #[test]
    fn of_a_name_that_is_written_twice_the_last_value_counts() {
        let data: Data =
            serde_json::from_str(r#"{"b": {"number": 1.0}, "a": "missing", "b": {"number": 2.0}}"#).unwrap();
        assert_eq!(data, Data::from([("a", Value::Missing), ("b", Value::Number(2.0))]));
    }
}
