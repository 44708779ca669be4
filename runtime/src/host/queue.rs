//! What waits for a shard: inputs, fairly between customers, results of jobs, replies of hooks, and questions.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use journey_step::{HookReply, HookRequest};
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
    pub(super) waiter: Waiter,
}

/// Who waits for an input's fate.
pub(super) struct Waiter {
    reply: oneshot::Sender<Result<Taken, RuntimeError>>,
    /// Given back when the input is taken, for the next of this customer and the next of all.
    _places: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

impl Waiter {
    /// Whoever does not wait any more need not be told.
    pub(super) fn tell(self, fate: Result<Taken, RuntimeError>) {
        _ = self.reply.send(fate);
    }
}

/// What a hook said to a customer's step that waits for it.
pub(super) struct Replied {
    pub(super) customer: String,
    pub(super) request: HookRequest,
    pub(super) reply: HookReply,
}

/// What a turn begins with.
#[derive(Default)]
pub(super) struct Round {
    pub(super) items: Vec<Item>,
    pub(super) results: Vec<(Job, Attempted)>,
    pub(super) replies: Vec<Replied>,
    pub(super) questions: Vec<Question>,
    pub(super) stopping: bool,
}

#[derive(Default)]
struct State {
    /// Each customer's inputs, in order.
    waiting: HashMap<String, Own>,
    /// Customers with inputs, each once; the first is served next. Who is held may still stand in it and is passed over.
    ring: VecDeque<String>,
    len: usize,
    /// Customers of whom nothing is served, since a step of theirs waits for a hook.
    held: HashSet<String>,
    /// How many of the inputs are theirs.
    resting: usize,
    /// Places that a customer's inputs may still take.
    places: HashMap<String, Arc<Semaphore>>,
    results: Vec<(Job, Attempted)>,
    replies: Vec<Replied>,
    questions: Vec<Question>,
    stopping: bool,
    failed: Option<Arc<Failure>>,
}

/// A customer's inputs.
#[derive(Default)]
struct Own {
    items: VecDeque<Item>,
    /// Whether the customer stands in the ring.
    in_ring: bool,
}

impl State {
    fn hold(&mut self, customer: &str) {
        if self.held.insert(customer.to_owned()) {
            self.resting += self.waiting.get(customer).map_or(0, |own| own.items.len());
        }
    }

    /// Serves a customer again, next.
    fn release(&mut self, customer: &str) {
        if !self.held.remove(customer) {
            return;
        }
        let Some(own) = self.waiting.get_mut(customer) else { return };
        self.resting -= own.items.len();
        if !own.in_ring {
            own.in_ring = true;
            self.ring.push_front(customer.to_owned());
        }
    }
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
            let is_held = state.held.contains(&customer);
            let own = state.waiting.entry(customer.clone()).or_default();
            own.items.push_back(Item { arrival, waiter: Waiter { reply, _places: places } });
            if is_held {
                state.resting += 1;
            } else if !own.in_ring {
                own.in_ring = true;
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

    /// What a round gave and is not taken yet goes back to where it was, and its customers are held until a reply comes for
    /// them. In the order in which the round gave it.
    pub(super) fn put_back(&self, items: Vec<Item>) {
        let mut state = self.lock();
        let back: HashSet<String> = items.iter().map(|item| item.arrival.customer.clone()).collect();
        for item in items.into_iter().rev() {
            let customer = item.arrival.customer.clone();
            state.resting += usize::from(state.held.contains(&customer));
            state.waiting.entry(customer).or_default().items.push_front(item);
            state.len += 1;
        }
        for customer in back {
            state.hold(&customer);
            // A reply that came in the meantime releases, and is not to be waited for.
            if state.replies.iter().any(|replied| replied.customer == customer) {
                state.release(&customer);
            }
        }
    }

    /// Nothing of this customer is served until a reply comes for them.
    pub(super) fn hold(&self, customer: &str) {
        self.lock().hold(customer);
    }

    /// A hook has replied.
    pub(super) fn replied(&self, replied: Replied) {
        let mut state = self.lock();
        state.release(&replied.customer);
        state.replies.push(replied);
        drop(state);
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

    /// Why a question that was put here gets no answer.
    pub(super) fn ended(&self) -> RuntimeError {
        self.lock().failed.clone().map_or(RuntimeError::ShuttingDown, RuntimeError::Failed)
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
        state.held.clear();
        (state.len, state.resting) = (0, 0);
        state.questions.clear();
        drop(state);
        for item in waiting.into_values().flat_map(|own| own.items) {
            item.waiter.tell(Err(RuntimeError::Failed(Arc::clone(failure))));
        }
        self.all.close();
    }

    /// How many inputs wait, those of customers who are held too.
    pub(super) fn len(&self) -> usize {
        self.lock().len
    }

    /// What there is to do: at once where `now` or anything waits, else when something comes or `patience` is over. Of the
    /// inputs at most `most`, one of each customer in turn; where fewer wait than came together last, a moment is given for
    /// the others to come, since one commit for all of them is cheaper.
    pub(super) fn next(&self, patience: Duration, most: usize, expected: usize, linger: Duration) -> Round {
        let ready = |s: &State| s.len.saturating_sub(s.resting);
        let idle =
            |s: &mut State| ready(s) == 0 && s.results.is_empty() && s.replies.is_empty() && s.questions.is_empty();
        let (mut state, _) =
            self.awake.wait_timeout_while(self.lock(), patience, idle).unwrap_or_else(PoisonError::into_inner);
        if ready(&state) > 0 && expected > 1 {
            let until = Instant::now() + linger;
            while ready(&state) < expected.min(most) && !state.stopping {
                let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                    break;
                };
                state = self.awake.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        let mut round = Round {
            results: std::mem::take(&mut state.results),
            replies: std::mem::take(&mut state.replies),
            questions: std::mem::take(&mut state.questions),
            stopping: state.stopping,
            ..Round::default()
        };
        if state.places.len() > MANY {
            state.places.retain(|_, places| Arc::strong_count(places) > 1);
        }
        while round.items.len() < most {
            let Some(customer) = state.ring.pop_front() else { break };
            let is_held = state.held.contains(&customer);
            let Some(own) = state.waiting.get_mut(&customer) else { continue };
            own.in_ring = false;
            if is_held {
                continue;
            }
            let item = own.items.pop_front();
            own.in_ring = !own.items.is_empty();
            if own.in_ring {
                state.ring.push_back(customer);
            } else {
                state.waiting.remove(&customer);
                // Others of this customer may wait for a place; they hold the semaphore, and put it back.
                if state.places.get(&customer).is_some_and(|places| Arc::strong_count(places) <= 2) {
                    state.places.remove(&customer);
                }
            }
            if let Some(item) = item {
                state.len -= 1;
                round.items.push(item);
            }
        }
        round
    }
}
