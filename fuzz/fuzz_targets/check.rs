//! Whole projects: up to three files, divided by lines of four dashes; the second is `care.journey`, the third an e-mail's
//! text. They are compiled, whatever is found is printed, and what has no error goes through a bundle and back.
#![no_main]

use journey_compiler::source::Memory;
use journey_spec::bundle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let names = ["main.journey", "house/care.journey", "mail/confirmation.md"];
    let files = names.iter().zip(text.split("\n----\n")).map(|(name, text)| ((*name).to_owned(), text.to_owned()));
    let sources = Memory(files.collect());
    let compiled = journey_compiler::compile(&["main.journey".to_owned()], &sources);
    journey_fuzz::sound(&compiled.findings, &compiled.sources);
    if let Some(program) = compiled.runnable() {
        let text = bundle::write(program, "fuzz");
        assert_eq!(bundle::read(text.as_bytes()).as_ref(), Ok(program), "what was compiled is no sound bundle");
    }
});
