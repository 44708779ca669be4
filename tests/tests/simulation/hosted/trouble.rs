//! What happens to a hosted runtime besides its feed: it dies, it is away, channels go down, and those who run it pause,
//! withdraw and take up newer programs.

use std::sync::Arc;
use std::time::Duration;

use journey_runtime::Scope;
use journey_spec::program::{Channel, HOUR, MINUTE, Piece};

use super::{ATTEMPT, Host, Withdrawn, all_begun};
use crate::outside::Saw;

impl Host {
    /// Whoever runs it does something, or something happens to it.
    pub(super) fn trouble(&mut self) {
        if !self.conditions.rough {
            return;
        }
        let ways: Vec<Channel> = self.program.customer.addresses.keys().copied().collect();
        let Some(way) = self.random.of(&ways).copied() else { return };
        match self.random.below(1000) {
            0..12 => self.kill(),
            12..18 => {
                // away, for as long as that takes
                self.kill();
                self.now += self.random.between(MINUTE, 10 * HOUR);
                let now = self.now;
                self.go_to(now);
            }
            18..30 => {
                // What hangs is given up.
                self.with(async |_| tokio::time::sleep(ATTEMPT + Duration::from_millis(5)).await);
            }
            30..42 => {
                let until = self.now + self.random.between(0, 6 * HOUR);
                self.outer.down(way, until);
            }
            42..54 => {
                let ordered = self.with(async |runtime| {
                    let ordered = runtime.pause(Scope::Channel(way), None).await;
                    all_begun().await;
                    ordered.is_ok()
                });
                self.paused.insert(way);
                if ordered {
                    self.outer.log.saw(Saw::Paused(way, None));
                }
            }
            54..80 => self.resume(),
            80..92 => {
                let until = self.now;
                let ordered = self.with(async |runtime| {
                    let ordered = runtime.withdraw(Scope::Channel(way)).await;
                    all_begun().await;
                    ordered.is_ok()
                });
                if ordered {
                    let after = self.outer.log.lock().saw.len();
                    self.withdrawn.push(Withdrawn { after, way, until });
                }
            }
            92..98 => self.load(),
            _ => {}
        }
    }

    pub(super) fn resume(&mut self) {
        let Some(way) = self.paused.first().copied() else { return };
        // It may leave as soon as this is asked.
        self.outer.log.saw(Saw::Resumed(way));
        if self.with(async |runtime| runtime.resume(Scope::Channel(way)).await).is_ok() {
            self.paused.remove(&way);
        }
    }

    /// Takes up the next version, which words its messages otherwise. Whether that works or not, the next start is with it.
    fn load(&mut self) {
        let mut newer = self.program.as_ref().clone();
        for variant in newer.messages.iter_mut().flat_map(|m| &mut m.variants) {
            variant.body.0.push(Piece::Text(format!(" {}", self.loaded)));
        }
        let newer = newer.seal();
        self.program = Arc::new(newer.clone());
        match self.with(async |runtime| runtime.load(newer, None).await) {
            Ok(()) => self.loaded += 1,
            Err(_) => self.kill(),
        }
    }
}
