//! The one registry of findings.
//!
//! Every finding has a code, a short name, a level and a page (`errors/CODE.md`, compiled in). The tests assert that
//! each code is listed once, has a page whose failing example fails with it and whose mended example passes, has a
//! printed snapshot, and is emitted by some rule.

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A program with one is not run.
    Error,
    /// Somebody should decide; a policy's `require` can make it an error.
    Warning,
}

impl Level {
    /// `error` or `warning`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }
}

/// A kind of finding.
#[derive(Debug)]
pub struct Code {
    /// `J0201`.
    pub code: &'static str,
    /// Short name in the field's words, `event-loop`.
    pub name: &'static str,
    /// How grave, unless a policy demands more.
    pub level: Level,
    /// Version of the language that first had it.
    pub since: &'static str,
    /// The page, in Markdown.
    pub page: &'static str,
}

impl PartialEq for Code {
    fn eq(&self, other: &Code) -> bool {
        self.code == other.code
    }
}
impl Eq for Code {}

macro_rules! registry {
    ($($code:ident $name:literal $level:ident $since:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`")]
            pub static $code: Code = Code {
                code: stringify!($code),
                name: $name,
                level: Level::$level,
                since: $since,
                page: include_str!(concat!("../errors/", stringify!($code), ".md")),
            };
        )*
        /// All codes, in order.
        pub static ALL: &[&Code] = &[$(&$code),*];
    };
}

registry! {
    // what stands in the file
    J0001 "syntax" Error "0.1";
    J0002 "missing-brace" Error "0.1";
    J0003 "nesting" Error "0.1";
    J0004 "file-size" Error "0.1";
    J0005 "not-utf8" Error "0.1";
    J0006 "use-missing" Error "0.1";
    J0007 "use-cycle" Error "0.1";
    J0009 "confusable-names" Warning "0.1";
    J0010 "hidden-character" Error "0.1";
    // names
    J0101 "unknown-name" Error "0.1";
    J0102 "duplicate-name" Error "0.1";
    J0103 "unused-name" Warning "0.1";
    // types and values
    J0111 "type-mismatch" Error "0.1";
    J0112 "placeholder" Error "0.1";
    J0113 "missing-value" Error "0.1";
    J0114 "unset-data" Error "0.1";
    J0115 "event-lacks-key" Error "0.1";
    J0116 "out-of-range" Error "0.1";
    J0117 "unhandled-outcome" Error "0.1";
    J0118 "misplaced" Error "0.1";
    J0119 "no-address" Error "0.1";
    J0120 "expects-nothing" Warning "0.1";
    J0121 "allows-nothing" Warning "0.1";
    J0122 "constant-condition" Warning "0.1";
    J0123 "split-is-not-whole" Error "0.1";
    // texts
    J0131 "message-too-long" Error "0.1";
    J0132 "sms-segments" Warning "0.1";
    J0133 "no-encoding" Error "0.1";
    J0134 "aging-word" Warning "0.1";
    J0135 "missing-variant" Warning "0.1";
    J0136 "missing-locale" Warning "0.1";
    J0137 "no-consent-possible" Error "0.1";
    J0138 "sensitive-in-the-open" Error "0.1";
    J0127 "calendar-without-zone" Warning "0.1";
    // versions
    J0140 "no-version" Error "0.1";
    // modules of hooks
    J0151 "module-missing" Warning "0.1";
    J0152 "no-module" Error "0.1";
    J0153 "module-imports" Error "0.1";
    J0154 "module-misfit" Error "0.1";
    J0155 "module-too-large" Error "0.1";
    // loops and bounds
    J0201 "event-loop" Error "0.1";
    J0202 "reply-loop" Error "0.1";
    J0203 "timer-loop" Error "0.1";
    J0204 "instant-cycle" Error "0.1";
    J0205 "unbounded-starts" Error "0.1";
    J0206 "retry-storm" Error "0.1";
    J0207 "essential-unproven" Error "0.1";
    J0208 "fate-leads-nowhere" Warning "0.1";
    J0209 "fate-never-applies" Warning "0.1";
    J0211 "portfolio-fan-in" Warning "0.1";
    J0213 "no-hour-left" Warning "0.1";
    J0214 "outlasted-by-quiet-hours" Warning "0.1";
    J0215 "late-start-burst" Warning "0.1";
    J0217 "dropped-correction" Warning "0.1";
    J0218 "calendar-limit" Warning "0.1";
    J0219 "one-channel" Warning "0.1";
    J0220 "stale-data" Warning "0.1";
    J0221 "awake-at-night" Warning "0.1";
    J0222 "quiet-burst" Warning "0.1";
    J0223 "limit-of-each-instance" Warning "0.1";
    J0224 "unused-text" Warning "0.1";
    J0225 "old-copy" Warning "0.1";
    J0226 "zombie-reminder" Warning "0.1";
    J0230 "rule-passed-by" Warning "0.1";
    // states and waits
    J0301 "unreachable-state" Warning "0.1";
    J0302 "no-way-to-an-end" Error "0.1";
    J0303 "waits-without-timeout" Warning "0.1";
    J0304 "at-without-if-past" Error "0.1";
    J0305 "no-way-to-a-person" Warning "0.1";
    J0306 "goal-measures-nothing" Warning "0.1";
    J0307 "goal-without-an-end" Warning "0.1";
    J0309 "starvable-timer" Warning "0.1";
    J0310 "missed-change" Warning "0.1";
    J0311 "loop-bounded-by-data" Error "0.1";
    J0320 "moved-nowhere" Error "0.1";
    // replies
    J0401 "unheard-reply" Warning "0.1";
    J0402 "unheard-after-the-end" Warning "0.1";
    J0403 "invites-opt-out" Error "0.1";
    J0404 "ambiguous-reply" Error "0.1";
    // promises
    J0501 "promise-not-kept" Error "0.1";
    J0502 "promise-not-made" Error "0.1";
    J0503 "promise-moved" Warning "0.1";
}

/// The code of this name or number: `J0201`, `j0201` or `event-loop`.
#[must_use]
pub fn find(text: &str) -> Option<&'static Code> {
    ALL.iter().find(|c| c.code.eq_ignore_ascii_case(text) || c.name == text).copied()
}
