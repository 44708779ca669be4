//! Two programs that use the whole language between them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;

fn house() -> Policy {
    use Purpose::{Debt, Marketing, Service};
    Policy {
        name: "house".into(),
        limits: vec![
            limit(MESSAGES, 6, Some(DAY), Fate::Latest, "limit messages to 6 per 24h"),
            limit(
                LimitWhat::Messages { channel: None, purpose: Some(Marketing) },
                1,
                Some(7 * DAY),
                Fate::Skip,
                "limit marketing messages to 1 per 7d",
            ),
            Limit {
                key: Some(path("booking.id")),
                ..limit(
                    LimitWhat::Messages { channel: Some(Channel::Email), purpose: None },
                    3,
                    Some(2 * DAY),
                    Fate::Defer,
                    "limit email to 3 per 2d per booking.id",
                )
            },
        ],
        quiet: vec![quiet(21 * 60, 8 * 60, &[Service, Marketing, Debt], Fate::Defer)],
        after_end: Some("care".into()),
        stop_spares: vec![Purpose::Safety],
        ..Policy::default()
    }
}

/// `appointment` as in the language's own example, and `offers`, which advertises.
pub fn appointment() -> Program {
    let until_slot = || Validity::Until(expr("booking.slot"));
    let messages = vec![
        inviting(
            valid(
                message(
                    "confirmation",
                    Purpose::Service,
                    &[
                        (
                            Channel::Sms,
                            "Hi {customer.first_name}, {booking.slot:day} {booking.slot:time} #{booking.slot_ms}",
                        ),
                        (Channel::Email, "Your visit #{booking.slot_ms}"),
                    ],
                ),
                until_slot(),
            ),
            &[("change", &["change", "move"]), ("call_off", &["no visit"])],
        ),
        valid(sms("moved_notice", "Now {booking.slot:day} at {booking.slot:time} #{booking.slot_ms}"), until_slot()),
        valid(sms("reminder", "Tomorrow at {booking.slot:time} #{booking.slot_ms}"), until_slot()),
        valid(inviting(sms("called_off", "Off. Reply BOOK."), &[("book", &["book"])]), Validity::For(12 * HOUR)),
        message("offer", Purpose::Marketing, &[(Channel::Email, "New!"), (Channel::Sms, "New! {offer or \"x\"}")]),
        message("flood_alert", Purpose::Safety, &[(Channel::Sms, "Flood"), (Channel::Voice, "Flood")]),
    ];
    let names = Names {
        events: vec!["booking.created", "booking.rescheduled", "booking.cancelled", "offer.made", "flood"],
        messages: messages.iter().map(|m| m.name.to_string()).collect(),
        states: vec![
            "booked",
            "moved",
            "waiting",
            "tomorrow",
            "soon",
            "day",
            "asking_off",
            "calling_off",
            "rebooking",
            "agent",
            "agreed",
            "unanswered",
            "visited",
            "cancelled",
            "lapsed",
        ],
    };
    let b = &["booking"];
    let moves = |n: &Names| n.on("booking.rescheduled", b, Some(15 * MINUTE), n.go("moved"));
    let blocked = |n: &Names| n.to(Trigger::Blocked, "agent");
    let visits = |s: &str| LimitWhat::Visits(names.state(s));
    let goto = |s: &str| Fate::Goto(names.state(s));
    let call = Action::Call(Call {
        service: ServiceId(0),
        args: vec![expr("booking.id")],
        within: 30 * SECOND,
        outcomes: BTreeMap::from([
            ("done".into(), names.state("calling_off")),
            ("refused".into(), names.state("agent")),
            ("failed".into(), names.state("agent")),
        ]),
    });
    let n = &names;
    let journey = Journey {
        name: "appointment".into(),
        doc: String::new(),
        key: Some(path("booking.id")),
        data: vec![field("booking", Type::Record("Booking".into()))],
        limits: vec![
            limit(LimitWhat::Live, 3, None, Fate::Handoff("scheduling".into()), "limit live to 3"),
            limit(
                LimitWhat::Starts,
                3,
                Some(30 * DAY),
                Fate::Handoff("scheduling".into()),
                "limit starts to 3 per 30d",
            ),
            limit(visits("moved"), 3, Some(7 * DAY), goto("agent"), "limit visits moved to 3 per 7d"),
            limit(visits("tomorrow"), 2, Some(7 * DAY), goto("agent"), "limit visits tomorrow to 2 per 7d"),
            limit(visits("agreed"), 2, Some(7 * DAY), goto("waiting"), "limit visits agreed to 2 per 7d"),
            limit(visits("calling_off"), 1, None, goto("rebooking"), "limit visits calling_off to 1"),
        ],
        goals: vec![],
        starts: vec![n.start("booking.created", b, "booked")],
        arrows: vec![
            n.on("booking.cancelled", &[], None, n.go("calling_off")),
            n.to(reply("call_off"), "asking_off"),
            Arrow { on: Trigger::Reply(None), when: None, then: Then::Stay(vec![handoff("care")]) },
        ],
        states: n.states(vec![
            through("booked", vec![n.send("confirmation")], n.state("waiting")),
            through("moved", vec![n.send("moved_notice")], n.state("waiting")),
            state(
                "waiting",
                vec![],
                vec![moves(n), blocked(n), n.at(before("booking.slot", DAY), n.go("tomorrow"), n.go("soon"))],
            ),
            through("tomorrow", vec![n.send("reminder")], n.state("soon")),
            state("soon", vec![], vec![moves(n), blocked(n), n.at(expr("booking.slot"), n.go("day"), n.go("day"))]),
            state("day", vec![], vec![moves(n), n.to(after(12 * HOUR), "visited")]),
            state("asking_off", vec![call], vec![]),
            state(
                "calling_off",
                vec![n.send("called_off")],
                vec![
                    n.to(reply("book"), "rebooking"),
                    Arrow { on: reply("call_off"), when: None, then: Then::Stay(vec![]) },
                    n.to(after(2 * DAY), "cancelled"),
                ],
            ),
            state(
                "rebooking",
                vec![handoff("scheduling")],
                vec![n.to(Trigger::HandoffClosed, "cancelled"), n.to(after(3 * DAY), "cancelled")],
            ),
            state(
                "agent",
                vec![handoff("scheduling")],
                vec![
                    n.on("booking.rescheduled", b, None, Then::Stay(vec![])),
                    n.to(Trigger::HandoffClosed, "agreed"),
                    n.to(after(3 * DAY), "unanswered"),
                ],
            ),
            through("agreed", vec![n.send("moved_notice")], n.state("waiting")),
            state(
                "unanswered",
                vec![handoff("supervisor")],
                vec![n.to(Trigger::HandoffClosed, "agreed"), n.to(after(3 * DAY), "lapsed")],
            ),
            end("visited", EndKind::Success),
            end("cancelled", EndKind::Neutral),
            end("lapsed", EndKind::Failure),
        ]),
        migrations: Vec::new(),
    };
    let o = Names {
        states: vec!["told", "gone", "stopped"],
        ..Names { events: n.events.clone(), messages: n.messages.clone(), states: vec![] }
    };
    let mut offer = o.plain_send("offer");
    offer.via = vec![Channel::Email, Channel::Sms];
    offer.on_failed = Some(o.go("gone"));
    offer.on_blocked = Some(Then::Stay(vec![]));
    let offers = Journey {
        name: "offers".into(),
        doc: String::new(),
        key: None,
        data: vec![field("offer", text_type())],
        limits: vec![
            Limit {
                per_customer: true,
                ..limit(
                    LimitWhat::Visits(o.state("told")),
                    4,
                    Some(DAY),
                    Fate::Skip,
                    "limit visits told to 4 per 24h per customer",
                )
            },
            limit(
                LimitWhat::Messages { channel: Some(Channel::Sms), purpose: None },
                5,
                None,
                Fate::End,
                "limit sms to 5",
            ),
        ],
        goals: vec![],
        starts: vec![o.start("offer.made", &["offer"], "told")],
        arrows: vec![
            o.to(Trigger::OptOut, "stopped"),
            o.on("flood", &[], None, Then::Stay(vec![o.send("flood_alert")])),
        ],
        states: o.states(vec![
            state(
                "told",
                vec![Action::Send(offer.into())],
                vec![o.on("offer.made", &["offer"], None, o.go("told")), o.to(after(5 * DAY), "gone")],
            ),
            end("gone", EndKind::Neutral),
            end("stopped", EndKind::Neutral),
        ]),
        migrations: Vec::new(),
    };
    let mut program = program(n, messages, house(), vec![journey, offers]);
    program.events[1].newest_by = Some(path("at"));
    program
}

