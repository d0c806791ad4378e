#!/usr/bin/env bash
# Runs the tests of the modules with `unsafe` in them under Miri, which finds what reads or writes where it must not,
# and threads that race: the pool, and the products in portable instructions. Those in vector instructions it cannot
# run: it does not know F16C, for one. They are held to the portable ones by ordinary tests.
#
# Needs a nightly toolchain with the components `miri` and `rust-src`. Where there is none it says so and succeeds;
# SAYSO_MIRI=required makes that a failure. Tests that ask the system for its processors are marked
# `cfg_attr(miri, ignore)`.
set -euo pipefail
cd "$(dirname "$0")/.."

sources=$(rustc +nightly --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library || sources=
if [[ ! -d $sources ]] || ! cargo +nightly miri setup </dev/null; then
    echo 'SKIPPED: no nightly toolchain with Miri (rustup toolchain install nightly --component miri,rust-src)'
    [[ ${SAYSO_MIRI:-} != required ]] || exit 1
    exit 0
fi
MIRIFLAGS=-Zmiri-disable-isolation CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/miri \
    cargo +nightly miri test --quiet --locked -p sayso-language --lib -- cpu::pool cpu::kernel
