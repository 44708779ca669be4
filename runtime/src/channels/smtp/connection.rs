//! Connections to one server: made when they are needed, kept for a while, so many at once at most.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::Rset;
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::super::wire;

/// How long a connection is kept without a mail. Servers usually wait for five minutes.
const IDLE: Duration = Duration::from_secs(60);

/// How the connection is secured.
pub(super) enum Tls {
    Implicit(TlsParameters),
    Start(TlsParameters),
    None,
}

/// One server and the connections to it.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Tls,
    pub(super) hello: ClientId,
    pub(super) credentials: Option<Credentials>,
    /// How long connecting may take: TCP, TLS, greeting and login together.
    pub(super) connect_timeout: Duration,
    pub(super) slots: Semaphore,
    pub(super) idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

/// A connection in use. It is closed when this is dropped, unless it is kept.
pub(super) struct Held<'a> {
    server: &'a Server,
    connection: AsyncSmtpConnection,
    /// Frees the slot when this goes.
    _slot: SemaphorePermit<'a>,
}

impl Held<'_> {
    pub(super) fn connection(&mut self) -> &mut AsyncSmtpConnection {
        &mut self.connection
    }

    /// Keeps the connection for the next mail.
    pub(super) fn keep(self) {
        if !self.connection.has_broken() {
            self.server.parked().push((self.connection, Instant::now()));
        }
    }
}

impl Server {
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    fn parked(&self) -> MutexGuard<'_, Vec<(AsyncSmtpConnection, Instant)>> {
        // A list of connections is whole whatever panicked beside it.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that answers, kept or new; waits for one while all are in use, as long as connecting may take. The
    /// error says why there is none.
    pub(super) async fn take(&self, patience: Duration) -> Result<Held<'_>, String> {
        let slot = match tokio::time::timeout(self.connect_timeout, self.slots.acquire()).await {
            Ok(slot) => slot.map_err(|_| "the channel was closed".to_owned())?,
            // Known to be unsent, which it would not be if the whole attempt were cut off here.
            Err(_) => return Err(format!("all connections to {} were in use", self.name())),
        };
        loop {
            let parked = self.parked().pop();
            let Some((mut connection, since)) = parked else { break };
            if since.elapsed() > IDLE {
                continue;
            }
            // A connection that the server has closed meanwhile must not be found out with the mail half sent. RSET also
            // makes the server forget a mail whose recipient it refused.
            if let Ok(Ok(_)) = tokio::time::timeout(patience, connection.command(Rset)).await {
                return Ok(Held { server: self, connection, _slot: slot });
            }
        }
        let connection = match tokio::time::timeout(self.connect_timeout, self.connect()).await {
            Ok(connection) => connection?,
            Err(_) => return Err(format!("no connection to {} in time", self.name())),
        };
        Ok(Held { server: self, connection, _slot: slot })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, String> {
        let failed =
            |what: &str, e: lettre::transport::smtp::Error| format!("{what} {}: {}", self.name(), wire::reasons(&e));
        let implicit = match &self.tls {
            Tls::Implicit(tls) => Some(tls.clone()),
            Tls::Start(_) | Tls::None => None,
        };
        let mut connection =
            AsyncSmtpConnection::connect_tokio1((self.host.as_str(), self.port), None, &self.hello, implicit, None)
                .await
                .map_err(|e| failed("no connection to", e))?;
        if let Tls::Start(tls) = &self.tls {
            connection.starttls(tls.clone(), &self.hello).await.map_err(|e| failed("no TLS with", e))?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await.map_err(|e| failed("no login at", e))?;
        }
        Ok(connection)
    }

    pub(super) async fn close(&self, patience: Duration) {
        let parked = std::mem::take(&mut *self.parked());
        for (mut connection, _) in parked {
            // Whether the server hears it makes no difference.
            let _ = tokio::time::timeout(patience, connection.quit()).await;
        }
    }
}
