//! Pictures as DOT, for Graphviz and what reads its language.

use super::mermaid::{INCOMPLETE, label, mark};
use super::picture::{EdgeKind, LineKind, Node, NodeKind, Picture};

/// The graph; each journey is a cluster.
#[must_use]
pub fn render(pictures: &[Picture]) -> String {
    let mut out = String::from(
        "digraph journeys {\n  graph [fontname=\"Helvetica,Arial,sans-serif\", labeljust=l, labelloc=t, rankdir=TB]\n  \
         node [fontname=\"Helvetica,Arial,sans-serif\", fontsize=11, shape=box, style=\"rounded,filled\"]\n  \
         edge [fontname=\"Helvetica,Arial,sans-serif\", fontsize=10]\n",
    );
    for (j, picture) in pictures.iter().enumerate() {
        if !picture.whole {
            out.push_str(&format!("  // {}: {INCOMPLETE}\n", picture.journey));
        }
        out.push_str(&format!(
            "  subgraph cluster_{j} {{\n    label={}\n    color=\"#b4c0ca\"\n",
            quoted(&picture.journey)
        ));
        for node in &picture.nodes {
            out.push_str(&format!("    {} [{}]\n", id(j, &node.id), attributes(node)));
        }
        for edge in &picture.edges {
            let (colour, style) = stroke(edge.kind);
            let cold = edge.taken == Some(false);
            let colour = if cold { "#b0b8c0" } else { colour };
            let label = label(edge.kind, &edge.label);
            out.push_str(&format!(
                "    {} -> {} [label={}, color=\"{colour}\", fontcolor=\"{colour}\", style={style}]\n",
                id(j, &edge.from),
                id(j, &edge.to),
                quoted(&label)
            ));
        }
        out.push_str("  }\n");
    }
    out + "}\n"
}

/// An id that is unique over all journeys of the document.
fn id(journey: usize, node: &str) -> String {
    quoted(&format!("{journey}:{node}"))
}

fn attributes(node: &Node) -> String {
    let mut text = node.name.clone();
    for line in &node.lines {
        text.push_str(&format!("\n{} {}", mark(line.kind), line.text));
    }
    let does = |kind| node.lines.iter().any(|l| l.kind == kind);
    let (fill, colour) = match node.kind {
        NodeKind::Start => ("#1f2830", "#1f2830"),
        NodeKind::Success => ("#e4f6ea", "#1b7a43"),
        NodeKind::Failure => ("#fdecea", "#b3261e"),
        NodeKind::Waiting | NodeKind::Passing if does(LineKind::Handoff) => ("#fff3df", "#9a5400"),
        NodeKind::Waiting | NodeKind::Passing if does(LineKind::Call) => ("#f3edfc", "#6a3fb0"),
        NodeKind::Waiting | NodeKind::Passing if does(LineKind::Send) => ("#e9f2fc", "#1863b4"),
        _ => ("#f4f6f8", "#47545f"),
    };
    let mut rest = match node.kind {
        NodeKind::Start => ", shape=box, fontcolor=\"#ffffff\"",
        NodeKind::Everywhere => ", style=\"rounded,filled,dashed\"",
        NodeKind::Success | NodeKind::Neutral | NodeKind::Failure => ", peripheries=2",
        NodeKind::Choice => ", shape=diamond, style=filled",
        NodeKind::Waiting | NodeKind::Passing => "",
    }
    .to_owned();
    if node.taken == Some(false) {
        rest.push_str(", style=\"rounded,dashed\", fontcolor=\"#8a949d\"");
    }
    format!("label={}, fillcolor=\"{fill}\", color=\"{colour}\"{rest}", quoted(&text))
}

fn stroke(kind: EdgeKind) -> (&'static str, &'static str) {
    match kind {
        EdgeKind::Start | EdgeKind::Once => ("#47545f", "bold"),
        EdgeKind::Event | EdgeKind::Branch => ("#47545f", "solid"),
        EdgeKind::Reply | EdgeKind::OptOut => ("#1863b4", "solid"),
        EdgeKind::Timer | EdgeKind::Past => ("#0b6e66", "dashed"),
        EdgeKind::Outcome => ("#6a3fb0", "solid"),
        EdgeKind::Closed => ("#9a5400", "solid"),
        EdgeKind::Blocked | EdgeKind::Failed | EdgeKind::Limit => ("#b3261e", "dotted"),
    }
}

/// A DOT string. A backslash is doubled so that DOT's own escapes stay text; a new line is DOT's own.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
