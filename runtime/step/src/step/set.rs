//! `set`: data that a journey changes itself.

use std::sync::Arc;

use journey_spec::program::Set;
use journey_spec::time::{Zone, rfc3339};
use journey_spec::value::{Data, Value, number_in_brief};

use super::Run;
use crate::effect::What;

impl Run<'_> {
    /// Changes a datum; timers and deadlines that are computed from it follow. `left` is the message whose leaving does it.
    pub(crate) fn set(&mut self, n: usize, set: &Set, left: Option<&str>) {
        let value = match &set.hook {
            Some(ask) => self.judged_value(n, ask),
            None => self.asked(n).and_then(|asked| asked.value(&set.value)),
        };
        let value = value.filter(|v| *v != Value::Missing);
        let value = match value {
            Some(value) => value,
            None if set.optional => Value::Missing,
            // What is always needed stays as it is where nothing is known to put there.
            None => return,
        };
        let Some(instance) = self.c.instances.get_mut(n) else { return };
        let Some(place) = at_mut(&mut instance.data, &set.path) else { return };
        if *place == value {
            return;
        }
        let told = match &value {
            _ if set.sensitive => "a sensitive value".to_string(),
            Value::Missing => "missing".to_string(),
            Value::Instant(at) => rfc3339(*at),
            Value::Number(number) => number_in_brief(*number),
            other => super::render::plain(other, &Zone::utc()),
        };
        *place = value;
        self.note(Some(n), What::Set { path: set.path.join(".").into(), value: told, left: left.map(str::to_owned) });
        self.follow_data(n);
    }
}

/// The place of a datum or a part of one; none inside of what is missing.
fn at_mut<'a>(data: &'a mut Data, path: &[String]) -> Option<&'a mut Value> {
    let (first, rest) = path.split_first()?;
    let mut place = datum_mut(data, first)?;
    for part in rest {
        let Value::Record(fields) = place else { return None };
        place = datum_mut(Arc::make_mut(fields), part)?;
    }
    Some(place)
}

/// The place of one datum, made where there is none.
fn datum_mut<'a>(data: &'a mut Data, name: &str) -> Option<&'a mut Value> {
    if !data.contains_key(name) {
        data.insert(name, Value::Missing);
    }
    data.get_mut(name)
}
