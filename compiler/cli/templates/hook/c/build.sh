#!/bin/sh
# Builds hooks/score.wasm. Needs clang with its wasm target, and wasm-ld: apt-get install clang lld
set -eu
cd "$(dirname "$0")"
clang --target=wasm32 -std=c11 -Wall -Wextra -Wno-unused-parameter -Os -nostdlib -fno-builtin \
    -Wl,--no-entry -Wl,--strip-all -Wl,-z,stack-size=16384 -o score.core.wasm score.c
"${JOURNEYC:-journeyc}" wrap score.core.wasm --out ../score.wasm
rm score.core.wasm
