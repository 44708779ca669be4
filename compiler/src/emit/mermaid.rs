//! Pictures as Mermaid flowcharts, for documents that draw them themselves.
//!
//! Nodes have ids of our own (`j0n3`), since a state may be called `end` or `class`, which Mermaid takes for its own
//! words; names and labels stand in quotes, with what Mermaid would read as its own written as entities.

use super::picture::{EdgeKind, LineKind, Node, NodeKind, Picture};

/// The flowchart; several journeys are subgraphs of one.
#[must_use]
pub fn render(pictures: &[Picture]) -> String {
    let mut out = String::from("flowchart TB\n");
    let mut links = 0;
    let mut styles = String::new();
    for (j, picture) in pictures.iter().enumerate() {
        let several = pictures.len() > 1;
        if !picture.whole {
            out.push_str(&format!("  %% {}: {INCOMPLETE}\n", picture.journey));
        }
        let indent = if several { "    " } else { "  " };
        if several {
            out.push_str(&format!("  subgraph j{j} [\"{}\"]\n", quoted(&picture.journey)));
        }
        for (n, node) in picture.nodes.iter().enumerate() {
            out.push_str(&format!("{indent}j{j}n{n}{}:::{}\n", shaped(node), class(node)));
        }
        for edge in &picture.edges {
            let (Some((from, _)), Some((to, _))) = (picture.node(&edge.from), picture.node(&edge.to)) else { continue };
            let arrow = match edge.kind {
                EdgeKind::Start | EdgeKind::Once => "==>",
                EdgeKind::Timer | EdgeKind::Past | EdgeKind::Blocked | EdgeKind::Failed | EdgeKind::Limit => "-.->",
                _ => "-->",
            };
            let label = label(edge.kind, &edge.label);
            let label = if label.is_empty() { String::new() } else { format!("|\"{}\"|", quoted(&label)) };
            out.push_str(&format!("{indent}j{j}n{from} {arrow}{label} j{j}n{to}\n"));
            if edge.taken == Some(false) {
                styles.push_str(&format!("  linkStyle {links} stroke:#b0b8c0,color:#8a949d\n"));
            }
            links += 1;
        }
        if several {
            out.push_str("  end\n");
        }
    }
    for (name, style) in CLASSES {
        out.push_str(&format!("  classDef {name} {style}\n"));
    }
    out + &styles
}

/// What stands over a picture of a text that could not be read whole.
pub(super) const INCOMPLETE: &str = "parts of the text could not be read, so states and arrows may be missing here";

const CLASSES: [(&str, &str); 10] = [
    ("begin", "fill:#1f2830,stroke:#1f2830,color:#ffffff"),
    ("everywhere", "fill:#f4f6f8,stroke:#47545f,color:#1f2830,stroke-dasharray:5 4"),
    ("plain", "fill:#f4f6f8,stroke:#47545f,color:#1f2830"),
    ("sends", "fill:#e9f2fc,stroke:#1863b4,color:#1f2830"),
    ("person", "fill:#fff3df,stroke:#9a5400,color:#1f2830"),
    ("service", "fill:#f3edfc,stroke:#6a3fb0,color:#1f2830"),
    ("success", "fill:#e4f6ea,stroke:#1b7a43,color:#1f2830"),
    ("neutral", "fill:#f4f6f8,stroke:#47545f,color:#1f2830"),
    ("failure", "fill:#fdecea,stroke:#b3261e,color:#1f2830"),
    ("untaken", "fill:#ffffff,stroke:#b0b8c0,color:#8a949d,stroke-dasharray:2 3"),
];

fn class(node: &Node) -> &'static str {
    let does = |kind| node.lines.iter().any(|l| l.kind == kind);
    match node.kind {
        _ if node.taken == Some(false) => "untaken",
        NodeKind::Start => "begin",
        NodeKind::Everywhere => "everywhere",
        NodeKind::Success => "success",
        NodeKind::Neutral => "neutral",
        NodeKind::Failure => "failure",
        NodeKind::Choice => "plain",
        NodeKind::Waiting | NodeKind::Passing if does(LineKind::Handoff) => "person",
        NodeKind::Waiting | NodeKind::Passing if does(LineKind::Call) => "service",
        NodeKind::Waiting | NodeKind::Passing if does(LineKind::Send) => "sends",
        NodeKind::Waiting | NodeKind::Passing => "plain",
    }
}

/// The node's text in brackets that give it its shape.
fn shaped(node: &Node) -> String {
    let mut text = match node.kind {
        NodeKind::Start => quoted(&node.name),
        _ => format!("<b>{}</b>", quoted(&node.name)),
    };
    for line in &node.lines {
        text.push_str(&format!("<br/>{} {}", mark(line.kind), quoted(&line.text)));
    }
    match node.kind {
        NodeKind::Start => format!("([\"{text}\"])"),
        NodeKind::Success | NodeKind::Neutral | NodeKind::Failure => format!("(((\"{text}\")))"),
        NodeKind::Choice => format!("{{\"{text}\"}}"),
        NodeKind::Everywhere | NodeKind::Waiting | NodeKind::Passing => format!("[\"{text}\"]"),
    }
}

/// A sign that every common font has, since Mermaid has no icons of its own.
pub(super) fn mark(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Send => "✉",
        LineKind::Promise => "◆",
        LineKind::Handoff => "☎",
        LineKind::Call => "⚙",
        LineKind::Set => "=",
        LineKind::Stay => "↻",
        LineKind::Limit => "≤",
        LineKind::Goal => "⚑",
        LineKind::Bound => "⊓",
    }
}

/// An arrow's label with what tells its kind where colour cannot.
pub(super) fn label(kind: EdgeKind, label: &str) -> String {
    match kind {
        EdgeKind::Closed => format!("☎ {label}"),
        EdgeKind::Blocked | EdgeKind::Failed => format!("✗ {label}"),
        EdgeKind::Limit => format!("⊣ {label}"),
        EdgeKind::Timer | EdgeKind::Past => format!("◷ {label}"),
        EdgeKind::Reply | EdgeKind::OptOut => format!("✎ {label}"),
        EdgeKind::Outcome => format!("⚙ {label}"),
        EdgeKind::Start | EdgeKind::Once | EdgeKind::Event | EdgeKind::Branch => label.to_owned(),
    }
}

/// Text inside Mermaid's quotes. Its entities are `#` and a number; backticks would begin Markdown.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' | '#' | '<' | '>' | '&' | ';' | '`' | '\\' | '*' | '|' | '{' | '}' | '[' | ']' | '(' | ')' | '%' => {
                out.push_str(&format!("#{};", u32::from(c)));
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
