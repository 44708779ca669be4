//! What can go wrong with a runtime, in plain words.

use std::sync::Arc;

use journey_spec::program::Channel;
use thiserror::Error;

use crate::error::EngineError;

/// Why a runtime does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// No store was given.
    #[error("no store is given: give one with `store`, for example `Sqlite::open(\"journeys.db\")?`")]
    NoStore,
    /// The program sends on channels for which nothing is plugged in.
    #[error("the program sends by {}, and nothing is plugged in for that: add `.channel(\"{}\", …)`, or start in shadow", .0.join(", "), .0.first().map_or("", String::as_str))]
    NoChannel(Vec<String>),
    /// The program asks services that nobody answers.
    #[error("the program asks {}, and nobody answers: add `.service(\"{}\", …)`, or start in shadow", .0.join(", "), .0.first().map_or("", String::as_str))]
    NoService(Vec<String>),
    /// The program hands over to people, and there is no desk.
    #[error("the program hands over to people, and no desk is plugged in: add `.desk(…)`, or start in shadow")]
    NoDesk,
    /// A channel was given that the language does not have.
    #[error("there is no channel `{0}`; channels are {all}", all = channels())]
    UnknownChannel(String),
    /// A certificate was given that belongs to another program.
    #[error("the certificate is that of another program: build the bundle again")]
    OtherCertificate,
    /// The stores were used in another number or order.
    #[error(
        "store {place} of {given} was part {stored} before: give all parts of the store, in the order in which they were first given"
    )]
    OtherShards {
        /// Its place in the order given, from 1.
        place: usize,
        /// How many were given.
        given: usize,
        /// What it was, as `2 of 4`.
        stored: String,
    },
    /// There is no tokio runtime here to make attempts on.
    #[error("there is no tokio runtime here: start inside one, with time enabled")]
    NoTokio,
    /// A thread could not be started.
    #[error("no thread for a shard or for hooks: {0}")]
    Thread(String),
    /// The engine did not open its store.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

fn channels() -> String {
    Channel::ALL.map(Channel::name).join(", ")
}

/// Why a runtime could not do what was asked.
#[derive(Clone, Debug, Error)]
pub enum RuntimeError {
    /// It is shutting down, or was shut down. Nothing of the input was kept.
    #[error("the runtime shuts down: give the input again when it is started")]
    ShuttingDown,
    /// The store failed for a moment. Nothing of the input was kept; give it again with the same id.
    #[error("the input was not taken: {0}; give it again, with the same id")]
    NotTaken(String),
    /// The shard has stopped for good.
    #[error("{0}")]
    Failed(Arc<Failure>),
    /// Something asked of the store failed.
    #[error("{0}")]
    Asked(String),
}

/// Why a shard has stopped.
#[derive(Debug, Error)]
pub enum Failure {
    /// It was shut down.
    #[error("the runtime was shut down")]
    ShutDown,
    /// Its thread ended by a panic, in a hook or a watch of the host or in the runtime itself.
    #[error("this part of the runtime has stopped by a panic: start it again")]
    Panic,
    /// Its engine failed, and has to be opened again to find out what is kept.
    #[error("this part of the runtime has stopped: {0}")]
    Engine(EngineError),
}
