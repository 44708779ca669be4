//! A customer who is to be forgotten: what is personal goes, what is counted stays.

use std::sync::Arc;

use journey_spec::program::EndKind;

use super::Run;
use crate::customer::End;
use crate::effect::{PromiseFate, What};

impl Run<'_> {
    /// Ends every journey, and drops all that tells who somebody is or what was said: the directory's fields, addresses,
    /// data, transcripts, open cases, messages that wait, events that have begun a quiet time. What left stays counted, with
    /// the keys by which it is: a limit holds for whoever comes back under the same id.
    pub(crate) fn forget_person(&mut self) {
        let at = self.now;
        for n in 0..self.c.instances.len() {
            while let Some(promise) = self.c.instances.get_mut(n).and_then(|i| i.promises.pop()) {
                let (name, by) = (promise.name, promise.by);
                self.note(Some(n), What::Promise { name: name.into(), fate: PromiseFate::Void, by });
            }
            if !self.is_live(n) {
                continue;
            }
            if let Some(instance) = self.c.instances.get_mut(n) {
                instance.visit = instance.visit.saturating_add(1);
                instance.ended = Some(End { at, outcome: EndKind::Neutral, by_limit: true });
            }
            self.note(Some(n), What::Ended { state: String::new().into(), outcome: EndKind::Neutral });
        }
        let c = &mut self.c;
        c.instances.clear();
        c.waiting.clear();
        c.routes.clear();
        c.cases.clear();
        c.said.clear();
        c.quiet_since.clear();
        c.profile = Arc::default();
        c.agreed.clear();
        c.former_zones.clear();
        // Who said STOP is remembered by address, for all who ever have it, where addresses are kept.
        c.stops.clear();
        c.stopped_channels.clear();
        self.note(None, What::Forgotten);
    }
}