/// A boarding journey: promises, essential messages, a feed that may go silent; and every fate of a limit.
pub fn boarding() -> Program {
    let until_departure = || Validity::Until(expr("booking.slot"));
    let messages = vec![
        valid(sms("welcome", "Welcome, we tell you when to board #{booking.slot_ms}"), until_departure()),
        essential(valid(
            message(
                "go_to_gate",
                Purpose::Service,
                &[(Channel::Sms, "Go to gate #{booking.slot_ms}"), (Channel::Voice, "Go to gate #{booking.slot_ms}")],
            ),
            until_departure(),
        )),
        essential(valid(sms("check_the_board", "Check the board #{booking.slot_ms}"), until_departure())),
        valid(sms("delayed", "Delayed to {booking.slot:time} #{booking.slot_ms}"), until_departure()),
        inviting(
            valid(sms("survey", "How was it? GOOD or BAD"), Validity::For(3 * DAY)),
            &[("good", &["good"]), ("bad", &["bad"])],
        ),
        message("upgrade", Purpose::Marketing, &[(Channel::Email, "Upgrade?"), (Channel::Sms, "Upgrade?")]),
    ];
    let names = Names {
        events: vec!["checkin", "flight.changed", "flight.boarding", "flight.cancelled", "seat.free"],
        messages: messages.iter().map(|m| m.name.to_string()).collect(),
        states: vec!["lounge", "lounge_again", "boarding", "unsure", "person", "flown", "asked", "done", "sorry"],
    };
    let n = &names;
    let b = &["booking"];
    let promise = |mut send: Send, deadline: Deadline| {
        send.promising = Some(Promise { name: "boarding_call".into(), deadline });
        Action::Send(send.into())
    };
    let mut keep = n.plain_send("go_to_gate");
    keep.keeping = Some("boarding_call".into());
    keep.on_blocked = Some(n.go("person"));
    keep.on_failed = Some(Then::Stay(vec![handoff("gate")]));
    let mut withdraw = n.plain_send("check_the_board");
    withdraw.withdrawing = Some("boarding_call".into());
    let waits = |n: &Names| {
        vec![
            n.on("flight.boarding", &[], None, n.go("boarding")),
            n.on("flight.changed", b, Some(2 * MINUTE), n.go("lounge_again")),
            n.on("seat.free", &[], None, Then::Stay(vec![n.send("upgrade"), n.send("survey")])),
            n.at(before("booking.slot", 25 * MINUTE), n.go("unsure"), n.go("unsure")),
            n.at(before("booking.slot", 2 * HOUR), Then::Stay(vec![n.send("delayed")]), Then::Stay(vec![])),
        ]
    };
    let journey = Journey {
        name: "boarding".into(),
        doc: String::new(),
        key: Some(path("booking.id")),
        data: vec![field("booking", Type::Record("Booking".into()))],
        limits: vec![
            limit(LimitWhat::Starts, 5, Some(DAY), Fate::Goto(n.state("person")), "limit starts to 5 per 24h"),
            limit(LimitWhat::Live, 6, None, Fate::Skip, "limit live to 6"),
            limit(
                LimitWhat::Visits(n.state("lounge_again")),
                3,
                Some(6 * HOUR),
                Fate::Handoff("gate".into()),
                "limit visits lounge_again to 3 per 6h",
            ),
            limit(LimitWhat::Visits(n.state("person")), 4, None, Fate::End, "limit visits person to 4"),
            limit(
                LimitWhat::Messages { channel: None, purpose: Some(Purpose::Service) },
                4,
                Some(6 * HOUR),
                Fate::Handoff("gate".into()),
                "limit service messages to 4 per 6h",
            ),
            limit(
                LimitWhat::Messages { channel: None, purpose: Some(Purpose::Marketing) },
                3,
                None,
                Fate::Goto(n.state("person")),
                "limit marketing messages to 3",
            ),
        ],
        goals: vec![],
        starts: vec![n.start("checkin", b, "lounge")],
        arrows: vec![
            n.on("flight.cancelled", &[], None, n.go("sorry")),
            Arrow { on: Trigger::Reply(None), when: None, then: Then::Stay(vec![handoff("gate")]) },
            n.to(Trigger::Failed, "person"),
        ],
        states: n.states(vec![
            state(
                "lounge",
                vec![promise(n.plain_send("welcome"), Deadline::By(before("booking.slot", 20 * MINUTE)))],
                waits(n),
            ),
            state("lounge_again", vec![n.send("delayed")], waits(n)),
            state("boarding", vec![Action::Send(keep.into())], vec![n.to(after(2 * HOUR), "flown")]),
            state(
                "unsure",
                vec![Action::Send(withdraw.into())],
                vec![n.to(after(2 * HOUR), "flown"), n.to(Trigger::Blocked, "person")],
            ),
            state(
                "person",
                vec![handoff("gate"), promise(n.plain_send("delayed"), Deadline::Within(HOUR))],
                vec![n.to(Trigger::HandoffClosed, "lounge_again"), n.to(after(DAY), "sorry")],
            ),
            state(
                "flown",
                vec![n.send("survey")],
                vec![n.to(reply("good"), "asked"), n.to(reply("bad"), "person"), n.to(after(DAY), "done")],
            ),
            through("asked", vec![], n.state("done")),
            end("done", EndKind::Success),
            end("sorry", EndKind::Failure),
        ]),
        migrations: Vec::new(),
    };
    let mut policy = house();
    policy.stop_spares = Vec::new();
    policy.quiet = vec![
        quiet(22 * 60, 7 * 60, &[Purpose::Marketing], Fate::Skip),
        quiet(21 * 60 + 30, 6 * 60 + 15, &[], Fate::Latest),
    ];
    let mut program = program(n, messages, policy, vec![journey]);
    program.events[1].newest_by = Some(path("booking.slot"));
    program
}

/// `appointment`, which keeps in `said` the slot that the customer was told last.
pub fn saying() -> Program {
    let mut program = appointment();
    let slots: Vec<MessageId> = (0..3).map(MessageId).collect();
    let journey = &mut program.journeys[0];
    journey.data.push(field("said", Type::Optional(Box::new(Type::Instant))));
    for action in journey.states.iter_mut().flat_map(|s| &mut s.entry) {
        if let Action::Send(send) = action
            && slots.contains(&send.message)
        {
            let value = expr("booking.slot");
            Arc::make_mut(send).on_sent.push(Set {
                path: path("said"),
                value,
                hook: None,
                optional: true,
                sensitive: false,
            });
        }
    }
    program
}
