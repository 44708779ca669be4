//! From trees to the program: the appointment of the language's first page, and what happens to what is broken.

use journey_compiler::diagnostics::Finding;
use journey_compiler::source::Memory;
use journey_compiler::spans::Node;
use journey_compiler::{Compilation, compile};
use journey_spec::program::*;
use journey_spec::value::Value;

const CARE: &str = include_str!("appointment/care.journey");
const APPOINTMENT: &str = include_str!("appointment/appointment.journey");
const MAIL: &str = "Hello {customer.first_name},\n\nyour visit is at {booking.slot:time}.\n";

fn compiled(appointment: &str) -> Compilation {
    let files = [("v/appointment.journey", appointment), ("v/care.journey", CARE), ("v/mail/confirmation.md", MAIL)];
    let files = files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    compile(&["v/appointment.journey".into()], &Memory(files))
}

fn told(compilation: &Compilation) -> Vec<String> {
    compilation.findings.iter().map(|f| format!("{}: {}", f.code.code, f.message)).collect()
}

fn path(text: &str) -> Vec<String> {
    text.split('.').map(String::from).collect()
}

#[test]
fn the_appointment_has_no_error_of_names_and_types() {
    let told: Vec<String> = told(&compiled(APPOINTMENT)).into_iter().filter(|t| t.as_str() < "J02").collect();
    assert_eq!(told, Vec::<String>::new());
}

#[test]
fn the_appointment_becomes_this_program() {
    let compilation = compiled(APPOINTMENT);
    let program = compilation.program.as_ref().unwrap();
    assert_eq!(program.hash, program.content_hash());
    assert_eq!(program.customer.zone.as_deref(), Some("zone"));
    assert_eq!(program.customer.addresses[&Channel::Voice], "phone");

    let policy = &program.policy;
    assert_eq!((policy.valid_for, policy.grace, policy.reply_window), (12 * HOUR, 15 * MINUTE, 7 * DAY));
    assert_eq!(policy.after_end.as_deref(), Some("care"));
    assert_eq!(policy.limits[1].text, "limit marketing messages to 1 per 7d");
    assert_eq!(policy.limits[1].fate, Fate::Skip);
    let quiet = &policy.quiet[0];
    assert_eq!((quiet.from, quiet.to, quiet.fate.clone()), (21 * 60, 8 * 60, Fate::Defer));
    assert_eq!(quiet.text, "quiet 21:00 to 08:00 for service, marketing, debt");
    assert_eq!(policy.require, [Requirement::Handoff, Requirement::ReplyHandling, Requirement::Timeout]);

    let confirmation = &program.messages[0];
    assert_eq!(confirmation.validity, Validity::Until(Expr::Path(path("booking.slot"))));
    assert_eq!(confirmation.replies[0].words, ["change", "move", "reschedule"]);
    assert_eq!(confirmation.replies[1], Invitation { name: "call_off".into(), words: vec!["no visit".into()] });
    let email = &confirmation.variants[1];
    assert_eq!((email.channel, email.subject.as_ref().unwrap().0.len(), email.body.0.len()), (Channel::Email, 2, 5));
    assert_eq!(program.messages[3].validity, Validity::For(12 * HOUR));

    let journey = &program.journeys[0];
    let names: Vec<&str> = journey.states.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names[..6], ["booked", "moved", "waiting", "tomorrow", "soon", "day"]);
    let state = |name: &str| StateId(names.iter().position(|n| *n == name).unwrap() as u32);
    assert_eq!(journey.key, Some(path("booking.id")));
    assert_eq!(
        journey.limits[2],
        Limit {
            what: LimitWhat::Visits(state("moved")),
            n: 3,
            per: Some(Window::Rolling(7 * DAY)),
            key: None,
            per_customer: false,
            fate: Fate::Goto(state("agent")),
            because: None,
            text: "limit visits moved to 3 per 7d".into(),
        }
    );
    assert!(journey.limits[0].per_customer && journey.limits[5].per.is_none());
    assert_eq!(
        journey.starts,
        [Start { event: EventId(0), take: vec!["booking".into()], when: None, to: state("booked") }]
    );
    assert_eq!(journey.arrows.len(), 3);
    assert_eq!(journey.arrows[1].on, Trigger::Reply(Some("call_off".into())));
    let Then::Stay(actions) = &journey.arrows[2].then else { panic!("a bare reply stays") };
    assert_eq!(
        actions,
        &[Action::Handoff(Handoff { queue: "care".into(), transcript: true, carried: Vec::new(), priority: None })]
    );

    let waiting = &journey.states[state("waiting").index()];
    assert_eq!(
        waiting.arrows[0].on,
        Trigger::Event { event: EventId(1), take: vec!["booking".into()], settle: Some(15 * MINUTE) }
    );
    assert_eq!(
        waiting.arrows[2],
        Arrow {
            on: Trigger::At {
                at: Expr::Offset { base: Box::new(Expr::Path(path("booking.slot"))), by: -DAY },
                if_past: Then::Goto(state("soon")),
            },
            when: None,
            then: Then::Goto(state("tomorrow")),
        }
    );
    assert_eq!(journey.states[state("booked").index()].next, Some(state("waiting")));
    let Action::Call(call) = &journey.states[state("asking_off").index()].entry[0] else { panic!("it calls") };
    assert_eq!((call.within, call.args.clone()), (30 * SECOND, vec![Expr::Path(path("booking.id"))]));
    assert_eq!(call.outcomes["failed"], state("agent"));
    assert_eq!(journey.states[state("lapsed").index()].end, Some(EndKind::Failure));
}

