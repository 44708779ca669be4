//! The world that is made up from a program, written as a profile to begin with.

use journey_runtime::simulate::profile::{Made, Make, When};
use journey_runtime::simulate::{Delay, Profile, Rate, Share};
use journey_spec::Value;
use journey_spec::program::Program;
use journey_spec::time::{Zone, spelled_duration};

/// The profile of this program as text; read again, it is the same world.
pub(super) fn text(program: &Program, profile: &Profile) -> String {
    let mut out = String::from(
        "# What our customers and our feed are like. Made up from the program by `journeyc simulate --write-profile`: change what\n\
         # you know better, and remove what you do not care for.\n",
    );
    let zone = Zone::utc();
    let begins = zone.local(profile.begins);
    out.push_str(&format!("begins = \"{:04}-{:02}-{:02}\"\n\n[customer]\n", begins.year, begins.month, begins.day));
    for made in &profile.customer {
        field(&mut out, &quoted_key(&made.name), made);
    }
    for (event, plan) in program.events.iter().zip(&profile.events) {
        let name = quoted(&event.name);
        out.push_str(&format!("\n[event.{name}]\n"));
        if let Some(rate) = plan.rate {
            out.push_str(&format!("rate = {}\n", quoted(&spelled_rate(rate))));
        }
        let after = |id: journey_spec::program::EventId| program.events.get(id.index()).map(|e| quoted(&e.name));
        let names: Vec<String> = plan.follows.iter().filter_map(|f| after(f.event)).collect();
        if let Some(first) = plan.follows.first() {
            out.push_str(&format!("after = [{}]\n", names.join(", ")));
            share(&mut out, "share", first.share);
            if let When::After(delay) = first.when {
                out.push_str(&format!("delay = {}\n", quoted(&spelled_delay(delay))));
            }
            share(&mut out, "again", first.again);
        } else if plan.rate.is_none() {
            out.push_str("# nothing brings it: no journey that it is heard by starts with another event\n");
        }
        for made in &plan.fields {
            field(&mut out, &format!("fields.{}", quoted_key(&made.name)), made);
        }
    }
    if let Some(plan) = profile.messages.first() {
        out.push_str("\n[messages]\n");
        share(&mut out, "share", plan.answered);
        out.push_str(&format!("delay = {}\n", quoted(&spelled_delay(plan.delay))));
        share(&mut out, "recognised", plan.recognised);
        let texts: Vec<String> = plan.texts.iter().map(|t| quoted(t)).collect();
        out.push_str(&format!("texts = [{}]\n", texts.join(", ")));
        share(&mut out, "stop", plan.stop);
        share(&mut out, "fails", plan.fails);
    }
    for (message, plan) in program.messages.iter().zip(&profile.messages).filter(|(m, _)| !m.replies.is_empty()) {
        let names = message.replies.iter().filter(|r| !r.words.is_empty()).map(|r| quoted_key(&r.name));
        let answers: Vec<String> = names.zip(&plan.invited).map(|(name, (_, w))| format!("{name} = {w}")).collect();
        out.push_str(&format!("\n[message.{}]\nanswers = {{ {} }}\n", quoted_key(&message.name), answers.join(", ")));
    }
    for (service, plan) in program.services.iter().zip(&profile.services) {
        out.push_str(&format!("\n[service.{}]\n", quoted_key(&service.name)));
        if !plan.outcomes.is_empty() {
            out.push_str(&format!("outcomes = {{ {} }}\n", weighted(&plan.outcomes)));
        }
        out.push_str(&format!("delay = {}\n", quoted(&spelled_delay(plan.delay))));
        share(&mut out, "failed", plan.failed);
        share(&mut out, "silent", plan.silent);
    }
    for (hook, plan) in program.hooks.iter().zip(&profile.hooks) {
        out.push_str("\n# Without this section the hook's module is asked, where it is there.");
        out.push_str(&format!("\n[hook.{}]\n", quoted_key(&hook.name)));
        match plan.says.as_slice() {
            [] => out.push_str(&format!("number = [{:?}, {:?}]\n", plan.number.0, plan.number.1)),
            says => out.push_str(&format!("says = {{ {} }}\n", weighted(says))),
        }
        share(&mut out, "failed", plan.failed);
    }
    out.push_str(&format!("\n[desks]\ndelay = {}\n", quoted(&spelled_delay(profile.desk.delay))));
    share(&mut out, "never", profile.desk.never);
    out.push_str("\n# What goes wrong for everybody, also without --faults.\n[faults]\n");
    for (key, of) in [
        ("duplicates", profile.faults.duplicates),
        ("reordered", profile.faults.reordered),
        ("late", profile.faults.late),
        ("lost", profile.faults.lost),
        ("stuck", profile.faults.stuck),
    ] {
        share(&mut out, key, of);
    }
    out
}

