//! Journeys of any size with arrows of every kind, the same for the same number.

pub(crate) const HOUSE: &str = r#"
customer { phone: phone? for sms, voice  email: email? for email  zone: zone }
record Booking { id: text, slot: instant }
event created { booking: Booking }
event moved { booking: Booking }
event visit.rescheduled_by_the_back_end { booking: Booking }
message note { purpose service  sms "Your visit is on {booking.slot:day}."  replies { yes: "yes" } }
message a_message_with_quite_a_long_name_that_has_to_be_broken { purpose service  sms "Hi."  email "Hi." }
service lookup(booking: text) -> one of { found, lost }
"#;

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

/// A whole file: the house and one journey of so many states.
pub(crate) fn journey(seed: u64, states: usize) -> String {
    format!("{HOUSE}{}", named(seed, states, "visit"))
}

/// A journey of this name.
pub(crate) fn named(seed: u64, states: usize, name: &str) -> String {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(11));
    let state = |i: usize| {
        if i < states { format!("s{i}{}", ["", "_waits_for_an_answer", "_x"][i % 3]) } else { "done".into() }
    };
    // Mostly onwards, and not far, as journeys are.
    let near = |dice: &mut Dice, from: usize| match dice.below(6) {
        0 => state(dice.below(states)),
        1 => state(states),
        _ => state((from + 1 + dice.below(3)).min(states)),
    };
    let mut text = format!("journey {name} for customer per booking.id {{\ndata booking: Booking\n");
    for i in 0..states {
        match dice.below(7) {
            0 => text += &format!("limit visits {} to 2 per 7d else -> {}\n", state(i), state(dice.below(states))),
            1 => text += &format!("limit visits {} to 3 else handoff \"the desk upstairs\"\n", state(i)),
            2 if i == 0 => text += "limit visits s0 to 3 per 24h else end\n",
            _ => {}
        }
    }
    text += "start on created(booking) -> s0\n";
    if dice.below(2) == 0 {
        text += &format!("on opt out -> {}\n", state(dice.below(states)));
    }
    text += "on reply stay { handoff \"care\" with transcript }\n";
    for i in 0..states {
        text += &format!("state {} {{\n", state(i));
        match dice.below(5) {
            0 => text += "send note\n",
            1 => text += "send a_message_with_quite_a_long_name_that_has_to_be_broken\n",
            2 => text += "handoff \"scheduling\" with transcript\n",
            3 => {
                text += "call lookup(booking.id) within 30s {\n";
                for outcome in ["found", "lost", "failed"] {
                    text += &format!("{outcome} -> {}\n", near(&mut dice, i));
                }
                text += "}\n";
            }
            _ => {}
        }
        if dice.below(9) == 0 {
            let (a, b) = (near(&mut dice, i), state((i + 1).min(states)));
            text += &match dice.below(2) {
                0 => format!("choose {{ when booking.slot > now + 2h -> {a}  else -> {b} }}\n}}\n"),
                _ => format!("split by customer {{ 45% -> {a}  55% -> {b} }}\n}}\n"),
            };
            continue;
        }
        match dice.below(8) {
            7 => {
                text += &format!("on moved(booking) when booking.slot > now + 2h -> {}\n", near(&mut dice, i));
            }
            0 => text += &format!("on moved(booking) settle 15m -> {}\n", near(&mut dice, i)),
            1 => text += &format!("on moved(booking) -> {}\n", state(i)),
            2 => {
                text += &format!("on visit.rescheduled_by_the_back_end(booking) settle 15m -> {}\n", near(&mut dice, i))
            }
            3 => text += "on moved stay { send note }\n",
            4 => text += &format!("on reply yes -> {}\n", near(&mut dice, i)),
            5 => text += &format!("on blocked -> {}\n", near(&mut dice, i)),
            _ => {}
        }
        match dice.below(3) {
            0 => text += &format!("after 3d -> {}\n", near(&mut dice, i)),
            1 => {
                text += &format!("at booking.slot - 2h -> {}, if past -> {}\n", near(&mut dice, i), near(&mut dice, i))
            }
            _ => {
                let to = near(&mut dice, i);
                text += &format!("at booking.slot -> {to}, if past -> {to}\n");
            }
        }
        text += "}\n";
    }
    text + "end done as success\n}\n"
}
