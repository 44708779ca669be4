//! Programs to measure with: one very long journey, and a portfolio of many.
//!
//! Both are made of legs of five states, each like `examples/appointment`: an engineer's visit is confirmed, may be moved,
//! and is reminded of the day before; then comes the next one. What all journeys share stands in a file of its own.

use std::fmt::Write;

use journey_compiler::source::Memory;

use crate::house;

/// Journeys in one file: so many that it stays below a megabyte.
const IN_A_FILE: usize = 200;

/// A project of so many journeys, each with nearly so many states. Either at most three moves a day are taken in for one
/// customer, so that each window has a product of its own, or any number.
#[must_use]
pub fn portfolio(journeys: usize, states: usize, limited: bool) -> (Vec<String>, Memory) {
    files(journeys, states, limited, IN_A_FILE, None)
}

/// The same with a file for each journey, in one of which somebody waits another time before the second visit is
/// confirmed: so many hours.
#[must_use]
pub fn edited(journeys: usize, states: usize, edited: usize, hours: usize) -> (Vec<String>, Memory) {
    files(journeys, states, true, 1, Some((edited, hours)))
}

fn files(
    journeys: usize,
    states: usize,
    limited: bool,
    in_a_file: usize,
    edited: Option<(usize, usize)>,
) -> (Vec<String>, Memory) {
    let shared = match limited {
        true => SHARED.replace(ANY, "event booking.moved { booking: Booking } at most 3 per 24h else dead letter"),
        false => SHARED.to_owned(),
    };
    let mut files = vec![("shared.journey".to_owned(), format!("{}{shared}", house()))];
    let mut text = String::new();
    for n in 0..journeys {
        if n % in_a_file == 0 {
            text = String::from("use \"shared.journey\"\n");
        }
        let rest = edited.filter(|(edited, _)| *edited == n).map_or(72 + n % 31, |(_, hours)| hours);
        text += &journey(n, states, rest);
        if n % in_a_file == in_a_file - 1 || n + 1 == journeys {
            files.push((format!("{}.journey", n / in_a_file), std::mem::take(&mut text)));
        }
    }
    let roots = files.iter().map(|(path, _)| path.clone()).collect();
    (roots, Memory(files.into_iter().collect()))
}

fn journey(n: usize, states: usize, rest: usize) -> String {
    let legs = (states.saturating_sub(3) / 5).max(1);
    let mut out = format!("\njourney visit{n} for customer per booking.id {{\n{HEAD}");
    for i in 0..legs {
        let next = match i + 1 {
            next if next < legs => format!("b{next}"),
            _ => "visited".into(),
        };
        // No two journeys have the same durations.
        let hours = if i == 0 { rest } else { 48 + (n * 7 + i * 13) % 97 };
        let _ = write!(
            out,
            "state b{i} {{ send confirmation -> w{i} }}
state m{i} {{ send moved -> w{i} }}
state w{i} {{
on booking.moved(booking) settle 15m -> m{i}
on blocked -> agent
at booking.slot - 1d -> t{i}, if past -> d{i}
}}
state t{i} {{ send reminder -> d{i} }}
state d{i} {{
on booking.moved(booking) settle 15m -> m{i}
after {hours}h -> {next}
}}
"
        );
    }
    out + "end visited as success\nend cancelled as neutral\n}\n"
}

const HEAD: &str = r#"data booking: Booking
limit live to 2 else handoff "scheduling"
limit starts to 3 per 30d else handoff "scheduling"
start on booking.created(booking) -> b0
on booking.cancelled -> cancelled
on reply call -> agent
on reply stay { handoff "care" with transcript }
state agent {
handoff "scheduling" with transcript
on booking.moved(booking) stay
on handoff.closed -> cancelled
after 3d -> cancelled
}
"#;

const ANY: &str = "event booking.moved { booking: Booking }";

const SHARED: &str = r#"
record Booking { id: text, slot: instant }

event booking.created { booking: Booking }
event booking.moved { booking: Booking }
event booking.cancelled { booking: Booking }

message confirmation {
  purpose service
  sms "Hi {customer.first_name}, your engineer comes {booking.slot:day} at {booking.slot:time}."
  replies { call: "no visit" }
  valid until booking.slot
}

message moved {
  purpose service
  sms "Your visit is now {booking.slot:day} at {booking.slot:time}."
  valid until booking.slot
}

message reminder {
  purpose service
  sms "Your engineer comes {booking.slot:day} at {booking.slot:time}."
  valid until booking.slot
}
"#;