/// A text as TOML writes it; what JSON escapes is escaped so there too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A name as a key: bare where it can be.
fn quoted_key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { quoted(name) }
}

fn share(out: &mut String, key: &str, share: Share) {
    out.push_str(&format!("{key} = \"{}\"\n", share.spelled()));
}

fn weighted(all: &[(String, u32)]) -> String {
    let all: Vec<String> = all.iter().map(|(name, weight)| format!("{} = {weight}", quoted_key(name))).collect();
    all.join(", ")
}

fn spelled_delay(delay: Delay) -> String {
    match delay {
        Delay::Between(from, to) if from == to => spelled_duration(from),
        Delay::Between(from, to) => format!("{} to {}", spelled_duration(from), spelled_duration(to)),
        Delay::About(mean) => format!("about {}", spelled_duration(mean)),
    }
}

fn spelled_rate(rate: Rate) -> String {
    format!("1 per {}", spelled_duration(rate.every))
}

fn signed(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    format!("{sign}{}", spelled_duration(ms.saturating_abs()))
}

/// The line of a field, or those of a record's. What has no words of its own stays as it is made up.
fn field(out: &mut String, key: &str, made: &Made) {
    let mut parts: Vec<String> = Vec::new();
    match &made.how {
        Make::Record(inner) => {
            for made in inner {
                field(out, &format!("{key}.{}", quoted_key(&made.name)), made);
            }
            return;
        }
        Make::Sequence(prefix) => parts.push(format!("prefix = {}", quoted(prefix))),
        Make::Instant(moment) => {
            parts.push(format!("ahead = {}", quoted(&spelled_delay(moment.ahead))));
            let (from, to) = moment.shift;
            parts.push(format!("shift = \"{} to {}\"", signed(from), signed(to)));
            parts.push(format!("moved = \"{}\"", moment.moved.spelled()));
            parts.push(format!("round = \"{}\"", spelled_duration(moment.round)));
        }
        Make::OneOf(list) => {
            let values: Option<Vec<String>> = list.iter().map(|(value, _)| literal(value)).collect();
            let Some(values) = values.filter(|v| !v.is_empty()) else { return };
            parts.push(format!("one_of = [{}]", values.join(", ")));
            if list.iter().any(|(_, weight)| *weight != 1) {
                let weights: Vec<String> = list.iter().map(|(_, weight)| weight.to_string()).collect();
                parts.push(format!("weights = [{}]", weights.join(", ")));
            }
        }
        Make::Range(from, to) => parts.push(format!("range = [{from:?}, {to:?}]")),
        Make::Chance(share) => parts.push(format!("true = \"{}\"", share.spelled())),
        Make::Duration(delay) => parts.push(format!("lasts = {}", quoted(&spelled_delay(*delay)))),
        Make::Money(from, to, currency) => {
            parts.push(format!("range = [{from:?}, {to:?}], currency = {}", quoted(currency)));
        }
        Make::Number | Make::Phone | Make::Email => {}
    }
    if made.missing > Share::NONE {
        parts.push(format!("missing = \"{}\"", made.missing.spelled()));
    }
    if !parts.is_empty() {
        out.push_str(&format!("{key} = {{ {} }}\n", parts.join(", ")));
    }
}

/// A plain value; nothing for those that have no words of their own in a profile.
fn literal(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(quoted(text)),
        Value::Number(number) => Some(format!("{number:?}")),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}
