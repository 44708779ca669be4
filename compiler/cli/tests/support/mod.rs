//! Small projects in folders of their own, and the binary run in them.

#![allow(dead_code)] // each test file uses its part
#![allow(clippy::expect_used)] // a test that cannot build its place has failed

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A house: who the customer is, and what holds for every journey.
pub(crate) const CARE: &str = r#"customer {
  first_name: text
  phone: phone? for sms
  zone: zone
}

policy house {
  limit messages to 6 per 24h else latest
  quiet 21:00 to 08:00 else defer
  valid for 12h
  grace 15m
  reply window 7d
  after the end, replies -> handoff "care"
}
"#;

/// A journey of that house.
pub(crate) const JOURNEY: &str = r#"use "care.journey"

record Booking { id: text, slot: instant }

event booking.created { booking: Booking }
event booking.rescheduled { booking: Booking }

message confirmation {
  purpose service
  sms "Hi {customer.first_name}, your engineer comes {booking.slot:day} at {booking.slot:time}."
  replies { call_off: "no visit" }
  valid until booking.slot
}

message moved_notice {
  purpose service
  sms "Your visit is now {booking.slot:day} at {booking.slot:time}."
  valid until booking.slot
}

message reminder {
  purpose service
  sms "Your engineer comes {booking.slot:day} at {booking.slot:time}."
  valid until booking.slot
}

service cancel_visit(booking: text) -> one of { done, refused }

journey visit for customer per booking.id {
  data booking: Booking

  limit live to 3 else handoff "scheduling"
  limit starts to 3 per 30d else handoff "scheduling"
  limit visits moved to 3 per 7d else -> agent
  limit visits tomorrow to 2 per 7d else -> agent

  start on booking.created(booking) -> booked

  on reply call_off -> asking_off
  on reply stay { handoff "care" with transcript }

  state booked { send confirmation   -> waiting }
  state moved { send moved_notice   -> waiting }

  state waiting {
    on booking.rescheduled(booking) settle 15m -> moved
    on blocked -> agent
    at booking.slot - 1d -> tomorrow, if past -> day
  }

  state tomorrow { send reminder   -> day }

  state day {
    on booking.rescheduled(booking) settle 15m -> moved
    on blocked -> agent
    at booking.slot + 12h -> visited, if past -> visited
  }

  state asking_off {
    call cancel_visit(booking.id) within 30s {
      done -> cancelled
      refused -> agent
      failed -> agent
    }
  }

  state agent {
    handoff "scheduling" with transcript
    on booking.rescheduled(booking) stay
    on handoff.closed -> cancelled
    after 3d -> cancelled
  }

  end visited as success
  end cancelled as neutral
}
"#;

/// Its scenarios.
pub(crate) const SCENARIOS: &str = r#"use "visit.journey"

scenario "a visit that goes well" for visit {
  given customer { first_name: "Omar", phone: "+44 7700 900124", zone: "Europe/London" }
  at 2026-03-02 10:00 event booking.created { booking: { id: "B1", slot: 2026-03-05 13:00 } }
  expect sms confirmation
  at 2026-03-04 12:59
  expect no message
  at 2026-03-04 13:00
  expect sms reminder
  advance 2d
  expect state visited
  expect exactly 2 messages
}

scenario "a stuck back end asks again and again" for visit {
  given customer { first_name: "Omar", phone: "+44 7700 900124", zone: "Europe/London" }
  at 2026-03-02 10:00 event booking.created { booking: { id: "B1", slot: 2026-03-20 09:00 } }
  expect message confirmation
  repeat 100 every 1m as n { event booking.rescheduled { booking: { id: "B1", slot: 2026-03-20 09:00 + n days } } }
  expect exactly 4 messages
  expect at most 4 sms
  expect state agent
  expect handoff "scheduling"
  expect booking.slot 2026-06-28 09:00
  handoff closed "scheduling"
  expect no handoff
  expect state cancelled
}

