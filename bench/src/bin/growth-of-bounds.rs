//! How the time for a bound grows with the states of a model: CSV on stdout, the median of some rounds of each, and a plot of
//! it in the file that is named.

use journey_bench::middle;
use journey_bench::models::{DAY, random};
use journey_bench::plot::plot;
use journey_compiler::model::{Budget, Prepared};

/// What is measured, and the colour of its line.
const KINDS: [(&str, &str); 3] =
    [("exact, 30 days", "#b3261e"), ("exact, 24 hours", "#1d5fa8"), ("zero-time cycles and bucket", "#2e7d32")];

fn main() {
    let mut rows: Vec<(usize, [f64; 3])> = Vec::new();
    println!("states,month_ms,day_ms,bucket_ms");
    for states in [100, 1_000, 2_000, 4_000, 8_000, 12_000, 16_000, 20_000] {
        // The middle one of some models: single ones differ much.
        let row = [30 * DAY, DAY, 0].map(|window| {
            let mut times: Vec<f64> = (0..5)
                .map(|seed| {
                    let model = random(states, seed);
                    middle(|| _ = Prepared::new(&model, Budget::default()).analysis().alpha(window))
                })
                .collect();
            times.sort_unstable_by(f64::total_cmp);
            times[2]
        });
        println!("{states},{:.2},{:.2},{:.2}", row[0], row[1], row[2]);
        rows.push((states, row));
    }
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(&path, plot(&rows, "states of one model", KINDS)).expect("the plot can be written");
    }
}
