# SPDX-License-Identifier: Apache-2.0
#
# What every bats suite begins with: load ../lib/common
#
#   ok ARG...             runs ashlar, which must succeed; its stdout is then in $out, its stderr in $err
#   fails STATUS ARG...   the same where it must end with STATUS
#   has TEXT PART         PART (literally) stands in TEXT; lacks TEXT PART: it does not
#   same FILE FILE        the files are equal, byte for byte
#   need PROGRAM...       skips the test, with the reason, where one is not there
#
# A test has its own folder $T, empty, which is the current one. $ASHLAR is the program (tests/run sets it).
# shellcheck disable=SC2034 # what is set here is for the suites

bats_require_minimum_version 1.5.0
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${ASHLAR:?run tests with tests/run or make}"
export TOP

setup_test() {
  T=$BATS_TEST_TMPDIR
  cd "$T" || return
}

run_ashlar() {
  status=0
  "$ASHLAR" "$@" > "$BATS_TEST_TMPDIR/.stdout" 2> "$BATS_TEST_TMPDIR/.stderr" < /dev/null || status=$?
  out=$(< "$BATS_TEST_TMPDIR/.stdout")
  err=$(< "$BATS_TEST_TMPDIR/.stderr")
}

told() {
  printf '%s\n' "$1" "--- stdout" "$out" "--- stderr" "$err"
  return 1
}

ok() {
  run_ashlar "$@"
  [ "$status" = 0 ] || told "ashlar $*: status $status, expected 0"
}

fails() {
  local expected=$1
  shift
  run_ashlar "$@"
  [ "$status" = "$expected" ] || told "ashlar $*: status $status, expected $expected"
}

has() {
  [[ $1 == *"$2"* ]] || { printf '%s\n' "does not hold: $2" "--- text" "$1"; return 1; }
}

lacks() {
  [[ $1 != *"$2"* ]] || { printf '%s\n' "holds, and should not: $2" "--- text" "$1"; return 1; }
}

same() {
  cmp -- "$1" "$2" || return 1
}

differ() {
  if cmp -s -- "$1" "$2"; then
    echo "equal, and should differ: $1 $2"
    return 1
  fi
}

need() {
  local program
  for program; do
    command -v "$program" > /dev/null || skip "$program is not installed (scripts/bootstrap --judges)"
  done
}

# need_plain WHY: skips where the program is built with a sanitizer
need_plain() {
  ! ldd "$ASHLAR" | grep -q libasan || skip "a sanitizer $1"
}

need_root() {
  [ "$(id -u)" = 0 ] || skip "needs root"
}

# as_nobody COMMAND...: as an ordinary user with no groups and an own, empty home ($T/home)
as_nobody() {
  mkdir -p "$T/home"
  chown 65534:65534 "$T/home"
  HOME=$T/home setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all -- "$@"
}
