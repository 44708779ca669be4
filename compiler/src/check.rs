//! What could happen to a customer: every rule over the compiled program, one call a rule.
//!
//! The rules look at a journey as a directed graph ([`crate::graph`]) of states that send and arrows that take time. They
//! over-approximate: where a rule is silent, the thing cannot happen with any feed.

mod begun;
pub mod bounds;
mod bursts;
mod calendars;
mod changes;
mod cited;
mod closed;
mod conditions;
mod copies;
mod essential;
mod goals;
mod leaving;
mod limits;
mod loops;
mod memo;
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

use bounds::Journeys;
use journey_spec::program::Program;
pub(crate) use memo::Memo;
use mornings::Queue;

use crate::diagnostics::Finding;
use crate::graph::Graph;
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
    Memo::default().run(program, spans, true)
}

/// What is asked of a journey and of what all journeys share; of no other journey.
fn of_journey(case: &Case<'_>, out: &mut Vec<Finding>) {
    loops::end_every_step(case, out);
    loops::send_a_bounded_number(case, out);
    starts::are_bounded(case, out);
    essential::messages_keep_their_own_bound(case, out);
    limits::lead_somewhere_else(case, out);
    limits::can_act(case, out);
    states::are_reachable(case, out);
    states::lead_to_an_end(case, out);
    changes::are_heard(case, out);
    changes::are_heard_while_a_message_waits(case, out);
    changes::are_told_in_the_end(case, out);
    stale::data_are_not_said(case, out);
    copies::are_not_waited_for(case, out);
    leaving::moves_no_instant(case, out);
    waits::end_by_themselves(case, out);
    closed::cases_are_opened(case, out);
    timers::cannot_be_put_off(case, out);
    bursts::of_what_is_past(case, out);
    people::can_be_reached(case, out);
    let missed = reached::by_every_message(case, out);
    ways::are_two_where_it_matters(case, &missed, out);
    replies::are_heard_while_it_lives(case, out);
    replies::are_heard_after_the_end(case, out);
    goals::can_be_measured(case, out);
    conditions::can_hold_and_can_fail(case, out);
    conditions::leave_something_to_each_arrow(case, out);
    promises::are_kept_on_every_path(case, out);
    promises::are_made_before_they_are_kept(case, out);
}

/// What is asked of the program as a whole. `all`: every journey of the project is in it, so that what none of them does is
/// not done.
fn of_program(
    program: &Program,
    spans: &Spans,
    (journeys, all): (&Journeys, bool),
    queues: &[&Queue],
    out: &mut Vec<Finding>,
) {
    replies::invite_no_opt_out_word(program, spans, out);
    replies::are_told_apart(program, spans, out);
    quiet::hours_leave_some(program, spans, out);
    quiet::hours_outlast_nothing(program, spans, out);
    calendars::are_known(program, spans, out);
    limits::of_the_policy_can_act(program, spans, out);
    let mut sends = texts::unused::Sends::default();
    let mut senders = texts::Senders::new();
    let mut days = texts::decided::Days::default();
    for graph in journeys.graphs() {
        for (_, sent) in graph.all_sends() {
            senders.entry(sent.send.message).or_default().insert(graph.journey);
        }
        sends.note(program, graph);
        days.note(program, graph);
    }
    mornings::bring_no_burst(program, spans, queues, out);
    quiet::hours_forget_no_purpose(program, spans, &senders, out);
    cited::rules_hold_for_everybody(program, spans, &senders, out);
    if all {
        begun::quiet_times_hold_something_back(program, spans, &senders, out);
    }
    bounds::fit_their_limits(program, spans, journeys, out);
    texts::can_be_written(program, spans, out);
    texts::unused::are_read(program, spans, &sends, out);
    texts::reach_every_reader(program, spans, &senders, out);
    texts::fit_their_channel(program, spans, &senders, out);
    texts::aging::is_true_when_read(program, spans, (&senders, &days), out);
}
