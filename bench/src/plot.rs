//! A plot of how time grows, as SVG.

/// Milliseconds against lengths, a line for each kind of work.
#[must_use]
pub fn plot<const N: usize>(rows: &[(usize, [f64; N])], of: &str, kinds: [(&str, &str); N]) -> String {
    let (wide, high) = (640.0, 320.0);
    let longest = rows.iter().map(|(length, _)| *length).max().unwrap_or(1) as f64;
    let most_ms = rows.iter().flat_map(|(_, row)| *row).fold(1.0, f64::max);
    let x = |length: f64| 70.0 + length / longest * wide;
    let y = |ms: f64| 30.0 + high - ms / most_ms * high;
    let mut out = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 410\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"760\" height=\"410\" fill=\"#ffffff\"/>\n",
    );
    for part in 0..=4 {
        let (length, ms) = (longest * f64::from(part) / 4.0, most_ms * f64::from(part) / 4.0);
        out += &format!(
            "<path d=\"M70 {0:.0}H710\" stroke=\"#dddddd\"/><text x=\"64\" y=\"{1:.0}\" text-anchor=\"end\">{ms:.0} ms</text><text x=\"{2:.0}\" y=\"370\" text-anchor=\"middle\">{length:.0}</text>\n",
            y(ms),
            y(ms) + 4.0,
            x(length)
        );
    }
    out += &format!("<text x=\"390\" y=\"394\" text-anchor=\"middle\">{of}</text>\n");
    for (kind, (name, colour)) in kinds.iter().enumerate() {
        let points: Vec<String> =
            rows.iter().map(|(length, row)| format!("{:.1},{:.1}", x(*length as f64), y(row[kind]))).collect();
        out += &format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n",
            points.join(" ")
        );
        out += &format!("<text x=\"90\" y=\"{}\" fill=\"{colour}\">{name}</text>\n", 50 + kind * 18);
    }
    out + "</svg>\n"
}
