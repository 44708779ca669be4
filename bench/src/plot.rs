//! A plot of how time grows, as SVG.

/// How far to the right a length stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// As far as it is long, from nothing on.
    Linear,
    /// By its logarithm, from the shortest on: what grows with that is a straight line.
    Logarithmic,
}

/// Times in a unit against lengths, a line for each kind of work.
#[must_use]
pub fn plot<const N: usize>(
    rows: &[(usize, [f64; N])],
    axis: Axis,
    unit: &str,
    of: &str,
    kinds: [(&str, &str); N],
) -> String {
    let (wide, high) = (640.0, 320.0);
    let longest = rows.iter().map(|(length, _)| *length).max().unwrap_or(1) as f64;
    let shortest = rows.iter().map(|(length, _)| *length).min().unwrap_or(1).max(1) as f64;
    let most = rows.iter().flat_map(|(_, row)| *row).fold(1.0, f64::max);
    let x = |length: f64| {
        let part = match axis {
            Axis::Linear => length / longest,
            Axis::Logarithmic => (length / shortest).ln() / (longest / shortest).ln().max(f64::MIN_POSITIVE),
        };
        70.0 + part * wide
    };
    let y = |time: f64| 30.0 + high - time / most * high;
    let mut out = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 410\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"760\" height=\"410\" fill=\"#ffffff\"/>\n",
    );
    for part in 0..=4 {
        let part = f64::from(part) / 4.0;
        let length = match axis {
            Axis::Linear => longest * part,
            Axis::Logarithmic => shortest * (longest / shortest).powf(part),
        };
        let time = most * part;
        out += &format!(
            "<path d=\"M70 {0:.0}H710\" stroke=\"#dddddd\"/><text x=\"64\" y=\"{1:.0}\" text-anchor=\"end\">{time:.0} {unit}</text><text x=\"{2:.0}\" y=\"370\" text-anchor=\"middle\">{length:.0}</text>\n",
            y(time),
            y(time) + 4.0,
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
