//! The engine on a clock.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod common;

use std::io::{BufReader, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{engine_on, placed, program, updated};
use journey_runtime::channels::{Channel, ChannelError, Collect};
use journey_runtime::clock::{Manual, System};
use journey_runtime::service::NoService;
use journey_runtime::store::{Memory, Sqlite};
use journey_runtime::{Delivery, Engine, Out, Outside, Taken, live};
use journey_spec::program::DAY;
use journey_step::effect::Release;

const T: &str = "2026-03-02T10:00:00Z";

fn lines(n: usize) -> String {
    let mut text = updated("u", T, "a", "+44 7700 900123") + "\n";
    for n in 0..n {
        text.push_str(&placed(&format!("e{n}"), T, "a", &format!("o{n}")));
        text.push('\n');
    }
    text
}

#[test]
fn a_feed_that_ends_is_taken_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(dir.path().join("journeys.db")).unwrap();
    let collect = Collect::new();
    let outside =
        Outside { channel: Box::new(collect.clone()), desk: Box::new(collect.clone()), service: Box::new(NoService) };
    let mut engine = Engine::open(Arc::new(program()), Box::new(store)).unwrap().connect(outside);
    let feed = lines(1000) + "{\n" + &lines(1);
    let mut acknowledged = Vec::new();
    let summary = live::run(
        &mut engine,
        std::io::Cursor::new(feed.into_bytes()),
        &System,
        &Arc::new(AtomicBool::new(false)),
        &live::Options::default(),
        |line, taken| acknowledged.push((line, taken.clone())),
    )
    .unwrap();
    assert_eq!((summary.accepted, summary.duplicates, summary.refused), (1001, 2, 1));
    assert_eq!(acknowledged.iter().map(|(line, _)| *line).collect::<Vec<_>>(), (1..=1004).collect::<Vec<_>>());
    assert!(matches!(acknowledged[1001].1, Taken::Refused(_)));
    // the policy lets four leave in six hours
    assert_eq!((collect.messages().len(), summary.delivered), (4, 4));
}

/// Gives what it is sent, and then waits like a pipe that stays open.
struct Pipe(Mutex<Receiver<Vec<u8>>>);

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Ok(bytes) = self.0.lock().unwrap().recv() else { return Ok(0) };
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

#[test]
fn a_stop_ends_a_run_whose_feed_goes_on_and_timers_fire_meanwhile() {
    let memory = Memory::new();
    let mut engine = engine_on(&memory);
    let start = journey_spec::time::parse_rfc3339(T).unwrap();
    let (clock, stop) = (Manual::at(start), Arc::new(AtomicBool::new(false)));
    let (pipe, receiver) = channel();
    let reader = BufReader::new(Pipe(Mutex::new(receiver)));
    let (set, flag) = (clock.clone(), Arc::clone(&stop));
    let host = std::thread::spawn(move || {
        pipe.send(lines(1).into_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        set.set(start + 2 * DAY);
        std::thread::sleep(Duration::from_millis(400));
        flag.store(true, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(400));
        drop(pipe);
    });
    live::run(&mut engine, reader, &clock, &stop, &live::Options::default(), |_, _| ()).unwrap();
    assert!(!host.is_finished(), "the feed had not ended");
    host.join().unwrap();
    let messages = engine.messages().unwrap();
    assert_eq!(
        messages.iter().map(|m| (m.item.message.as_str(), m.at)).collect::<Vec<_>>(),
        [("greeting", start), ("reminder", start + 2 * DAY)]
    );
}

/// Is down for its first few tries.
struct Shaky(Collect, u32);

impl Channel for Shaky {
    fn send(&mut self, message: Out<'_, Release>) -> Result<Delivery, ChannelError> {
        self.1 = self.1.saturating_sub(1);
        if self.1 > 0 { Err(ChannelError::Unavailable("busy".into())) } else { self.0.send(message) }
    }
}

#[test]
fn a_channel_that_is_down_is_tried_again_in_order() {
    let collect = Collect::new();
    let outside = Outside {
        channel: Box::new(Shaky(collect.clone(), 4)),
        desk: Box::new(collect.clone()),
        service: Box::new(NoService),
    };
    let mut engine = engine_on(&Memory::new()).connect(outside).pace(journey_runtime::Pace::Live);
    let start = journey_spec::time::parse_rfc3339(T).unwrap();
    engine.advance_to(start).unwrap();
    let feed = lines(3);
    common::take(&mut engine, &feed.lines().collect::<Vec<_>>());
    let mut tries = 0;
    while engine.dispatch(engine.now()).unwrap().waiting > 0 {
        tries += 1;
        let next = engine.next_due().unwrap().unwrap();
        assert!(next > engine.now() && next < start + DAY, "it waits between tries");
        engine.advance_to(next).unwrap();
    }
    assert_eq!(tries, 3);
    let ids: Vec<_> = collect.messages().into_iter().map(|m| m.item.id).collect();
    let expected: Vec<_> = engine.messages().unwrap().into_iter().map(|m| m.item.id).collect();
    assert_eq!((ids.len(), ids), (3, expected));
}
