//! When two customers are alike: whatever can happen to the one from now on can happen to the other.
//!
//! That is only meant to save work: what an adversary claims by it is done once more from the beginning before anybody is
//! blamed.

use serde_json::{Map, Value, json};

use super::world::{TICK, World};

/// By what of the time two customers differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Only by how long ago something was.
    Elapsed,
    /// By the hour as well.
    Hours,
    /// By the date, and by what the directory says.
    Days,
}

/// What is told apart of a customer, as of now.
pub(crate) fn key(world: &World<'_>, oldest: i64, clock: Clock) -> String {
    let mut whole = serde_json::to_value(&world.customer).unwrap();
    let customer = whole.as_object_mut().unwrap();
    let started = customer["started"].as_i64().unwrap();
    for name in ["said", "steps", "waited", "started", "id", "now"] {
        customer.remove(name);
    }
    if clock != Clock::Days {
        customer.remove("profile");
        customer.remove("agreed");
    }
    let visits: Vec<(i64, i64)> = items(customer, "instances")
        .iter()
        .map(|i| (i["number"].as_i64().unwrap(), i["visit"].as_i64().unwrap()))
        .collect();
    let relative = |item: &mut Map<String, Value>| {
        item.remove("id");
        let visit = item.get("visit").and_then(Value::as_i64);
        for name in ["number", "instance"] {
            let Some(number) = item.get(name).and_then(Value::as_i64) else { continue };
            if let Some(visit) = visit {
                let now = visits.contains(&(number, visit));
                item.insert("visit".into(), json!(now));
            }
            item.insert(name.into(), json!(number - started));
        }
    };
    for list in ["instances", "waiting", "left", "routes", "cases"] {
        for item in customer.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let item = item.as_object_mut().unwrap();
            // A waiting message's own number only tells their order.
            if list == "waiting" {
                item.remove("number");
            }
            relative(item);
            if list == "instances" {
                item.remove("measured");
                if let Some(call) = item.get_mut("call").and_then(Value::as_object_mut) {
                    call.remove("id");
                }
                if !item["ended"].is_null() {
                    let number = item["number"].clone();
                    item.clear();
                    item.insert("number".into(), number);
                }
            }
            if list == "routes" {
                item.remove("at");
                item.remove("address");
                item.remove("on_failed");
            }
        }
    }
    // Of routes only the newest of each kind can be told from others.
    if let Some(routes) = customer.get_mut("routes").and_then(Value::as_array_mut) {
        let mut seen = Vec::new();
        routes.reverse();
        for (i, route) in std::mem::take(routes).into_iter().enumerate() {
            if i < 2 || !seen.contains(&route) {
                seen.push(route);
            }
        }
        *routes = seen;
    }
    if let Some(left) = customer.get_mut("left").and_then(Value::as_array_mut) {
        left.retain(|l| l["at"].as_i64().is_some_and(|at| world.now - at < oldest));
    }
    shift(&mut whole, world.now, oldest);
    let hour = match clock {
        Clock::Elapsed => 0,
        Clock::Hours => world.now / TICK % 24,
        Clock::Days => world.now,
    };
    let paused = world.paused.max(world.now) - world.now;
    format!("{whole} {hour} {paused} {:?}", world.hooks)
}

fn items<'c>(customer: &'c Map<String, Value>, name: &str) -> &'c [Value] {
    customer[name].as_array().map_or(&[], Vec::as_slice)
}

/// Makes instants relative; those long ago or far ahead are all the same.
fn shift(value: &mut Value, now: i64, oldest: i64) {
    match value {
        Value::Number(n) => {
            if let Some(at) = n.as_i64().filter(|at| at.abs() > 1_000_000_000_000) {
                *value = json!((at - now).clamp(-oldest, 40 * TICK));
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|v| shift(v, now, oldest)),
        Value::Object(all) => all.values_mut().for_each(|v| shift(v, now, oldest)),
        _ => {}
    }
}
