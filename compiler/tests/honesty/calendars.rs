//! Windows of the calendar over days and weeks, for customers who travel: greedy runs from midnight to midnight, wherever
//! midnight is, on the real step.

use journey_compiler::check::bounds::{Scope, message_bounds};
use journey_spec::Ts;
use journey_spec::program::{Calendar, DAY, HOUR, Program};
use journey_spec::time::Zone;

use super::asked;
use super::compare::compiled;
use super::journeys::Dice;
use super::world::{MIDNIGHT, Move, NEAR, News, PLACES, Setting, World};

/// A customer who is written to whenever that may be, under one limit of the calendar.
fn program(n: usize, unit: &str, fate: &str) -> Program {
    let text = format!(
        "customer {{ phone: phone for sms  zone: zone? }}
record Booking {{ id: text }}
event created {{ booking: Booking }}
event ping {{ booking: Booking }}
message note {{ purpose service  sms \"Note.\"  valid for 12h }}
policy house {{ limit messages to {n} per {unit} else {fate} }}
journey visit for customer per booking.id {{
  data booking: Booking
  limit starts to 3 per 30d else skip
  start on created(booking) -> s0
  state s0 {{ send note  on ping -> s0  after 90d -> done }}
  end done as success
}}
"
    );
    compiled(&text).unwrap()
}

/// Instants at which a day, a week or a month begins somewhere, each with the place.
fn beginnings(from: Ts, until: Ts, unit: Calendar) -> Vec<(Ts, usize)> {
    let mut all = Vec::new();
    for (place, zones) in PLACES.iter().enumerate() {
        for zone in zones.iter().filter_map(|name| Zone::named(name)) {
            let mut at = from;
            while at < until {
                at = zone.next_begins(at, unit);
                all.push((at, place));
            }
        }
    }
    all.sort_unstable();
    all
}

/// How the customer travels.
#[derive(Clone, Copy)]
enum Travels {
    Never,
    /// Somewhere else at any time.
    Anywhere,
    /// To the west, so that the next midnight comes once the zone of before is forgotten.
    West,
}

/// All that leaves in some weeks.
fn journey(program: &Program, unit: Calendar, travels: Travels, begins: Ts, dice: &mut Dice) -> Vec<Ts> {
    let (length, lasts) = match unit {
        Calendar::Day => (DAY, 31 * DAY),
        Calendar::Week => (7 * DAY, 60 * DAY),
        Calendar::Month => (28 * DAY, 200 * DAY),
    };
    let home = if matches!(travels, Travels::West) { NEAR } else { 1 + dice.below(3) };
    let mut world = World::new(program, Setting { begins, place: home, who: 0 });
    let mut left = Vec::new();
    let all = beginnings(begins, begins + lasts + length, unit);
    left.extend(world.take(Move::Event("created", 1, 0, true)).into_iter().flatten());
    let mut greedy = |world: &mut World<'_>| {
        loop {
            let more = world.take(Move::Event("ping", 1, 0, true)).unwrap_or_default();
            if more.is_empty() {
                break;
            }
            left.extend(more);
        }
    };
    let go = |world: &mut World<'_>, to: usize| {
        world.take(Move::Directory(News::Place(to)));
    };
    while world.now < begins + lasts {
        match travels {
            Travels::Never => {
                let next = all.iter().find(|(at, p)| *at > world.now && *p == home).unwrap().0;
                world.wait(next - 1);
                greedy(&mut world);
                world.wait(next);
            }
            Travels::Anywhere => {
                let next: Vec<_> = all.iter().filter(|(at, _)| *at > world.now).take(20).collect();
                let (at, place) = *next[dice.below(next.len())];
                if dice.one_in(2) {
                    go(&mut world, dice.below(PLACES.len()));
                }
                world.wait(at - 1);
                greedy(&mut world);
                if dice.one_in(2) {
                    go(&mut world, place);
                }
                world.wait(at);
            }
            Travels::West => {
                greedy(&mut world);
                // Where the next stretch begins only once a day, a week or a month of here is over, wherever that was.
                let forgotten = world.now + length + 3 * HOUR;
                let (at, place) = *all.iter().find(|(at, place)| *at > forgotten && *place >= NEAR).unwrap();
                world.wait(world.now + 1);
                go(&mut world, place);
                world.wait(at - 1);
                greedy(&mut world);
                world.wait(at);
            }
        }
        // What is not sent at a stretch's beginning can be sent at its end, just before the next one begins.
        if matches!(travels, Travels::West) || dice.one_in(2) {
            greedy(&mut world);
        }
    }
    left.iter().map(|l| l.at).collect()
}

/// The most that left in the table's windows, beside what the limit is said to let through.
fn seen(program: &Program, left: &[Ts]) -> Vec<(i64, usize, u64)> {
    let bounds = message_bounds(program);
    let rows = bounds.iter().filter(|b| b.scope == Scope::Customer && b.channel.is_none());
    rows.map(|row| {
        let window = row.window.unwrap();
        let inside = |first: &Ts| left.iter().filter(|at| (*first..first + window).contains(at)).count();
        (window, left.iter().map(inside).max().unwrap_or(0), row.at_most.unwrap())
    })
    .collect()
}

#[test]
fn no_journey_round_the_world_gives_a_new_day() {
    let many = asked("JOURNEY_HONEST").and_then(|n| n.parse().ok()).unwrap_or(8_u64).div_ceil(4);
    let units = [("day", Calendar::Day), ("week", Calendar::Week), ("month", Calendar::Month)];
    let ways = [("at home", Travels::Never), ("anywhere", Travels::Anywhere), ("to the west", Travels::West)];
    for (unit, calendar) in units {
        for (how, travels) in ways {
            let (mut attained, mut all) = (0, 0);
            for seed in 0..many {
                let mut dice = Dice::new(seed);
                let n = 1 + dice.below(2);
                let program = program(n, unit, dice.of(&["skip", "defer", "latest"]));
                let begins = MIDNIGHT + dice.below(400) as i64 * DAY + dice.below(24) as i64 * HOUR;
                let left = journey(&program, calendar, travels, begins, &mut dice);
                for (window, seen, most) in seen(&program, &left) {
                    let hours = window / HOUR;
                    assert!(
                        seen as u64 <= most,
                        "{n} per {unit}, who travels {how}, seed {seed}: {seen} left in {hours} h, the bound is {most}"
                    );
                    all += 1;
                    attained += usize::from(seen as u64 == most);
                }
            }
            println!("per {unit}, who travels {how}: {attained} of {all} bounds attained");
        }
    }
}
