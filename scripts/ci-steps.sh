# Steps of .ci/run: each leaves a JUnit report in reports/, and `failed` is 1 once any of them has failed. To be sourced.
failed=0

# A step without a report of its own (lint, type check, a tool that died before it could write one) is recorded here:
# otherwise a step that never started would leave the count of failures at zero.
step() {
  local name="$1" report="$2" start=$SECONDS; shift 2
  printf '\n=== %s\n' "$name"
  "$@"; local code=$?
  [ $code -eq 0 ] || failed=1
  if [ "$report" = own ] && [ $code -eq 0 ]; then return; fi
  local body=""; [ $code -eq 0 ] || body="<failure>exit code $code</failure>"
  printf '<testsuite name="ci"><testcase classname="ci" name="%s" time="%d">%s</testcase></testsuite>\n' \
    "$name" $((SECONDS - start)) "$body" > "reports/ci-${name//[^a-zA-Z0-9]/-}.xml"
}

# Runs lanes (functions that take steps one after another) side by side, for steps that wait for a network or keep one core
# alone busy. What a lane says is shown when it has ended, in the order in which the lanes are named.
side_by_side() {
  local lane pids=() logs=() i
  for lane in "$@"; do
    logs+=("$(mktemp)")
    # A lane that is killed must not pass: what it leaves is its exit code, not a variable.
    (failed=0; "$lane"; exit $failed) > "${logs[-1]}" 2>&1 &
    pids+=($!)
  done
  for i in "${!pids[@]}"; do
    wait "${pids[$i]}" || failed=1
    cat "${logs[$i]}"; rm -f "${logs[$i]}"
  done
}
