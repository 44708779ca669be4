//! What has to be true of a hosted run besides what has to be true of any.

use std::collections::{BTreeMap, BTreeSet};

use journey_runtime::{Pace, Store};
use journey_spec::program::Channel;
use journey_step::What;
use journey_step::customer::fold_address;

use super::{Hosted, shard_of};
use crate::oracles;
use crate::outside::{Reached, Saw};
use crate::play::{Feed, Play};

/// All that is wrong with a run.
pub(super) fn judged(play: &Play, feed: &Feed, hosted: &Hosted, seed: u64) -> Vec<String> {
    let mut wrong = oracles::judged(play, feed, &hosted.run, Pace::Live);
    stop_holds(play, hosted, &mut wrong);
    withdrawn_stays(hosted, &mut wrong);
    order_is_kept(hosted, seed, &mut wrong);
    told_is_decided(hosted, &mut wrong);
    wrong
}

fn reached(hosted: &Hosted) -> Vec<(usize, Reached)> {
    let saw = |(n, saw): (usize, &Saw)| if let Saw::Reached(what) = saw { Some((n, what.clone())) } else { None };
    hosted.run.log.lock().saw.iter().enumerate().filter_map(saw).collect()
}

/// From its acknowledgement on nothing goes to an address from its shard; in the end all shards know of it.
fn stop_holds(play: &Play, hosted: &Hosted, wrong: &mut Vec<String>) {
    let reached = reached(hosted);
    for stop in &hosted.stops {
        let late = reached.iter().filter(|(n, what)| {
            *n >= stop.after
                && fold_address(&what.release.address) == stop.address
                && shard_of(&what.customer, hosted.shards) == stop.shard
                && what.release.journey.is_some()
                && !play.program.policy.stop_spares.contains(&what.release.purpose)
        });
        wrong.extend(late.map(|(_, what)| {
            format!("{} said STOP, and got {} for {}", stop.address, what.release.message, what.customer)
        }));
    }
    wrong.extend(hosted.not_told.iter().map(|who| format!("a STOP was not told: {who}")));
}

/// What was decided before an order to withdraw does not leave after it.
fn withdrawn_stays(hosted: &Hosted, wrong: &mut Vec<String>) {
    let reached = reached(hosted);
    for order in &hosted.withdrawn {
        let late = reached.iter().filter(|(n, what)| {
            *n >= order.after
                && what.release.channel == order.way
                && what.decided < order.until
                && what.release.journey.is_some()
        });
        wrong.extend(late.map(|(_, what)| format!("{} was withdrawn, and left", what.release.id)));
    }
}

/// Each customer's messages reach a channel in the order in which they were decided; those that were judged again stand
/// where that put them, and are not asked about.
fn order_is_kept(hosted: &Hosted, seed: u64, wrong: &mut Vec<String>) {
    let mut places: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for row in hosted.run.kept.handle().outbox(0, usize::MAX).expect("rows") {
        places.entry(row.id).or_default().push(row.seq);
    }
    let mut last: BTreeMap<(String, Channel), u64> = BTreeMap::new();
    for (_, what) in reached(hosted) {
        let Some([place]) = places.get(what.release.id.as_str()).map(Vec::as_slice) else { continue };
        let before = last.entry((what.customer.clone(), what.release.channel)).or_default();
        if *before > *place {
            wrong.push(format!(
                "seed {seed}: {} reached {} at place {place} after place {before}",
                what.release.id, what.customer
            ));
        }
        *before = (*before).max(*place);
    }
}

/// What a timeline says was sent stands in the outbox, whatever came of it there.
fn told_is_decided(hosted: &Hosted, wrong: &mut Vec<String>) {
    let rows = hosted.run.kept.handle().outbox(0, usize::MAX).expect("rows");
    let rows: BTreeSet<String> = rows.into_iter().map(|row| row.id).collect();
    for (customer, timeline) in oracles::timelines(&hosted.run) {
        for entry in timeline {
            if let What::Sent { id, message, .. } = entry.what
                && !rows.contains(id.as_str())
            {
                wrong.push(format!("{customer}: {message} was sent, says the timeline, and nobody was to send {id}"));
            }
        }
    }
}
