//! How the time for a bound grows with the states of a model: CSV on stdout, the median of some rounds of each, and a plot of
//! it in the file that is named.

use journey_bench::middle;
use journey_bench::models::{DAY, random};
use journey_bench::plot::{Axis, plot};
use journey_compiler::model::{Budget, Prepared};

/// How many models there are of each number of states: single ones differ.
const MODELS: u64 = 15;

/// What is measured, and the colour of its line.
const KINDS: [(&str, &str); 4] = [
    ("exact, 30 days: the slowest of 15 models", "#8a6d00"),
    ("exact, 30 days: the median", "#b3261e"),
    ("exact, 24 hours: the median", "#1d5fa8"),
    ("zero-time cycles and bucket: the median", "#2e7d32"),
];

fn main() {
    let mut rows: Vec<(usize, [f64; 4])> = Vec::new();
    println!("states,slowest_month_ms,month_ms,day_ms,bucket_ms");
    for states in [100, 1_000, 2_000, 4_000, 8_000, 10_000, 12_000, 16_000, 20_000] {
        let [month, day, bucket] = [30 * DAY, DAY, 0].map(|window| {
            let mut times: Vec<f64> = (0..MODELS)
                .map(|seed| {
                    let model = random(states, seed);
                    middle(|| _ = Prepared::new(&model, Budget::default()).analysis().alpha(window))
                })
                .collect();
            times.sort_unstable_by(f64::total_cmp);
            (times[times.len() / 2], times[times.len() - 1])
        });
        let row = [month.1, month.0, day.0, bucket.0];
        println!("{states},{:.2},{:.2},{:.2},{:.2}", row[0], row[1], row[2], row[3]);
        rows.push((states, row));
    }
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(&path, plot(&rows, Axis::Linear, "ms", "states of one model", KINDS))
            .expect("the plot can be written");
    }
}
