#!/usr/bin/env bash
# The endpoints, asked by the AWS CLI as people have it: version 1 from PyPI and version 2 from Debian. Each lives apart from
# the project's own packages; what cannot be had here fails the check rather than passing unseen.
set -euo pipefail
cd "$(dirname "$0")/.."

v1=.venv/awscli1/bin/aws
if [ ! -x "$v1" ]; then
  python3 -m venv .venv/awscli1
  .venv/awscli1/bin/pip install --quiet --disable-pip-version-check 'awscli==1.46.2'
fi

v2=/usr/bin/aws
if [ ! -x "$v2" ]; then
  apt=apt-get
  [ "$(id -u)" = 0 ] || apt="sudo apt-get"
  $apt update -qq >/dev/null
  DEBIAN_FRONTEND=noninteractive $apt install -y -qq --no-install-recommends awscli >/dev/null
fi

exec npx --no-install tsx test/clients/aws-cli.ts "v1=$v1" "v2=$v2"
