//! What comes back: answers, and receipts.

use compact_str::{CompactString, format_compact};
use journey_spec::program::{Channel, Trigger};
use journey_spec::value::{fold_reply, is_folded_opt_out};

use super::Run;
use super::handoffs::{Handing, Whose};
use crate::customer::{Route, fold_address};
use crate::effect::{Way, What};
use crate::ledger::in_window;

/// Where an answer goes that might call off the wrong thing, in a house without a queue for lost answers.
const CARE: &str = "care";

impl Run<'_> {
    /// The customer wrote. STOP is looked at first; then the newest message on that address which invites the answer
    /// hears it, else the newest message's instance; never two.
    pub(crate) fn reply(&mut self, channel: Channel, address: Option<&str>, text: &str) {
        self.say(channel, true, text.to_string());
        let address = address.or_else(|| self.c.address(self.program, channel)).map(CompactString::from);
        let folded = fold_reply(text);
        if is_folded_opt_out(&folded) {
            let what = What::Replied {
                channel,
                text: text.into(),
                meaning: Some("stop".into()),
                heard_by: "the house".into(),
            };
            self.note(None, what);
            return self.said_stop(channel, address);
        }
        let from = address.as_deref().map(fold_address);
        let routes = || {
            let here = |r: &&Route| {
                Some(r.address.as_str()) == from.as_deref()
                    && in_window(r.at, self.now, self.program.policy.reply_window)
            };
            self.c.routes.iter().rev().filter(here)
        };
        let invites = |r: &Route| -> Option<CompactString> {
            let message = self.program.messages.get(r.message.index())?;
            let invited = message.replies.iter().find(|i| !folded.is_empty() && i.words.contains(&folded))?;
            Some(invited.name.as_str().into())
        };
        let Some(newest) = routes().next() else {
            return self.after_end(channel, text, None, None);
        };
        let invited = routes().find_map(|r| Some((r, invites(r)?)));
        let is_older = invited.as_ref().is_some_and(|(route, _)| route.instance != newest.instance);
        let (route, meaning) = invited.map_or((newest, None), |(route, meaning)| (route, Some(meaning)));
        let route = route.clone();
        if is_older {
            let queue = self.program.policy.after_end.clone().unwrap_or_else(|| CARE.into());
            let heard_by = format_compact!("queue `{queue}`: a guess could call off the wrong one");
            self.note(None, What::Replied { channel, text: text.into(), meaning, heard_by });
            let why = "an answer that fits an older message than the newest one".into();
            return self.route_to_person(Some(&route), &queue, why);
        }
        let n = self.c.position(route.instance).filter(|n| self.is_live(*n));
        let heard = n.and_then(|n| {
            let named = meaning.as_ref().and_then(|name| {
                let (at, arrow) = self.arrow(n, |t| matches!(t, Trigger::Reply(Some(reply)) if reply == name))?;
                Some((at, arrow, format_compact!("reply {name}")))
            });
            let bare = || {
                let (at, arrow) = self.arrow(n, |t| matches!(t, Trigger::Reply(None)))?;
                Some((at, arrow, CompactString::const_new("a reply")))
            };
            let (at, arrow, why) = named.or_else(bare)?;
            Some((n, at, arrow, why))
        });
        let Some((n, at, arrow, why)) = heard else {
            return self.after_end(channel, text, meaning, Some(&route));
        };
        self.note(Some(n), What::Replied { channel, text: text.into(), meaning, heard_by: "the journey".into() });
        self.took_arrow(n, at, false);
        if !self.take(n, &arrow.then, &why) {
            // A limit dropped the arrow: an answer is not dropped with it.
            if let Some(queue) = self.program.policy.after_end.clone() {
                self.route_to_person(Some(&route), &queue, "an answer whose arrow a limit does not let through".into());
            }
        }
    }

    /// Nobody who lives hears the answer: the house's queue does, where it has one.
    fn after_end(&mut self, channel: Channel, text: &str, meaning: Option<CompactString>, route: Option<&Route>) {
        let queue = self.program.policy.after_end.clone();
        let heard_by = queue.as_ref().map_or_else(|| "nobody".into(), |q| format_compact!("queue `{q}`"));
        let n = route.and_then(|r| self.c.position(r.instance));
        self.note(n, What::Replied { channel, text: text.into(), meaning, heard_by });
        if let Some(queue) = queue {
            self.route_to_person(route, &queue, "an answer that no journey hears".into());
        }
    }

    fn route_to_person(&mut self, route: Option<&Route>, queue: &str, why: CompactString) {
        let whose = Whose {
            journey: route.map(|r| r.journey),
            key: route.and_then(|r| r.key.clone()),
            instance: route.map(|r| r.instance),
        };
        let n = whose.instance.and_then(|number| self.c.position(number));
        self.open_case(n, whose, Handing::to(queue), why, None);
    }

    /// A channel told what became of a message. A failure is heard once, by the visit to which the message belonged.
    pub(crate) fn receipt(&mut self, id: &str, delivered: bool) {
        if delivered {
            return;
        }
        let Some(route) = self.c.routes.iter_mut().find(|r| r.id == id) else {
            return self.ignored(
                None,
                format_compact!("failure of message `{id}`"),
                "it is not known, or was long ago",
            );
        };
        if std::mem::replace(&mut route.failed, true) {
            return self.ignored(None, format_compact!("failure of message `{id}`"), "it is known already");
        }
        let (message, visit, number, own) =
            (route.message, route.visit, route.instance, route.send.as_ref().and_then(|s| s.on_failed.clone()));
        let (of, message) = (message, self.message_name(message));
        let n = self.c.position(number);
        self.note(n, What::Failed { message: message.clone() });
        let Some(n) = n.filter(|n| self.visit(*n) == Some(visit) && self.is_live(*n)) else { return };
        let why = format_compact!("failed {message}");
        if let Some(then) = own {
            self.took(n, Way::OnFailed(of));
            self.take(n, &then, &why);
        } else if let Some((at, arrow)) = self.arrow(n, |t| matches!(t, Trigger::Failed)) {
            self.took_arrow(n, at, false);
            self.take(n, &arrow.then, &why);
        }
    }
}
