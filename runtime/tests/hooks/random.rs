//! Random core modules, wrapped into components that fit `scorer`: whatever they do, a call ends within its limits and says
//! a number or why not, and the host lives. `JOURNEY_MODULES=5000` tries more, `JOURNEY_SEED=17` begins elsewhere.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use arbitrary::Unstructured;
use journey_runtime::hooks::{Modules, Setup};
use journey_spec::program::Hook;
use journey_step::HookAnswer;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::common::{ask, number};

/// What the core module of a scorer exports.
const SHAPE: &str = r#"(module
  (memory (export "memory") 1 200)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "score") (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i64 i64 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "cabi_post_score") (param i32) unreachable))"#;

/// SplitMix64: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn bytes(&mut self, many: usize) -> Vec<u8> {
        (0..many).map(|_| self.next() as u8).collect()
    }
}

fn component(random: &mut Random, resolve: &Resolve, world: wit_parser::WorldId) -> Option<Vec<u8>> {
    let refers = random.next().is_multiple_of(8);
    let config = wasm_smith::Config {
        exports: Some(wat::parse_str(SHAPE).unwrap()),
        max_imports: 0,
        max_memories: 4,
        max_memory32_bytes: 128 << 20,
        max_table_elements: 40_000,
        // Some that the engine's settings refuse: references to what only a garbage collector could keep.
        reference_types_enabled: refers,
        max_tables: if refers { 4 } else { 1 },
        memory64_enabled: false,
        threads_enabled: false,
        shared_everything_threads_enabled: false,
        relaxed_simd_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        ..wasm_smith::Config::default()
    };
    let entropy = random.bytes(6_000);
    let mut module = wasm_smith::Module::new(config, &mut Unstructured::new(&entropy)).ok()?.to_bytes();
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).ok()?;
    ComponentEncoder::default().module(&module).ok()?.encode().ok()
}

fn from_env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

#[test]
fn random_modules_never_harm_the_host_nor_pass_a_limit() {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("hooks.wit", include_str!("../../wit/hooks.wit")).unwrap();
    let world = resolve.select_world(&[package], Some("scorer")).unwrap();
    let (many, seed) = (from_env("JOURNEY_MODULES", 200), from_env("JOURNEY_SEED", 1));
    let (mut built, mut said) = (0, 0);
    let (mut failed, mut refused) = (BTreeMap::<String, u64>::new(), BTreeMap::<String, u64>::new());
    for seed in seed..seed + many {
        let Some(bytes) = component(&mut Random(seed), &resolve, world) else { continue };
        built += 1;
        let modules = Modules::none(Setup::default()).unwrap();
        let hook = Hook { within: 1, ..number("random") };
        if let Err(why) = modules.add(&hook, bytes) {
            assert!(!why.to_string().contains('\n'), "seed {seed}: {why}");
            if std::env::var_os("JOURNEY_SHOW").is_some() {
                println!("seed {seed}: {why}");
            }
            let kind = why.to_string().split(':').next().unwrap().chars().filter(|c| !c.is_ascii_digit()).collect();
            *refused.entry(kind).or_default() += 1;
            continue;
        }
        let began = Instant::now();
        let first = ask(&modules, "random");
        assert!(began.elapsed() < Duration::from_secs(3), "seed {seed} took {:?}", began.elapsed());
        match &first.answer {
            HookAnswer::Number(number) => {
                assert!(number.is_finite(), "seed {seed}");
                said += 1;
            }
            HookAnswer::Failed(why) => {
                let kind = why.split(':').next().unwrap().to_string();
                assert!(
                    ["limit", "crash", "abi", "contract", "invalid", "rejected", "retryable", "failed"]
                        .contains(&kind.as_str()),
                    "seed {seed}: {why}"
                );
                *failed.entry(kind).or_default() += 1;
            }
            other => panic!("seed {seed}: a scorer says {other:?}"),
        }
        let ran = first.ran.clone().unwrap();
        assert!(ran.fuel.is_none_or(|fuel| fuel <= 2_000_000), "seed {seed}: {ran:?}");
        if ran.attempts == 1 {
            assert_eq!(ask(&modules, "random"), first, "seed {seed}: the same question got another answer");
        }
    }
    println!("{built} of {many} built: {said} said a number, refused: {refused:#?}, failed: {failed:?}");
    assert!(built * 2 > many, "only {built} of {many} were built");
    assert!(failed.len() > 1, "{failed:?}");
}
