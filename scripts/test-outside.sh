#!/usr/bin/env bash
# The endpoints, used by programs that others wrote: Spark with Hadoop's s3a, Trino, the AWS SDK for Java 2, a producer that aggregates as the KPL does.
# Each lives in .venv, apart from the project's own packages; what cannot be had here fails the check rather than passing unseen.
set -euo pipefail
cd "$(dirname "$0")/.."
venv="$PWD/.venv/outside"
maven=(mvn -q -B -Dstyle.color=never "-Dmaven.repo.local=$PWD/.venv/m2" -Dmaven.artifact.threads=10)
classpath=org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath
mkdir -p "$venv"

# The home of a Java between two versions, among those that the machine has.
java_home() {
  local home version
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
    [ -x "$home/bin/java" ] && [ -f "$home/release" ] || continue
    version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release")
    if [ "$version" -ge "$1" ] && [ "$version" -le "$2" ]; then echo "$home"; return; fi
  done
  echo "a Java of version $1 to $2 is needed under /usr/lib/jvm or at JAVA_HOME" >&2
  return 1
}
java_of_spark="$(java_home 11 17)"
java_of_trino="$(java_home 24 99)"
command -v mvn >/dev/null || { echo "Maven is needed: install maven" >&2; exit 1; }

python="$venv/python/bin/python"
set_up_python() {
  "$python" -c 'import pyspark, aws_kinesis_agg, boto3' 2>/dev/null && return
  python3 -m venv "$venv/python"
  # setuptools and wheel build PySpark, which comes as source alone.
  "$venv/python/bin/pip" install --quiet --disable-pip-version-check setuptools==80.9.0 wheel==0.45.1
  "$venv/python/bin/pip" install --quiet --disable-pip-version-check --no-build-isolation \
    pyspark==3.5.6 aws_kinesis_agg==1.2.3 boto3==1.44.8
}
set_up_python & pip=$!
[ -s "$venv/spark.cp" ] || "${maven[@]}" -f test/clients/outside/spark.pom.xml $classpath "-Dmdep.outputFile=$venv/spark.cp"
[ -s "$venv/trino.cp" ] || "${maven[@]}" -f test/clients/outside/trino.pom.xml $classpath "-Dmdep.outputFile=$venv/trino.cp"
wait $pip

exec npx --no-install tsx test/clients/outside/main.ts "python=$python" "spark=$java_of_spark" "spark-jars=$(cat "$venv/spark.cp")" \
  "trino=$java_of_trino" "trino-jars=$(cat "$venv/trino.cp")"
