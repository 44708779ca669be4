//! A host of hooks: to the same question it says the same, from the seed, and now and then nothing that a hook may say.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use journey_runtime::Hooks;
use journey_spec::Program;
use journey_spec::program::HookAnswers;
use journey_step::{HookAnswer, HookReply, HookRequest};
use journey_tests::random::from_text;

/// Asks nobody, and answers for all.
#[derive(Clone)]
pub(crate) struct Judges {
    seed: u64,
    program: Arc<Program>,
    /// How often it was asked, by whomever.
    asked: Arc<AtomicU64>,
    /// Whether it takes its time, and breaks off now and then.
    is_rough: bool,
}

impl Judges {
    pub(crate) fn new(seed: u64, program: &Arc<Program>) -> Judges {
        Judges { seed, program: Arc::clone(program), asked: Arc::default(), is_rough: false }
    }

    /// As a host on threads of its own may be: slow, and it panics at some questions, always at the same.
    pub(crate) fn rough(self) -> Judges {
        Judges { is_rough: true, ..self }
    }

    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Hooks for Judges {
    fn ask(&mut self, request: &HookRequest) -> HookReply {
        let before = self.asked.fetch_add(1, Ordering::SeqCst);
        let mut random = from_text(&format!("{} {:?}", request.hook, request.args), self.seed);
        if self.is_rough {
            // How long it takes differs between two attempts at one question.
            let mut pause = from_text(&before.to_string(), self.seed);
            let most = if pause.per_mille(50) { 20_000 } else { 1_500 };
            std::thread::sleep(Duration::from_micros(pause.below(most)));
            if random.per_mille(20) {
                // A panic of which nobody is told on the terminal.
                std::panic::resume_unwind(Box::new("this host breaks off, as it is meant to"));
            }
        }
        let declared = self.program.hooks.iter().find(|hook| hook.name == request.hook);
        let answer = match declared.map(|hook| &hook.answers) {
            _ if random.per_mille(100) => HookAnswer::Failed("out of time".into()),
            Some(HookAnswers::OneOf(names)) => match random.of(names) {
                Some(name) => HookAnswer::Outcome(name.clone()),
                None => HookAnswer::Failed("nothing to choose from".into()),
            },
            _ => HookAnswer::Number(f64::from(u32::try_from(random.below(100)).unwrap_or(0)) / 100.0),
        };
        answer.into()
    }
}
