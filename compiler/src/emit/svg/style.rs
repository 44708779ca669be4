//! Colours and strokes. Each kind has a colour, and besides it an icon and a kind of stroke, so that it works in grey.

use crate::emit::picture::{EdgeKind, LineKind, Node, NodeKind};

/// A colour by what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tone {
    /// Nothing in particular.
    Plain,
    /// What goes to the customer or comes from them.
    Customer,
    /// A person of the house.
    Person,
    /// A service.
    Service,
    /// Time.
    Time,
    /// What is held back.
    Bar,
    /// As hoped.
    Good,
    /// Not as hoped.
    Bad,
}

impl Tone {
    const ALL: [Tone; 8] =
        [Tone::Plain, Tone::Customer, Tone::Person, Tone::Service, Tone::Time, Tone::Bar, Tone::Good, Tone::Bad];

    /// The class of elements of this tone.
    pub(super) fn class(self) -> &'static str {
        match self {
            Tone::Plain => "plain",
            Tone::Customer => "customer",
            Tone::Person => "person",
            Tone::Service => "service",
            Tone::Time => "time",
            Tone::Bar => "bar",
            Tone::Good => "good",
            Tone::Bad => "bad",
        }
    }

    /// Ink and ground, on white and on black.
    fn colours(self) -> [&'static str; 4] {
        match self {
            Tone::Plain => ["#47545f", "#f4f6f8", "#b4c0ca", "#20272e"],
            Tone::Customer => ["#1863b4", "#e9f2fc", "#7db8f5", "#152b42"],
            Tone::Person => ["#9a5400", "#fff3df", "#f0b35c", "#3a2a10"],
            Tone::Service => ["#6a3fb0", "#f3edfc", "#bf9ff5", "#2c2045"],
            Tone::Time => ["#0b6e66", "#e3f5f2", "#5fcabd", "#0f322f"],
            Tone::Bar => ["#b3261e", "#fdecea", "#f58f86", "#421b18"],
            Tone::Good => ["#1b7a43", "#e4f6ea", "#6fd394", "#12351f"],
            Tone::Bad => ["#b3261e", "#fdecea", "#f58f86", "#421b18"],
        }
    }
}

pub(super) fn of_line(kind: LineKind) -> Tone {
    match kind {
        LineKind::Send => Tone::Customer,
        LineKind::Promise => Tone::Good,
        LineKind::Handoff => Tone::Person,
        LineKind::Call => Tone::Service,
        LineKind::Limit => Tone::Bar,
        LineKind::Set | LineKind::Stay | LineKind::Goal | LineKind::Bound => Tone::Plain,
    }
}

pub(super) fn of_edge(kind: EdgeKind) -> Tone {
    match kind {
        EdgeKind::Start | EdgeKind::Once | EdgeKind::Event | EdgeKind::Branch => Tone::Plain,
        EdgeKind::Reply | EdgeKind::OptOut => Tone::Customer,
        EdgeKind::Timer | EdgeKind::Past => Tone::Time,
        EdgeKind::Outcome => Tone::Service,
        EdgeKind::Closed => Tone::Person,
        EdgeKind::Blocked | EdgeKind::Failed | EdgeKind::Limit => Tone::Bar,
    }
}

/// The class of an arrow's stroke.
pub(super) fn stroke(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Start | EdgeKind::Once => "thick",
        EdgeKind::Timer | EdgeKind::Past => "dashed",
        EdgeKind::Blocked | EdgeKind::Failed | EdgeKind::Limit => "dotted",
        _ => "solid",
    }
}

/// A node's tone: that of the weightiest thing it does.
pub(super) fn of_node(node: &Node) -> Tone {
    match node.kind {
        NodeKind::Success => Tone::Good,
        NodeKind::Failure => Tone::Bad,
        NodeKind::Start | NodeKind::Everywhere | NodeKind::Choice | NodeKind::Neutral => Tone::Plain,
        NodeKind::Waiting | NodeKind::Passing => {
            let does = |kind| node.lines.iter().any(|l| l.kind == kind);
            if does(LineKind::Handoff) {
                Tone::Person
            } else if does(LineKind::Call) {
                Tone::Service
            } else if does(LineKind::Send) {
                Tone::Customer
            } else {
                Tone::Plain
            }
        }
    }
}

/// The style sheet of a drawing.
pub(super) fn sheet() -> String {
    let mut out = String::from(
        "text{font-family:Helvetica,Arial,\"Liberation Sans\",\"DejaVu Sans\",sans-serif;fill:#1f2830}\
         .page{fill:#fff}.dim{fill:#5a6772}.name{font-weight:bold}\
         .box,.chip{stroke-width:1.2}.chip{fill:#fff}.frame{stroke-dasharray:5 4}\
         .icon{fill:none;stroke-width:1.2;stroke-linecap:round;stroke-linejoin:round}\
         .line{fill:none;stroke-width:1.5;stroke-linecap:round}.thick{stroke-width:2.6}\
         .dashed{stroke-dasharray:8 5}.dotted{stroke-dasharray:.1 4.2;stroke-width:2.2}\
         .begin{fill:#1f2830}.begun{fill:#fff}.node.cold,.arrow.cold,.rule.cold,.legend .cold,.cold text,.cold .icon,.cold .area{opacity:.5}\
         .node.cold text,.node.cold .icon,.node.cold .area,.rule.cold text,.rule.cold .icon{opacity:1}.cold .chip{stroke-opacity:.5}.cold .box,.cold .chip{stroke-dasharray:2 3}\
         .warn{fill:#b3261e}\n",
    );
    let mut dark = String::from(
        "@media(prefers-color-scheme:dark){text{fill:#e6ebef}.page,.chip{fill:#14191e}.dim{fill:#9fabb5}\
         .begin{fill:#e6ebef}.begun{fill:#14191e}.warn{fill:#f58f86}\n",
    );
    for tone in Tone::ALL {
        let class = tone.class();
        let [ink, ground, dark_ink, dark_ground] = tone.colours();
        for (sheet, ink, ground) in [(&mut out, ink, ground), (&mut dark, dark_ink, dark_ground)] {
            sheet.push_str(&format!(
                ".{class} .box{{fill:{ground};stroke:{ink}}}.{class} .chip,.line.{class},.icon.{class}{{stroke:{ink}}}\
                 .{class} .stripe,.head.{class},.area.{class}{{fill:{ink}}}\n"
            ));
        }
    }
    dark.push('}');
    out + &dark
}