scenario "called off, and the back end refuses" for visit {
  given customer { first_name: "Omar", phone: "+44 7700 900124", zone: "Europe/London" }
  mock call cancel_visit -> refused
  at 2026-03-02 10:00 event booking.created { booking: { id: "B1", slot: 2026-03-20 09:00 } }
  reply "No visit."
  expect call cancel_visit
  expect state agent
}

scenario "after STOP nothing leaves" for visit {
  given customer { first_name: "Omar", phone: "+44 7700 900124", zone: "Europe/London" }
  at 2026-03-02 10:00 event booking.created { booking: { id: "B1", slot: 2026-03-20 09:00 } }
  expect sms confirmation
  opt out
  at 2026-03-03 10:00 event booking.rescheduled { booking: { id: "B1", slot: 2026-03-21 09:00 } }
  advance 15m
  expect blocked moved_notice
  expect no message
  expect state agent
  expect exactly 1 messages
}
"#;

/// A folder that is removed at the end.
pub(crate) struct Place(tempfile::TempDir);

/// What a run printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// What was said on stderr, with `N ms` for every time.
    pub(crate) fn err_without_times(&self) -> String {
        without_times(&self.err)
    }
}

/// `N ms` in place of every time that a run took.
pub(crate) fn without_times(text: &str) -> String {
    let mut out = String::new();
    for part in text.split_inclusive(" ms") {
        match part.strip_suffix(" ms") {
            Some(before) => {
                out.push_str(before.trim_end_matches(|c: char| c.is_ascii_digit()));
                out.push_str("N ms");
            }
            None => out.push_str(part),
        }
    }
    out
}

impl Place {
    /// An empty folder.
    pub(crate) fn empty() -> Place {
        Place(tempfile::tempdir().expect("a folder"))
    }

    /// A folder with the project `visit`.
    pub(crate) fn with_project() -> Place {
        let place = Place::empty();
        place.write("visit/care.journey", CARE);
        place.write("visit/visit.journey", JOURNEY);
        place.write("visit/visit.scenario.journey", SCENARIOS);
        place
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, name: &str, text: &str) {
        self.write_bytes(name, text.as_bytes());
    }

    /// Writes a file of any bytes.
    pub(crate) fn write_bytes(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, bytes).expect("a file");
    }

    /// Replaces the first place of a text in a file.
    pub(crate) fn replace(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).expect("the file");
        assert!(text.contains(from), "{name} holds no `{from}`");
        fs::write(self.path(name), text.replacen(from, to, 1)).expect("the file");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_journeyc"));
        command.args(args).current_dir(self.0.path()).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the binary there.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, "")
    }

    /// Runs the binary there, with this on stdin.
    pub(crate) fn run_with(&self, args: &[&str], stdin: &str) -> Ran {
        let mut child = self.command(args).spawn().expect("the binary");
        // One that reads nothing of it closes it.
        let _ = child.stdin.take().expect("stdin").write_all(stdin.as_bytes());
        let done = child.wait_with_output().expect("its output");
        Ran {
            code: done.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&done.stdout).into_owned(),
            err: String::from_utf8_lossy(&done.stderr).into_owned(),
        }
    }

    /// Runs the binary there, with this on stdin and stdout in a file.
    pub(crate) fn run_into(&self, args: &[&str], stdin: &str, out: fs::File) -> Ran {
        let mut child = self.command(args).stdout(out).spawn().expect("the binary");
        let _ = child.stdin.take().expect("stdin").write_all(stdin.as_bytes());
        let done = child.wait_with_output().expect("its output");
        Ran {
            code: done.status.code().unwrap_or(-1),
            out: String::new(),
            err: String::from_utf8_lossy(&done.stderr).into_owned(),
        }
    }

    /// Runs the binary there with nobody at the other end of stdout.
    pub(crate) fn run_closing_stdout(&self, args: &[&str]) -> Ran {
        let mut child = self.command(args).spawn().expect("the binary");
        drop(child.stdin.take());
        drop(child.stdout.take());
        let done = child.wait_with_output().expect("its output");
        Ran {
            code: done.status.code().unwrap_or(-1),
            out: String::new(),
            err: String::from_utf8_lossy(&done.stderr).into_owned(),
        }
    }
}
