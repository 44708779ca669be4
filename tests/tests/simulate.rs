//! Every journey of the documents is lived through by customers whose feeds do their worst: nothing that is proven is passed.

#![allow(clippy::expect_used, clippy::panic)] // a test says what it expects

use std::num::NonZeroUsize;

use journey_compiler::check::bounds::{self, Scope};
use journey_compiler::source::Memory;
use journey_runtime::simulate::{Bound, Control, Options, Profile, Share, Simulation, Wrong};
use journey_spec::program::Program;
use journey_tests::{blocks, root};

/// All that `check` proves, also where it is nothing.
fn proven(program: &Program) -> Vec<Bound> {
    let bound = |b: &bounds::Bound| Bound {
        journey: match b.scope {
            Scope::Customer => None,
            Scope::Instance(journey) => Some(journey),
        },
        channel: b.channel,
        purpose: b.purpose,
        window: b.window,
        at_most: b.at_most,
        exact: b.kind == bounds::Kind::Exact,
    };
    bounds::proven(program).bounds.iter().map(bound).collect()
}

#[test]
fn no_journey_of_the_documents_passes_what_is_proven_of_it() {
    let house = std::fs::read_to_string(root().join("examples/house/care.journey")).expect("the house");
    let customers: u64 = std::env::var("JOURNEY_CUSTOMERS").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let folder = |path: &str| std::fs::read_dir(root().join(path)).expect("the documents").flatten();
    let (mut worlds, mut sent, mut judged, mut began) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    for entry in folder("language-spec/spec").chain(folder("tests/suite")) {
        let text = std::fs::read_to_string(entry.path()).expect("a chapter");
        for block in blocks(&text).into_iter().filter(|b| b.info == "journey" && b.text.contains("\njourney ")) {
            let sources =
                Memory([("main.journey".into(), block.text.clone()), ("house.journey".into(), house.clone())].into());
            let compiled = journey_compiler::compile(&["main.journey".to_owned()], &sources);
            let Some(program) = compiled.runnable() else { continue };
            let options =
                Options { customers, days: 45, seed: block.line as u64, hostile: Share::percent(50), faults: true };
            let sim = Simulation::new(program, Profile::of(program), proven(program), options);
            let counts = sim.run(NonZeroUsize::MIN, &Control::default());
            worlds += 1;
            sent += counts.sent();
            began += counts.began();
            judged += u64::from(!program.hooks.is_empty());
            let place = format!("{}:{}", entry.file_name().to_string_lossy(), block.line);
            assert_eq!(counts.cut, 0, "{place}: a feed without end");
            // A house may have no queue for answers that nobody waits for.
            let told = counts.first.iter().filter(|v| !matches!(v.what, Wrong::Silence { .. }));
            wrong.extend(told.map(|v| format!("{place}: {v:?}, {:?}", sim.bounds())));
        }
    }
    assert!(wrong.is_empty(), "{} violations, of which the first: {}", wrong.len(), wrong.first().expect("one"));
    assert!(worlds > 40 && judged > 1, "{worlds} worlds, {judged} with hooks");
    assert!(began > worlds * customers && sent > worlds * 10, "{began} journeys, {sent} messages");
}
