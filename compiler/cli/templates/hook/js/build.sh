#!/bin/sh
# Builds hooks/score.wasm. Needs node and npm. JavaScript brings its engine along (QuickJS, 1.6 MB).
set -eu
cd "$(dirname "$0")"
npm install --no-audit --no-fund --silent
npx jco componentize score.js --wit ../wit --world-name scorer \
    --backend quickjs --backend-qjs-disable-async --backend-qjs-stub-wasi --out ../score.wasm
