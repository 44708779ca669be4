//! Values, as a profile says that they are made.

use std::sync::Arc;

use journey_spec::program::{DAY, MINUTE, Millis};
use journey_spec::time::Zone;
use journey_spec::value::Data;
use journey_spec::{Ts, Value};

use super::profile::{Made, Make, Moment};
use super::random::Random;
use super::words::{Hours, Share};

/// For whom and when values are made.
pub(super) struct Making<'a> {
    pub(super) random: &'a mut Random,
    pub(super) now: Ts,
    pub(super) zone: &'a Zone,
    /// The customer's number.
    pub(super) customer: u64,
    /// The number of the thing that an event is about, counted per customer from 1.
    pub(super) thing: u64,
    /// Every instant moves: the content is new each time.
    pub(super) anew: bool,
}

impl Making<'_> {
    /// Fields in declaration order. What an event that follows keeps is taken from `before`.
    pub(super) fn fields(&mut self, all: &[Made], before: Option<&Data>) -> Data {
        let mut data = Data::new();
        for made in all {
            let known = before.and_then(|b| b.get(&made.name)).filter(|v| !matches!(v, Value::Missing));
            // What is known of a thing stays known.
            let missing = known.is_none() && self.random.happens(made.missing);
            let value = if missing { Value::Missing } else { self.value(&made.how, known) };
            data.insert(made.name.as_str(), value);
        }
        data
    }

    fn value(&mut self, how: &Make, before: Option<&Value>) -> Value {
        match (how, before) {
            (Make::Sequence(_), Some(Value::Text(_))) | (Make::Number, Some(Value::Number(_))) => {
                before.cloned().unwrap_or(Value::Missing)
            }
            (Make::Sequence(prefix), _) => Value::Text(format!("{prefix}{}", self.thing)),
            (Make::Number, _) => Value::Number(self.thing as f64),
            (Make::Instant(moment), _) => self.moment(moment, before),
            (Make::OneOf(list), Some(value)) if !self.anew && alike(list, value) => value.clone(),
            (Make::OneOf(list), _) => self.random.weighted(list).cloned().unwrap_or(Value::Missing),
            (Make::Range(from, to), _) => Value::Number(self.number(*from, *to)),
            (Make::Chance(share), _) => Value::Bool(self.random.happens(*share)),
            (Make::Duration(delay), _) => Value::Duration(self.random.lasts(*delay)),
            (Make::Money(from, to, currency), _) => {
                let cents = self.number((from * 100.0).round(), (to * 100.0).round());
                Value::Money(format!("{:.2}", cents / 100.0), currency.clone())
            }
            // Numbers that Ofcom keeps free for drama are too few for a million customers; these are no real ones either.
            (Make::Phone, _) => Value::Text(format!("+44700{:09}", self.customer % 1_000_000_000)),
            (Make::Email, _) => Value::Text(format!("customer-{}@example.com", self.customer)),
            (Make::Record(fields), Some(Value::Record(before))) => {
                Value::Record(Arc::new(self.fields(fields, Some(before))))
            }
            (Make::Record(fields), _) => Value::Record(Arc::new(self.fields(fields, None))),
        }
    }

    /// Whole where both ends are.
    fn number(&mut self, from: f64, to: f64) -> f64 {
        if from.fract() == 0.0 && to.fract() == 0.0 && from.abs() < 1e15 && to.abs() < 1e15 {
            return self.random.between(from as i64, to as i64) as f64;
        }
        from + self.random.unit() * (to - from)
    }

    fn moment(&mut self, moment: &Moment, before: Option<&Value>) -> Value {
        let known = match before {
            Some(Value::Instant(at)) => Some(*at),
            Some(Value::Date(days)) => Some(Ts::from(*days).saturating_mul(DAY)),
            _ => None,
        };
        let moved = if self.anew { Share::ALL } else { moment.moved };
        let at = match (known, before) {
            (Some(_), Some(before))
                if matches!(before, Value::Date(_)) == moment.date && !self.random.happens(moved) =>
            {
                return before.clone();
            }
            (Some(known), _) => known.saturating_add(self.random.between(moment.shift.0, moment.shift.1)),
            (None, _) => self.now.saturating_add(self.random.lasts(moment.ahead)),
        };
        let at = moment.hours.map_or(at, |hours| into_hours(self.zone, at, hours));
        if moment.date {
            return Value::Date(i32::try_from(at.div_euclid(DAY)).unwrap_or(i32::MAX));
        }
        let round = moment.round.max(1);
        let (first, last) = (*journey_spec::time::RANGE.start(), *journey_spec::time::RANGE.end());
        Value::Instant((at.div_euclid(round).saturating_mul(round)).clamp(first, last))
    }
}

/// The same day, at a time within these hours of the local clock; all times of a day keep their order.
pub(super) fn into_hours(zone: &Zone, at: Ts, hours: Hours) -> Ts {
    let minute = Millis::from(zone.minute_of_day(at));
    let (from, to) = (Millis::from(hours.from), Millis::from(hours.to));
    if (from..to).contains(&minute) {
        return at;
    }
    let wanted = from + minute * (to - from) / 1440;
    at.saturating_add((wanted - minute).saturating_mul(MINUTE))
}

/// As [`into_hours`], on the next day where that would be before `now`.
pub(super) fn later_in_hours(zone: &Zone, at: Ts, hours: Option<Hours>, now: Ts) -> Ts {
    let Some(hours) = hours else { return at };
    let moved = into_hours(zone, at, hours);
    if moved < now { into_hours(zone, at.saturating_add(DAY), hours).max(now) } else { moved }
}

/// Whether a value is of the kind that a list has.
fn alike(list: &[(Value, u32)], value: &Value) -> bool {
    list.first().is_some_and(|(first, _)| std::mem::discriminant(first) == std::mem::discriminant(value))
}
