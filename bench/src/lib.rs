//! What is measured with: texts of any length (a house, and journeys like those of the examples, one after another), whole
//! [`programs`], the examples themselves, and random [`models`].

pub mod events;
pub mod host;
pub mod models;
pub mod plot;
pub mod programs;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use journey_compiler::source::Memory;

const EXAMPLE: &str = include_str!("../../examples/house/care.journey");

/// The house of the examples, and that of dozens of journeys not all wake a customer at eight (J0222).
pub(crate) fn house() -> String {
    EXAMPLE.replacen("policy house {", "policy house {\n  limit messages to 2 per 1h else defer", 1)
}

/// The house, and as many journeys as make about this many lines.
#[must_use]
pub fn text(lines: usize) -> String {
    let mut text = house();
    for n in 0.. {
        let next = journey(n);
        if text.lines().count() + next.lines().count() > lines && n > 0 {
            break;
        }
        text.push_str(&next);
    }
    text
}

/// The text as a project of one file.
#[must_use]
pub fn project(text: &str) -> (Vec<String>, Memory) {
    (vec!["main.journey".into()], Memory([("main.journey".to_owned(), text.to_owned())].into()))
}

/// An example as a project, its scenarios left out.
///
/// # Panics
///
/// Where the examples are not beside this crate.
#[must_use]
pub fn example(name: &str) -> (Vec<String>, Memory) {
    let examples = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples"));
    let mut files = Memory::default();
    let mut open = vec![PathBuf::from(name), PathBuf::from("house")];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(examples.join(&at)).expect("the examples are here").flatten() {
            let path = at.join(entry.file_name());
            match std::fs::read_to_string(entry.path()) {
                Ok(text) => _ = files.0.insert(path.to_string_lossy().into_owned(), text),
                Err(_) if entry.path().is_dir() => open.push(path),
                Err(_) => {} // the module of a hook
            }
        }
    }
    (vec![format!("{name}/{name}.journey")], files)
}

/// The one in the middle, of an odd number of times.
#[must_use]
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The time that some work takes, of some rounds the median, in milliseconds.
#[must_use]
pub fn middle(work: impl Fn()) -> f64 {
    let rounds = (0..11).map(|_| {
        let began = Instant::now();
        work();
        began.elapsed()
    });
    median(rounds.collect()).as_secs_f64() * 1_000.0
}

fn journey(n: usize) -> String {
    JOURNEY.replace("NR", &n.to_string())
}

const JOURNEY: &str = r#"
record BookingNR { id: text, slot: instant, engineer: text? }

event bookingNR.created { booking: BookingNR }
event bookingNR.rescheduled { booking: BookingNR }
event bookingNR.cancelled { booking: BookingNR }

message confirmationNR {
  purpose service
  sms "Hi {customer.first_name}, your engineer comes {booking.slot:day} at {booking.slot:time}."
  replies { callNR: "no visit" }
  valid until booking.slot
}

message movedNR {
  purpose service
  sms "Your visit is now {booking.slot:day} at {booking.slot:time}."
  valid until booking.slot
}

message reminderNR {
  purpose service
  sms "Your engineer comes {booking.slot:day} at {booking.slot:time}."
  valid until booking.slot
}

service cancelNR(booking: text) -> one of { done, refused }

/// The visit of an engineer.
journey visitNR for customer per booking.id {
  data booking: BookingNR

  limit live to 3 else handoff "scheduling"
  limit starts to 3 per 30d else handoff "scheduling"
  limit visits moved to 3 per 7d else -> agent
  limit visits tomorrow to 2 per 7d else -> agent

  start on bookingNR.created(booking) -> booked

  on bookingNR.cancelled -> cancelled
  on reply callNR -> asking_off
  on reply stay { handoff "care" with transcript }

  state booked { send confirmationNR   -> waiting }
  state moved { send movedNR   -> waiting }

  state waiting {
    on bookingNR.rescheduled(booking) settle 15m -> moved
    on blocked -> agent
    at booking.slot - 1d -> tomorrow, if past -> day
  }

  state tomorrow { send reminderNR   -> day }

  state day {
    on bookingNR.rescheduled(booking) settle 15m -> moved
    on blocked -> agent
    at booking.slot + 12h -> visited, if past -> visited
  }

  state asking_off {
    call cancelNR(booking.id) within 30s {
      done -> cancelled
      refused -> agent
      failed -> agent
    }
  }

  state agent {
    handoff "scheduling" with transcript
    on bookingNR.rescheduled(booking) stay
    on handoff.closed -> cancelled
    after 3d -> cancelled
  }

  end visited as success
  end cancelled as neutral
}
"#;
