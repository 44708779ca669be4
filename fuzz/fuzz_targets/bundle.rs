//! Any bytes are refused as a bundle or give a program that runs. So that there is something behind the hash to find, what
//! still reads as a program gets a hash that fits, as somebody who forges a bundle would give it.
#![no_main]

use journey_spec::program::{Channel, DAY, HOUR};
use journey_spec::time::parse_rfc3339;
use journey_spec::value::fields_from_json;
use journey_spec::{Program, bundle};
use journey_step::{Customer, Input, step};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(program) = bundle::read(bytes) {
        run(program);
        return;
    }
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(bytes) else { return };
    let Some(program) = json.get("program").cloned() else { return };
    let Ok(program) = serde_json::from_value::<Program>(program) else { return };
    let text = bundle::write(&program.seal(), "fuzz");
    if let Ok(program) = bundle::read(text.as_bytes()) {
        assert_eq!(bundle::write(&program, "fuzz"), text);
        run(program);
    }
});

/// A customer, each event with what the examples' events hold, an answer, STOP, and a month.
fn run(program: Program) {
    let mut now = parse_rfc3339("2026-03-02T10:00:00Z").expect("an instant");
    let who = json!({"first_name": "V", "phone": "+447700900123", "email": "v@example.org", "zone": "Europe/London"});
    let mut inputs = Vec::new();
    if let Ok(profile) = fields_from_json(&who, &program.customer.fields, &program.records) {
        inputs.push(Input::CustomerUpdated { profile: profile.into(), stopped: Vec::new() });
    }
    let data = json!({
        "booking": {"id": "B1", "slot": "2026-03-20T09:00:00Z", "engineer": "E"},
        "flight": {"id": "F1", "number": "JY1", "departs": "2026-03-20T09:00:00Z", "gate": "7"},
    });
    for event in program.events.iter().take(8) {
        let data = fields_from_json(&data, &event.fields, &program.records).unwrap_or_default();
        inputs.push(Input::Event { name: event.name.to_string(), at: now, data });
    }
    inputs.push(Input::Reply { channel: Channel::Sms, address: None, text: "book".into() });
    inputs.push(Input::OptOut { address: "+447700900123".into(), confirm: true });
    inputs.extend(std::iter::repeat_n(Input::Due, 30));
    let mut customer = Customer::new("c");
    for input in inputs {
        now += if input == Input::Due { DAY } else { HOUR };
        customer = step(&program, customer, &input, now).0;
    }
}
