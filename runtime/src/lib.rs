//! Runs checked journeys durably.
//!
//! [`Engine`] is a synchronous, deterministic core that a shell drives: it takes what arrives, gives it to the one
//! [`step`](fn@journey_step::step) function, commits what came of it in one transaction, and performs effects after the
//! commit. It has no thread and reads no clock of its own.
//!
//! ```text
//!  lines ──► feed ──► Engine::take ──► load → step → commit ──► outbox ──► Channel, Desk, Service
//!            │ refused: dead letters      ▲  timers due               │
//!                                         └──── receipts, answers ◄───┘
//! ```
//!
//! Two shells come with it: [`drive::run_feed`] replays a feed on virtual time, and [`live::run`] follows the real clock.
//!
//! ```
//! use std::sync::Arc;
//! use journey_runtime::{bundle, drive, store::Memory, Engine};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let empty: journey_spec::Program = serde_json::from_str(include_str!("../tests/programs/empty.json"))?;
//! # let built = bundle::write(&empty.seal(), "journeyc");
//! # let read = |_: &str| Ok::<_, std::io::Error>(built.as_bytes());
//! // what `journeyc build` made, with `std::fs::read`
//! let program = bundle::read(&read("appointment.bundle.json")?)?;
//! // `Sqlite::open("journeys.db")?` for a store that outlives the process
//! let mut engine = Engine::open(Arc::new(program), Box::new(Memory::new()))?;
//! let feed = br#"{"id":"e1","at":"2026-03-02T09:58:00Z","customer":"victoria","event":"customer.updated","data":{}}"#;
//! let summary = drive::run_feed(&mut engine, &feed[..], &drive::Options::default(), |_| {})?;
//! assert_eq!(summary.accepted, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # What is promised
//!
//! * **An input counts once.** Its id is remembered in the same transaction as everything that came of it.
//! * **Acknowledged means durable.** [`Engine::take`] returns after the commit, or with an error.
//! * **Inside exactly once, outside at least once.** A message's id is the same however often a run is repeated; a crash
//!   between a channel's delivery and the note of it makes the channel see the same id again.
//! * **A replay is the same run.** On virtual time, a run killed anywhere and started again with the same feed and store
//!   sends what an uninterrupted one sends. [`engine`] says why.
//! * **Who is in flight stays on their version.** A store goes on with a newer program: what begins, begins on that, and what
//!   lives stays on the one on which it began ([`journey_spec::program::union`]).

pub mod channels;
pub mod clock;
pub mod drive;
pub mod engine;
pub mod error;
pub mod feed;
pub mod gateway;
pub mod hooks;
pub mod host;
pub mod intake;
pub mod live;
pub mod service;
pub mod simulate;
pub mod store;

pub use async_trait::async_trait;
#[cfg(feature = "smtp")]
pub use channels::Smtp;
#[cfg(feature = "webhook")]
pub use channels::Webhook;
pub use channels::{Channel, Delivery, Desk, Out, Shared};
pub use engine::{Dispatched, Engine, Outside, Pace};
pub use error::{ChannelError, EngineError, StoreError};
pub use feed::parse_line;
pub use gateway::{Backend, Call, Case, Casework, Directory, Gateway, Message, Mode, SendError};
pub use hooks::{Hooks, NoHooks};
pub use host::{Alert, Builder, Event, Given, Measures, Options, Reply, Runtime, RuntimeError, StartError};
pub use intake::{Arrival, Content, Refusal, Taken};
pub use journey_spec::bundle;
pub use journey_step::Scope;
pub use service::{Answer, Service};
pub use store::Store;
