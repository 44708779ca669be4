//! What could happen to a customer: every rule over the compiled program, one call a rule.
//!
//! The rules look at a journey as a directed graph ([`crate::graph`]) of states that send and arrows that take time. They
//! over-approximate: where a rule is silent, the thing cannot happen with any feed.

pub mod bounds;
mod bursts;
mod calendars;
mod changes;
mod conditions;
mod copies;
mod essential;
mod goals;
mod limits;
mod loops;
mod mend;
mod mornings;
mod people;
mod promises;
mod quiet;
mod reached;
mod replies;
mod stale;
mod starts;
mod states;
mod story;
pub mod texts;
mod timers;
pub mod waits;
mod ways;

use journey_spec::program::{JourneyId, Program};

use crate::diagnostics::Finding;
use crate::graph::{self, Graph};
use crate::spans::Spans;

/// What the rules of a journey look at.
pub(crate) struct Case<'a> {
    /// The whole program.
    pub(crate) program: &'a Program,
    /// Where its parts stand.
    pub(crate) spans: &'a Spans,
    /// The journey as a graph.
    pub(crate) graph: &'a Graph,
}

/// Asks every rule of every journey; in no particular order, none repeated.
#[must_use]
pub fn run(program: &Program, spans: &Spans) -> Vec<Finding> {
    let mut out = Vec::new();
    replies::invite_no_opt_out_word(program, spans, &mut out);
    replies::are_told_apart(program, spans, &mut out);
    quiet::hours_leave_some(program, spans, &mut out);
    quiet::hours_outlast_nothing(program, spans, &mut out);
    calendars::are_known(program, spans, &mut out);
    limits::of_the_policy_can_act(program, spans, &mut out);
    let mut queues = Vec::new();
    let mut sends = texts::unused::Sends::default();
    let mut senders = texts::Senders::new();
    for (_, id) in program.journeys.iter().zip(0..) {
        let Some(graph) = graph::of(program, JourneyId(id)) else { continue };
        let case = Case { program, spans, graph: &graph };
        for (_, sent) in graph.all_sends() {
            senders.entry(sent.send.message).or_default().insert(JourneyId(id));
        }
        sends.note(program, &graph);
        loops::end_every_step(&case, &mut out);
        loops::send_a_bounded_number(&case, &mut out);
        starts::are_bounded(&case, &mut out);
        essential::messages_keep_their_own_bound(&case, &mut out);
        limits::lead_somewhere_else(&case, &mut out);
        limits::can_act(&case, &mut out);
        states::are_reachable(&case, &mut out);
        states::lead_to_an_end(&case, &mut out);
        changes::are_heard(&case, &mut out);
        changes::are_heard_while_a_message_waits(&case, &mut out);
        changes::are_told_in_the_end(&case, &mut out);
        stale::data_are_not_said(&case, &mut out);
        queues.extend(mornings::queue(&case));
        copies::are_not_waited_for(&case, &mut out);
        waits::end_by_themselves(&case, &mut out);
        timers::cannot_be_put_off(&case, &mut out);
        bursts::of_what_is_past(&case, &mut out);
        people::can_be_reached(&case, &mut out);
        let missed = reached::by_every_message(&case, &mut out);
        ways::are_two_where_it_matters(&case, &missed, &mut out);
        replies::are_heard_while_it_lives(&case, &mut out);
        replies::are_heard_after_the_end(&case, &mut out);
        goals::can_be_measured(&case, &mut out);
        conditions::can_hold_and_can_fail(&case, &mut out);
        conditions::leave_something_to_each_arrow(&case, &mut out);
        promises::are_kept_on_every_path(&case, &mut out);
        promises::are_made_before_they_are_kept(&case, &mut out);
    }
    mornings::bring_no_burst(program, spans, &queues, &mut out);
    quiet::hours_forget_no_purpose(program, spans, &senders, &mut out);
    bounds::fit_their_limits(program, spans, &mut out);
    texts::can_be_written(program, spans, &mut out);
    texts::unused::are_read(program, spans, &sends, &mut out);
    texts::reach_every_reader(program, spans, &senders, &mut out);
    texts::fit_their_channel(program, spans, &senders, &mut out);
    texts::aging::is_true_when_read(program, spans, &senders, &mut out);
    out
}
