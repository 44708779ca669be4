//! Channels, desks and services that wait, as asynchronous ones.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::{Channel, ChannelError, Delivery, Desk, Out};
use crate::gateway::{Backend, Call, Case, Casework, Gateway, Message, SendError};
use crate::service::{Answer, Service};

/// Makes a [`Gateway`] of any [`Channel`], a [`Casework`] of any [`Desk`] and a [`Backend`] of any [`Service`]: messages on
/// a console or in a file of JSON lines, for example. Clones share what they were made of.
///
/// One message at a time, and each is flushed before it counts as delivered. The work is done on tokio's threads for what
/// blocks, so a slow disk stops no other task; outside of tokio it is done in place.
///
/// [`ChannelError::Unavailable`] becomes [`SendError::NotSent`]. What a broken channel had written by then is not known, so
/// [`ChannelError::Broken`] and every failure to flush become [`SendError::InDoubt`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use journey_runtime::Gateway;
/// use journey_runtime::channels::{Console, MessageFile, Shared};
///
/// let screen: Box<dyn Gateway> = Box::new(Shared::new(Console::new(std::io::stdout())));
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("messages.jsonl");
/// let lines: Box<dyn Gateway> = Box::new(Shared::new(MessageFile::open(path)?));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Shared<T>(Arc<Mutex<T>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared(Arc::clone(&self.0))
    }
}

impl<T> Shared<T> {
    /// Takes a channel, desk or service.
    pub fn new(inner: T) -> Shared<T> {
        Shared(Arc::new(Mutex::new(inner)))
    }

    /// Gives it back, where no clone and no call under way holds it any more; `None` where one does, or where it panicked.
    #[must_use]
    pub fn into_inner(self) -> Option<T> {
        Arc::into_inner(self.0)?.into_inner().ok()
    }
}

/// Nothing of this call was done.
const PANICKED: &str = "the channel panicked in an earlier call; make it anew";

impl<T: Send + 'static> Shared<T> {
    /// What `work` gives, on a thread that may wait. `Err` where the channel cannot be used any more.
    async fn run<A: Send + 'static>(&self, work: impl FnOnce(&mut T) -> A + Send + 'static) -> Result<A, SendError> {
        let inner = Arc::clone(&self.0);
        let work = move || match inner.lock() {
            Ok(mut inner) => Ok(work(&mut inner)),
            Err(_) => Err(SendError::NotSent(PANICKED.into())),
        };
        match tokio::runtime::Handle::try_current() {
            Ok(tokio) => match tokio.spawn_blocking(work).await {
                Ok(done) => done,
                Err(_) => Err(SendError::InDoubt("the channel panicked; make it anew".into())),
            },
            Err(_) => work(),
        }
    }
}

fn failed(error: ChannelError) -> SendError {
    match error {
        ChannelError::Unavailable(why) => SendError::NotSent(why),
        ChannelError::Broken(why) => SendError::InDoubt(why),
    }
}

fn unflushed(error: ChannelError) -> SendError {
    SendError::InDoubt(error.to_string())
}

#[async_trait]
impl<T: Channel + 'static> Gateway for Shared<T> {
    async fn send(&self, message: &Message) -> Result<Delivery, SendError> {
        let Message { customer, at, release, .. } = message.clone();
        self.run(move |channel| {
            let delivery = channel.send(Out { at, customer: &customer, item: &release }).map_err(failed)?;
            channel.flush().map_err(unflushed)?;
            Ok(delivery)
        })
        .await?
    }
}

#[async_trait]
impl<T: Desk + 'static> Casework for Shared<T> {
    async fn open(&self, case: &Case) -> Result<(), SendError> {
        let Case { customer, at, case } = case.clone();
        self.run(move |desk| {
            desk.open(Out { at, customer: &customer, item: &case }).map_err(failed)?;
            desk.flush().map_err(unflushed)
        })
        .await?
    }
}

#[async_trait]
impl<T: Service + 'static> Backend for Shared<T> {
    async fn call(&self, call: &Call) -> Answer {
        let Call { customer, at, request } = call.clone();
        self.run(move |service| service.call(Out { at, customer: &customer, item: &request }))
            .await
            .unwrap_or_else(|error| Answer::Unavailable(error.to_string()))
    }
}
