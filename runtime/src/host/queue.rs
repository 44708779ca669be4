//! What waits for a shard: inputs, fairly between customers, results of jobs, and questions.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::outward::Attempted;
use super::{Failure, RuntimeError};
use crate::engine::{Engine, Job};
use crate::intake::{Arrival, Taken};

/// Something to be done between two turns.
pub(super) type Question = Box<dyn FnOnce(&mut Engine) + Send>;

/// An input and who waits for its fate.
pub(super) struct Item {
    pub(super) arrival: Arrival,
    pub(super) reply: oneshot::Sender<Result<Taken, RuntimeError>>,
    /// Given back when the input is taken, for the next of this customer and the next of all.
    _places: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

/// What a turn begins with.
#[derive(Default)]
pub(super) struct Round {
    pub(super) items: Vec<Item>,
    pub(super) results: Vec<(Job, Attempted)>,
    pub(super) questions: Vec<Question>,
    pub(super) stopping: bool,
}

#[derive(Default)]
struct State {
    /// Each customer's inputs, in order.
    waiting: HashMap<String, VecDeque<Item>>,
    /// Customers with inputs, each once; the first is served next.
    ring: VecDeque<String>,
    len: usize,
    /// Places that a customer's inputs may still take.
    places: HashMap<String, Arc<Semaphore>>,
    results: Vec<(Job, Attempted)>,
    questions: Vec<Question>,
    stopping: bool,
    failed: Option<Arc<Failure>>,
}

/// Beyond this many customers with places, those whom nobody holds are let go.
const MANY: usize = 4096;

/// A shard's queue.
pub(super) struct Queue {
    state: Mutex<State>,
    awake: Condvar,
    all: Arc<Semaphore>,
    per_customer: usize,
}

impl Queue {
    pub(super) fn new(most: usize, per_customer: usize) -> Queue {
        Queue {
            state: Mutex::default(),
            awake: Condvar::new(),
            all: Arc::new(Semaphore::new(most.max(1))),
            per_customer: per_customer.max(1),
        }
    }

    // Nothing is done under the lock that could leave half of it behind.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place, first among the customer's own inputs and then among all, puts the input there and waits for its
    /// fate.
    pub(super) async fn put(&self, arrival: Arrival) -> Result<Taken, RuntimeError> {
        let own = {
            let mut state = self.lock();
            let new = || Arc::new(Semaphore::new(self.per_customer));
            Arc::clone(state.places.entry(arrival.customer.clone()).or_insert_with(new))
        };
        let closed = |_| RuntimeError::ShuttingDown;
        let places =
            (own.acquire_owned().await.map_err(closed)?, Arc::clone(&self.all).acquire_owned().await.map_err(closed)?);
        let (reply, fate) = oneshot::channel();
        {
            let mut state = self.lock();
            if let Some(failure) = &state.failed {
                return Err(RuntimeError::Failed(Arc::clone(failure)));
            }
            if state.stopping {
                return Err(RuntimeError::ShuttingDown);
            }
            let customer = arrival.customer.clone();
            let queue = state.waiting.entry(customer.clone()).or_default();
            let is_first = queue.is_empty();
            queue.push_back(Item { arrival, reply, _places: places });
            if is_first {
                state.ring.push_back(customer);
            }
            state.len += 1;
        }
        self.awake.notify_one();
        fate.await.unwrap_or(Err(RuntimeError::ShuttingDown))
    }

    pub(super) fn result(&self, job: Job, attempted: Attempted) {
        self.lock().results.push((job, attempted));
        self.awake.notify_one();
    }

    /// Asks the shard something; nothing where it has stopped.
    pub(super) fn ask(&self, question: Question) -> Result<(), RuntimeError> {
        let mut state = self.lock();
        if let Some(failure) = &state.failed {
            return Err(RuntimeError::Failed(Arc::clone(failure)));
        }
        state.questions.push(question);
        drop(state);
        self.awake.notify_one();
        Ok(())
    }

    /// Takes no more inputs from now on; those that wait are still served.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.all.close();
        self.awake.notify_one();
    }

    /// The shard has failed: everybody who waits and everybody who comes is told.
    pub(super) fn fail(&self, failure: &Arc<Failure>) {
        let mut state = self.lock();
        state.failed = Some(Arc::clone(failure));
        let waiting = std::mem::take(&mut state.waiting);
        state.ring.clear();
        state.len = 0;
        state.questions.clear();
        drop(state);
        for item in waiting.into_values().flatten() {
            // Whoever does not wait any more need not be told.
            _ = item.reply.send(Err(RuntimeError::Failed(Arc::clone(failure))));
        }
        self.all.close();
    }

    /// How many inputs wait.
    pub(super) fn len(&self) -> usize {
        self.lock().len
    }

    /// What there is to do: at once where `now` or anything waits, else when something comes or `patience` is over. Of the
    /// inputs at most `most`, one of each customer in turn; where fewer wait than came together last, a moment is given for
    /// the others to come, since one commit for all of them is cheaper.
    pub(super) fn next(&self, patience: Duration, most: usize, expected: usize, linger: Duration) -> Round {
        let idle = |s: &mut State| s.len == 0 && s.results.is_empty() && s.questions.is_empty();
        let (mut state, _) =
            self.awake.wait_timeout_while(self.lock(), patience, idle).unwrap_or_else(PoisonError::into_inner);
        if state.len > 0 && expected > 1 {
            let until = Instant::now() + linger;
            while state.len < expected.min(most) && !state.stopping {
                let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                    break;
                };
                state = self.awake.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        let mut round = Round {
            results: std::mem::take(&mut state.results),
            questions: std::mem::take(&mut state.questions),
            stopping: state.stopping,
            ..Round::default()
        };
        if state.places.len() > MANY {
            state.places.retain(|_, places| Arc::strong_count(places) > 1);
        }
        while round.items.len() < most {
            let Some(customer) = state.ring.pop_front() else { break };
            let Some(queue) = state.waiting.get_mut(&customer) else { continue };
            let item = queue.pop_front();
            if queue.is_empty() {
                state.waiting.remove(&customer);
                // Others of this customer may wait for a place; they hold the semaphore, and put it back.
                if state.places.get(&customer).is_some_and(|places| Arc::strong_count(places) <= 2) {
                    state.places.remove(&customer);
                }
            } else {
                state.ring.push_back(customer);
            }
            if let Some(item) = item {
                state.len -= 1;
                round.items.push(item);
            }
        }
        round
    }
}
