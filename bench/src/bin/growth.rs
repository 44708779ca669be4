//! How the time grows with the lines of a file: CSV on stdout, the median of some rounds of each, and a plot of it in the
//! file that is named.

use journey_bench::plot::{Axis, plot};
use journey_bench::{middle, project, text};
use journey_compiler::source::FileId;
use journey_compiler::{compile, format, parse};

/// What is measured, and the colour of its line.
const KINDS: [(&str, &str); 3] = [("to all findings", "#b3261e"), ("parse", "#1d5fa8"), ("format", "#2e7d32")];

fn main() {
    let mut rows: Vec<(usize, [f64; 3])> = Vec::new();
    println!("lines,findings_ms,parse_ms,format_ms");
    for lines in [500, 1_000, 2_000, 4_000, 8_000, 12_000, 16_000, 20_000] {
        let text = text(lines);
        let (roots, sources) = project(&text);
        let found = middle(|| drop(compile(&roots, &sources)));
        let parsed = middle(|| drop(parse::parse(FileId(0), &text)));
        let laid = middle(|| drop(format::format(&text)));
        let row = [found, parsed, laid];
        println!("{},{:.2},{:.2},{:.2}", text.lines().count(), row[0], row[1], row[2]);
        rows.push((text.lines().count(), row));
    }
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(&path, plot(&rows, Axis::Linear, "ms", "lines of one file", KINDS))
            .expect("the plot can be written");
    }
}
