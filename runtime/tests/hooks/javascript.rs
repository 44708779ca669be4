//! A hook in JavaScript: its component, with the engine that it brings along, is committed (`built/README.md`).

use journey_runtime::hooks::{Modules, Setup};
use journey_spec::program::Hook;
use journey_step::HookAnswer;

use super::common::{number, request};

const SCORE: &[u8] = include_bytes!("built/score-js.wasm");

#[test]
fn a_hook_in_javascript_says_what_its_source_says_and_is_as_deterministic_as_others() {
    let modules = Modules::none(Setup::default()).unwrap();
    let began = std::time::Instant::now();
    modules.add(&Hook { within: 20, ..number("score") }, SCORE.to_vec()).unwrap();
    println!("loaded in {:?}", began.elapsed());
    let ask = |words: &str| journey_runtime::Hooks::ask(&mut modules.clone(), &request("score", words));
    // loud / (loud + 2), of exclamation marks and twice the shouted words.
    for (words, loud) in [("The bell is quiet.", 0.0), ("NOBODY comes!", 3.0), ("!!!!", 4.0)] {
        assert_eq!(ask(words).answer, HookAnswer::Number(loud / (loud + 2.0)), "{words}");
    }
    let (first, second) = (ask("Why?"), ask("Why?"));
    assert_eq!(first, second, "also what it spends");
}
