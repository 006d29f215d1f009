#!/usr/bin/env bash
# Sets up what the deployment checks need beside Node: an emulator and a linter from PyPI in .venv/deploy, and the
# functions' own Node version. Does nothing when all of it stands.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.venv/deploy
if ! "$venv/bin/python" -c 'import ministack, cfnlint, awscli' 2>/dev/null; then
  command -v python3 >/dev/null || { echo "Python 3.10 or newer is needed: install python3 and python3-venv" >&2; exit 1; }
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check ministack==1.5.33 cfn-lint==1.58.0 awscli==1.46.2
fi
bash scripts/node24.sh >/dev/null
