//! Messages and cases as lines for people.

use std::io::Write;

use journey_spec::time::Zone;
use journey_step::effect::{HandoffCase, Release};

use super::{Channel, ChannelError, Delivery, Desk, Out};

/// Writes one line a message or case to any writer. Keeps no ids: after a crash a line may stand there twice.
#[derive(Debug)]
pub struct Console<W> {
    out: W,
}

impl<W: Write + Send> Console<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Console<W> {
        Console { out }
    }

    /// Gives the writer back.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn line(&mut self, line: &str) -> Result<(), ChannelError> {
        writeln!(self.out, "{line}").map_err(|e| broken(&e))
    }
}

fn broken(error: &std::io::Error) -> ChannelError {
    ChannelError::Broken(format!("the console cannot be written: {}", crate::error::plain(error)))
}

/// A customer's or a designer's text must not steer the terminal that shows it.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c == '\n' || c.is_control() { ' ' } else { c }).collect()
}

impl<W: Write + Send> Channel for Console<W> {
    fn send(&mut self, message: Out<'_, Release>) -> Result<Delivery, ChannelError> {
        let Release { channel, address, subject, body, shown, .. } = message.item;
        // Whoever sees a console is not always the one for whom the message is.
        let body = shown.as_ref().unwrap_or(body);
        let subject = subject.as_deref().map(|s| format!("{s}: ")).unwrap_or_default();
        let text = format!(
            "{}  {}  {} {}  {}{}",
            Zone::utc().stamp(message.at),
            plain(message.customer),
            channel.name(),
            plain(address),
            plain(&subject),
            plain(body)
        );
        self.line(&text)?;
        Ok(Delivery::Delivered)
    }

    fn flush(&mut self) -> Result<(), ChannelError> {
        self.out.flush().map_err(|e| broken(&e))
    }

    fn may_reject(&self) -> bool {
        false
    }
}

impl<W: Write + Send> Desk for Console<W> {
    fn open(&mut self, case: Out<'_, HandoffCase>) -> Result<(), ChannelError> {
        let HandoffCase { queue, why, priority, shown, .. } = case.item;
        // As with a message's text: a console is not for every eye.
        let priority =
            shown.as_ref().or(priority.as_ref()).map(|p| plain(&format!("  priority {p}"))).unwrap_or_default();
        let at = Zone::utc().stamp(case.at);
        let text = format!("{at}  {}  handoff {}  {}{priority}", plain(case.customer), plain(queue), plain(why));
        self.line(&text)
    }

    fn flush(&mut self) -> Result<(), ChannelError> {
        Channel::flush(self)
    }
}
