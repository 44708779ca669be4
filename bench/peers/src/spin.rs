//! The question in Promela, for SPIN (Holzmann: The SPIN Model Checker, 2003).
//!
//! A state of the model is a label of the one process, so that pan only looks at the arrows that leave it; an arrow is one
//! step, which adds its least time to the clock and its target's messages to the count. A step that would leave the window
//! does not exist. That the count stays below `target` is an assertion.

use std::fmt::Write;

use crate::question::Question;

/// What is given to `spin -a`.
pub fn promela(question: &Question, target: u64) -> String {
    let mut out = format!("short t = 0;\nshort n = 0;\n\nactive proctype customer() {{\n  if\n");
    for opener in &question.openers {
        let sends = question.sends[usize::from(*opener)];
        let _ = writeln!(out, "  :: d_step {{ n = {sends}; assert(n < {target}) }} goto s{opener}");
    }
    out += "  fi;\n";
    for (at, arrows) in question.next.iter().enumerate() {
        let _ = writeln!(out, "s{at}:\n  if");
        for (to, lo) in arrows {
            let left = i32::from(question.window) - i32::from(*lo);
            let sends = question.sends[usize::from(*to)];
            let counts = match sends {
                0 => String::new(),
                _ => format!("; n = n + {sends}; assert(n < {target})"),
            };
            let _ = writeln!(out, "  :: d_step {{ t < {left} -> t = t + {lo}{counts} }} goto s{to}");
        }
        out += "  fi;\n";
    }
    out + "}\n"
}
