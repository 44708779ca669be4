//! `journeyc run --live`: inputs from stdin in real time, and what is sent on stdout.

use std::io::{BufReader, Stdout, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use journey_runtime::channels::Console;
use journey_runtime::clock::System;
use journey_runtime::live::{self, Options};
use journey_runtime::{Channel, ChannelError, Delivery, Desk, Engine, Out, Outside, Pace, Service, Taken};
use journey_spec::time::rfc3339;
use journey_step::effect::{HandoffCase, Release};
use serde_json::json;

use crate::failure::{Exit, Failure, Outcome};
use crate::screen::{Screen, count};

/// JSON lines on stdout.
struct Lines(Stdout);

impl Lines {
    fn line(&mut self, value: &serde_json::Value) -> Result<(), ChannelError> {
        writeln!(self.0, "{value}").map_err(|e| broken(&e))
    }

    fn done(&mut self) -> Result<(), ChannelError> {
        self.0.flush().map_err(|e| broken(&e))
    }
}

fn broken(error: &std::io::Error) -> ChannelError {
    ChannelError::Broken(format!("stdout cannot be written: {}", crate::screen::plain(error)))
}

impl Channel for Lines {
    fn send(&mut self, message: Out<'_, Release>) -> Result<Delivery, ChannelError> {
        self.line(&json!({ "at": rfc3339(message.at), "customer": message.customer, "send": message.item }))?;
        Ok(Delivery::Delivered)
    }

    fn flush(&mut self) -> Result<(), ChannelError> {
        self.done()
    }

    fn may_reject(&self) -> bool {
        false
    }
}

impl Desk for Lines {
    fn open(&mut self, case: Out<'_, HandoffCase>) -> Result<(), ChannelError> {
        self.line(&json!({ "at": rfc3339(case.at), "customer": case.customer, "handoff": case.item }))
    }

    fn flush(&mut self) -> Result<(), ChannelError> {
        self.done()
    }
}

/// Follows stdin until it ends or ctrl-c is pressed.
pub(super) fn run(engine: Engine, service: Box<dyn Service>, as_json: bool, screen: &mut Screen) -> Outcome {
    let stop = Arc::new(AtomicBool::new(false));
    let seen = stop.clone();
    ctrlc::set_handler(move || {
        // The second time, whoever presses it means it.
        if seen.swap(true, Ordering::SeqCst) {
            std::process::exit(2);
        }
    })
    .map_err(|e| Failure::new(format!("cannot listen for ctrl-c: {e}")))?;
    let (channel, desk): (Box<dyn Channel>, Box<dyn Desk>) = if as_json {
        (Box::new(Lines(std::io::stdout())), Box::new(Lines(std::io::stdout())))
    } else {
        (Box::new(Console::new(std::io::stdout())), Box::new(Console::new(std::io::stdout())))
    };
    let mut engine = engine.connect(Outside { channel, desk, service }).pace(Pace::Live);
    engine.claim_pace().map_err(|e| super::engine_failure(&e))?;
    screen.say(&super::report::older(&engine.living()));
    screen.say("live: one JSON line an input on stdin; ends with the input or ctrl-c\n");
    let reader = BufReader::new(std::io::stdin());
    let ran = live::run(&mut engine, reader, &System, &stop, &Options::default(), |line, taken| match taken {
        Taken::Refused(why) => {
            let why = why.strip_prefix(&format!("line {line}: ")).unwrap_or(why);
            screen.say(&format!("stdin:{line}: refused: {why}\n"));
        }
        Taken::Duplicate => screen.say(&format!("stdin:{line}: came before, nothing came of it\n")),
        Taken::Accepted { .. } => {}
    });
    let summary = ran.map_err(|e| super::engine_failure(&e))?;
    screen.say(&format!(
        "{} taken, {} known already, {} refused; {} sent\n",
        count(usize::try_from(summary.accepted).unwrap_or(usize::MAX), "input", "inputs"),
        summary.duplicates,
        summary.refused,
        count(usize::try_from(summary.delivered).unwrap_or(usize::MAX), "message", "messages"),
    ));
    Ok(Exit::Clean)
}