#[test]
fn every_part_has_its_place() {
    let compilation = compiled(APPOINTMENT);
    let text = |node: Node| {
        let span = compilation.spans.get(&node);
        compilation.sources.get(span.file).unwrap().slice(span).to_owned()
    };
    let journey = JourneyId(0);
    assert_eq!(text(Node::Event(EventId(1))), "booking.rescheduled");
    assert_eq!(text(Node::Message(MessageId(2))), "reminder");
    assert_eq!(text(Node::Reply(MessageId(0), 1)), "call_off: \"no visit\"");
    assert_eq!(text(Node::Service(ServiceId(0))), "cancel_visit");
    assert_eq!(text(Node::Policy), "house");
    assert_eq!(
        text(Node::PolicyLimit(0)).split_whitespace().collect::<Vec<_>>().join(" "),
        "limit messages to 6 per 24h else latest"
    );
    assert!(text(Node::Quiet(0)).starts_with("quiet 21:00"));
    assert_eq!(text(Node::Journey(journey)), "journey appointment for customer per booking.id");
    assert!(text(Node::Limit(journey, 2)).starts_with("limit visits moved"));
    assert_eq!(text(Node::Start(journey, 0)), "start on booking.created(booking) -> booked");
    assert!(text(Node::JourneyArrow(journey, 0)).starts_with("on booking.cancelled"));
    assert_eq!(text(Node::JourneyStay(journey, 2, 0)), "handoff \"care\" with transcript");
    assert_eq!(text(Node::State(journey, StateId(2))), "waiting");
    assert_eq!(text(Node::Entry(journey, StateId(0), 0)), "send confirmation");
    assert_eq!(text(Node::Next(journey, StateId(0))), "-> waiting");
    assert!(text(Node::Arrow(journey, StateId(2), 2)).starts_with("at booking.slot - 1d"));
    let asking = compilation.program.as_ref().unwrap().journeys[0].states.iter().position(|s| s.name == "asking_off");
    let asking = StateId(asking.unwrap() as u32);
    assert_eq!(text(Node::Outcome(journey, asking, "refused".into())), "refused -> agent");
}

#[test]
fn only_whole_journeys_are_checked_further() {
    let second = r#"
journey broken for customer { start on booking.created -> nowhere  state lonely { send reminder } }
journey whole for customer { start on booking.created -> lonely  state lonely { send called_off } }
"#;
    let compilation = compiled(&format!("{APPOINTMENT}{second}"));
    let of = |journey: &str| {
        let text = compilation.sources.get(compilation.files[0].0).unwrap().text.clone();
        let start = text.find(&format!("journey {journey} ")).unwrap();
        let end = start + text[start..].find('\n').unwrap();
        let here =
            |f: &&Finding| f.span().file == compilation.files[0].0 && (start..end).contains(&(f.span().start as usize));
        compilation.findings.iter().filter(here).map(|f| f.code.code).collect::<Vec<_>>()
    };
    assert_eq!(of("broken"), ["J0101"]);
    assert!(of("whole").contains(&"J0302"), "{:?}", told(&compilation));
    assert!(compilation.has_errors() && compilation.runnable().is_none());
}

#[test]
fn a_missing_argument_at_the_end_is_nothing() {
    let text =
        APPOINTMENT.replace("cancel_visit(booking: text)", "cancel_visit(booking: text, why: text?, days: number)");
    let text = text.replace("cancel_visit(booking.id)", "cancel_visit(booking.id, \"late\", 3)");
    let compilation = compiled(&text);
    let args = |c: &Compilation| {
        c.program.as_ref().unwrap().journeys[0].states.iter().flat_map(|s| &s.entry).find_map(|a| match a {
            Action::Call(call) => Some(call.args.clone()),
            _ => None,
        })
    };
    assert_eq!(args(&compilation).unwrap()[2], Expr::Literal(Value::Number(3.0)));
    let text = APPOINTMENT.replace("cancel_visit(booking: text)", "cancel_visit(booking: text, why: text?)");
    assert_eq!(args(&compiled(&text)).unwrap()[1], Expr::Literal(Value::Missing));
}

#[test]
fn a_moved_comment_is_the_same_program() {
    let compilation = compiled(APPOINTMENT);
    let commented =
        compiled(&format!("// one more\n{}", APPOINTMENT.replace("  state day {", "  // more\n  state day {")));
    assert_eq!(compilation.program.unwrap().hash, commented.program.unwrap().hash);
}
