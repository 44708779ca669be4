//! Measures for whoever collects them: by way of the `metrics` facade to Prometheus, OpenTelemetry or what the host uses.
//!
//! | name | kind | labels |
//! |---|---|---|
//! | `journey_inputs_total` | counter | `outcome`: `accepted`, `duplicate`, `refused` |
//! | `journey_steps_total` | counter | |
//! | `journey_messages_total` | counter | `outcome`: `released`, `delivered`, `rejected` |
//! | `journey_failed_attempts_total`, `journey_judged_again_total` | counter | |
//! | `journey_cases_total`, `journey_calls_answered_total` | counter | |
//! | `journey_blocked_total` | counter | `rule`, as written |
//! | `journey_promises_total` | counter | `fate`: `made`, `kept`, `withdrawn`, `broken`, `void` |
//! | `journey_promises_at_risk_total` | counter | |
//! | `journey_bounds_exceeded_total` | counter | |
//! | `journey_commits_total` | counter | |
//! | `journey_commit_inputs` | histogram | |
//! | `journey_commit_seconds` | histogram | |
//! | `journey_timer_lag_seconds` | histogram | |
//! | `journey_inputs_waiting`, `journey_steps_asking`, `journey_effects_under_way` | gauge | |
//! | `journey_outbox_age_seconds` | gauge: how long the oldest effect waits | |

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use super::measure::Measures;

/// A commit, when it was made.
pub(super) fn committed(inputs: usize, took: Duration) {
    histogram!("journey_commit_inputs").record(inputs as f64);
    histogram!("journey_commit_seconds").record(took);
}

/// A timer that fired, and how late it was, in milliseconds.
pub(super) fn fired(late: u64) {
    histogram!("journey_timer_lag_seconds").record(Duration::from_millis(late));
}

impl Measures {
    /// Hands these measures to the recorder that the host has installed with the `metrics` crate; without one nothing
    /// happens. Counters are set to what they have come to, so it may be called as often as somebody collects. How long
    /// commits take, how many inputs they hold and how late timers are is recorded as it happens.
    pub fn publish(&self) {
        let totals = [
            ("journey_steps_total", self.steps),
            ("journey_failed_attempts_total", self.failed_attempts),
            ("journey_judged_again_total", self.judged_again),
            ("journey_cases_total", self.cases),
            ("journey_calls_answered_total", self.answered),
            ("journey_promises_at_risk_total", self.promises_at_risk),
            ("journey_bounds_exceeded_total", self.bounds_exceeded),
            ("journey_commits_total", self.commits),
        ];
        for (name, total) in totals {
            counter!(name).absolute(total);
        }
        let inputs = [("accepted", self.accepted), ("duplicate", self.duplicates), ("refused", self.refused)];
        for (outcome, total) in inputs {
            counter!("journey_inputs_total", "outcome" => outcome).absolute(total);
        }
        let messages = [("released", self.released), ("delivered", self.delivered), ("rejected", self.rejected)];
        for (outcome, total) in messages {
            counter!("journey_messages_total", "outcome" => outcome).absolute(total);
        }
        for (rule, total) in &self.blocked {
            counter!("journey_blocked_total", "rule" => rule.clone()).absolute(*total);
        }
        for (fate, total) in &self.promises {
            counter!("journey_promises_total", "fate" => fate.clone()).absolute(*total);
        }
        gauge!("journey_inputs_waiting").set(self.waiting as f64);
        gauge!("journey_steps_asking").set(self.asking as f64);
        gauge!("journey_effects_under_way").set(self.under_way as f64);
        gauge!("journey_outbox_age_seconds").set(self.oldest as f64 / 1_000.0);
    }
}
