//! How the time grows with the lines of a file: CSV on stdout, the median of some rounds of each, and a plot of it in the
//! file that is named.

use std::time::{Duration, Instant};

use journey_bench::{median, project, text};
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
        let row = [ms(found), ms(parsed), ms(laid)];
        println!("{},{:.2},{:.2},{:.2}", text.lines().count(), row[0], row[1], row[2]);
        rows.push((text.lines().count(), row));
    }
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(&path, plot(&rows)).expect("the plot can be written");
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Of some rounds the median.
fn middle(work: impl Fn()) -> Duration {
    let rounds = (0..11).map(|_| {
        let began = Instant::now();
        work();
        began.elapsed()
    });
    median(rounds.collect())
}

fn plot(rows: &[(usize, [f64; 3])]) -> String {
    let (wide, high) = (640.0, 320.0);
    let most_lines = rows.iter().map(|(lines, _)| *lines).max().unwrap_or(1) as f64;
    let most_ms = rows.iter().flat_map(|(_, row)| *row).fold(1.0, f64::max);
    let x = |lines: f64| 70.0 + lines / most_lines * wide;
    let y = |ms: f64| 30.0 + high - ms / most_ms * high;
    let mut out = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 410\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"760\" height=\"410\" fill=\"#ffffff\"/>\n",
    );
    for part in 0..=4 {
        let (lines, ms) = (most_lines * f64::from(part) / 4.0, most_ms * f64::from(part) / 4.0);
        out += &format!(
            "<path d=\"M70 {0:.0}H710\" stroke=\"#dddddd\"/><text x=\"64\" y=\"{1:.0}\" text-anchor=\"end\">{ms:.0} ms</text><text x=\"{2:.0}\" y=\"370\" text-anchor=\"middle\">{lines:.0}</text>\n",
            y(ms),
            y(ms) + 4.0,
            x(lines)
        );
    }
    out += "<text x=\"390\" y=\"394\" text-anchor=\"middle\">lines of one file</text>\n";
    for (kind, (name, colour)) in KINDS.iter().enumerate() {
        let points: Vec<String> =
            rows.iter().map(|(lines, row)| format!("{:.1},{:.1}", x(*lines as f64), y(row[kind]))).collect();
        out += &format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n",
            points.join(" ")
        );
        out += &format!("<text x=\"90\" y=\"{}\" fill=\"{colour}\">{name}</text>\n", 50 + kind * 18);
    }
    out + "</svg>\n"
}
