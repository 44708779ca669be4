//! Follows the real clock.

use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::engine::{Engine, Pace};
use crate::error::{ChannelError, EngineError};
use crate::feed;
use crate::intake::{Arrival, Taken};

/// The longest time without a look at the stop flag and the clock, which may have been set.
const PATIENCE: Duration = Duration::from_millis(100);

/// How a live run behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many arrivals are committed together at most.
    pub group: usize,
    /// How long a group waits for more to arrive.
    pub linger: Duration,
    /// How many lines may be read ahead; then the reader waits.
    pub queue: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { group: 256, linger: Duration::from_millis(2), queue: 1024 }
    }
}

/// What a live run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Arrivals that were taken.
    pub accepted: u64,
    /// Arrivals whose id was taken before.
    pub duplicates: u64,
    /// Arrivals that went to the dead letters.
    pub refused: u64,
    /// Messages that reached their channel.
    pub delivered: u64,
    /// The longest that a timer was late, in milliseconds.
    pub worst_lag: i64,
}

/// Takes JSON lines as they come until the reader ends or `stop` is set, fires timers when they fall due, and performs
/// effects. `acknowledge` is called for each line after its commit, with the line's number.
///
/// At the end what was read is taken and what can leave leaves; timers that are still ahead wait for the next start.
///
/// # Errors
/// Where the store or the reader fails. What was acknowledged is kept.
pub fn run(
    engine: &mut Engine,
    reader: impl BufRead + Send + 'static,
    clock: &dyn Clock,
    stop: &Arc<AtomicBool>,
    options: &Options,
    acknowledge: impl FnMut(u64, &Taken),
) -> Result<Summary, EngineError> {
    engine.set_pace(Pace::Live);
    let (sender, lines) = sync_channel(options.queue.max(1));
    thread::Builder::new()
        .name("journey-feed".into())
        .spawn(move || read_lines(reader, &sender))
        .map_err(|e| EngineError::Feed(format!("no thread to read it: {e}")))?;
    let mut run = Run { engine, clock, options, acknowledge, summary: Summary::default() };
    // The reader goes on reading after a stop; what may have been waiting by then is taken, and no more.
    let mut left = options.queue.max(1);
    loop {
        let idle = run.work_until_idle()?;
        let stopping = stop.load(Ordering::SeqCst);
        let first = lines.recv_timeout(if stopping { Duration::ZERO } else { idle });
        match first {
            Ok(_) if stopping && left == 0 => break,
            Ok(first) => {
                let taken = run.take_group(first, &lines)?;
                left = if stopping { left.saturating_sub(taken) } else { left };
            }
            Err(RecvTimeoutError::Timeout) if !stopping => {}
            // The end of the feed, or stopped and nothing more was read.
            Err(_) => break,
        }
    }
    run.work_until_idle()?;
    // What became of the last messages is kept.
    run.engine.advance_to(run.engine.now())?;
    Ok(run.summary)
}

type Line = (u64, Result<Vec<u8>, String>);

fn read_lines(mut reader: impl BufRead, lines: &SyncSender<Line>) {
    let mut line = Vec::new();
    for number in 1.. {
        let read = match feed::next_line(&mut reader, &mut line) {
            Ok(0) => return,
            Ok(_) if line.trim_ascii().is_empty() => continue,
            Ok(_) => Ok(std::mem::take(&mut line)),
            Err(e) => Err(e.to_string()),
        };
        let failed = read.is_err();
        if lines.send((number, read)).is_err() || failed {
            return; // nobody listens any more, or there is nothing more to read
        }
    }
}

struct Run<'a, A> {
    engine: &'a mut Engine,
    clock: &'a dyn Clock,
    options: &'a Options,
    acknowledge: A,
    summary: Summary,
}

impl<A: FnMut(u64, &Taken)> Run<'_, A> {
    /// Fires what is due and performs what can be performed; gives how long nothing is to be done.
    fn work_until_idle(&mut self) -> Result<Duration, EngineError> {
        let now = self.clock.now();
        if let Some(due) = self.engine.next_due()? {
            self.summary.worst_lag = self.summary.worst_lag.max(now - due);
        }
        self.engine.advance_to(now)?;
        match self.engine.dispatch(now) {
            Ok(done) => self.summary.delivered += done.delivered,
            // A flush that did not work: everything that it held is performed again at the next turn.
            Err(EngineError::Channel(ChannelError::Unavailable(_))) => {}
            Err(error) => return Err(error),
        }
        let wait = self.engine.next_due()?.map_or(Duration::MAX, |due| {
            Duration::from_millis(due.saturating_sub(self.clock.now()).unsigned_abs().max(1))
        });
        Ok(wait.min(PATIENCE))
    }

    /// Takes a line and those that come right after it, in one commit; gives how many.
    fn take_group(&mut self, first: Line, lines: &Receiver<Line>) -> Result<usize, EngineError> {
        let program = Arc::clone(self.engine.program());
        let until = Instant::now() + self.options.linger;
        let mut numbers = Vec::new();
        let mut group = Vec::new();
        let mut broken = None;
        let mut next = Some(first);
        while let Some((number, read)) = next {
            match read {
                Ok(text) => {
                    numbers.push(number);
                    group.push(Arrival::from(feed::parse_line(&program, number, &text)));
                }
                Err(why) => broken = Some(why),
            }
            if group.len() >= self.options.group.max(1) || broken.is_some() {
                break;
            }
            next = lines.recv_timeout(until.saturating_duration_since(Instant::now())).ok();
        }
        let taken = self.engine.take_at(self.clock.now(), &group)?;
        for (number, taken) in numbers.iter().zip(&taken) {
            match taken {
                Taken::Accepted { .. } => self.summary.accepted += 1,
                Taken::Duplicate => self.summary.duplicates += 1,
                Taken::Refused(_) => self.summary.refused += 1,
            }
            (self.acknowledge)(*number, taken);
        }
        broken.map_or(Ok(taken.len()), |why| Err(EngineError::Feed(why)))
    }
}
