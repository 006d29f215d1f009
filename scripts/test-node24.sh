#!/usr/bin/env bash
# Runs the unit tests on the Node that the functions run on. First on PATH, so that what the tests start runs there too.
set -euo pipefail
cd "$(dirname "$0")/.."
bin="$(bash scripts/node24.sh)"
export PATH="$bin:$PATH" EXPECTED_NODE_MAJOR=24
exec node node_modules/jest/bin/jest.js --config jest.unit.config.cjs "$@"
