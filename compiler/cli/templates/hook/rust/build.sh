#!/bin/sh
# Builds hooks/score.wasm. Needs the target once: rustup target add wasm32-unknown-unknown
set -eu
cd "$(dirname "$0")"
cargo build --release --target wasm32-unknown-unknown
"${JOURNEYC:-journeyc}" wrap target/wasm32-unknown-unknown/release/score.wasm --out ../score.wasm
