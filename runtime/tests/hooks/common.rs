//! A program with hooks, a folder with their modules, and questions.

use std::path::Path;
use std::time::{Duration, Instant};

use journey_runtime::Hooks;
use journey_runtime::hooks::{Modules, Setup, Unfit};
use journey_spec::Program;
use journey_spec::program::{Field, Hook, HookAnswers, Judgement};
use journey_spec::types::Type;
use journey_spec::value::Value;
use journey_step::{Asker, HookAnswer, HookReply, HookRequest};

use super::guests::Guest;

/// 2026-03-02 10:00 UTC.
pub(crate) const NOW: i64 = 1_772_445_600_000;

pub(crate) fn declared(name: &str, answers: HookAnswers) -> Hook {
    let on_failure = match &answers {
        HookAnswers::Number => Judgement::Number(0.5),
        HookAnswers::OneOf(names) => Judgement::Outcome(names[0].clone()),
        HookAnswers::Verdicts | HookAnswers::Data => Judgement::Refuse,
    };
    let words = Field { name: "words".into(), ty: Type::Text { max: 1_000_000 }, sensitive: None };
    Hook {
        name: name.into(),
        params: vec![words],
        answers,
        from: format!("{name}.wasm"),
        largest: 4,
        sha256: None,
        within: Hook::WITHIN,
        memory: Hook::MEMORY,
        on_failure,
    }
}

pub(crate) fn number(name: &str) -> Hook {
    declared(name, HookAnswers::Number)
}

pub(crate) fn names() -> Vec<String> {
    ["simple", "complex", "severe"].map(String::from).to_vec()
}

pub(crate) fn choice(name: &str) -> Hook {
    declared(name, HookAnswers::OneOf(names()))
}

pub(crate) fn program(hooks: Vec<Hook>) -> Program {
    let empty: Program = serde_json::from_str(include_str!("../programs/empty.json")).unwrap();
    Program { hooks, ..empty }.seal()
}

pub(crate) fn put(folder: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(folder.join(format!("{name}.wasm")), bytes).unwrap();
}

/// One hook, loaded.
pub(crate) fn open_with(hook: Hook, bytes: &[u8], setup: Setup) -> Result<Modules, Unfit> {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &hook.name, bytes);
    Modules::open(&program(vec![hook]), folder.path(), setup)
}

pub(crate) fn open(hook: Hook, guest: &Guest) -> Modules {
    open_with(hook, &guest.build(), Setup::default()).unwrap_or_else(|e| panic!("{e}"))
}

pub(crate) fn request(hook: &str, words: &str) -> HookRequest {
    HookRequest {
        position: 0,
        hook: hook.into(),
        args: vec![("words".into(), Value::Text(words.into()))],
        by: Asker { customer: "victoria".into(), journey: "complaint".into(), instance: 1, step: 3, now: NOW },
    }
}

pub(crate) fn ask(modules: &Modules, hook: &str) -> HookReply {
    modules.clone().ask(&request(hook, "The bell is quiet."))
}

/// The reason that a call fails for, and how long it took.
pub(crate) fn failure(modules: &Modules, hook: &str) -> (String, Duration) {
    let began = Instant::now();
    match ask(modules, hook).answer {
        HookAnswer::Failed(why) => (why, began.elapsed()),
        other => panic!("it says {other:?}"),
    }
}

/// Why a module is refused.
pub(crate) fn refused(hook: Hook, bytes: &[u8]) -> String {
    match open_with(hook, bytes, Setup::default()) {
        Err(unfit) => unfit.to_string(),
        Ok(_) => panic!("it was loaded"),
    }
}
