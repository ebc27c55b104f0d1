# SPDX-License-Identifier: Apache-2.0
load ../lib/common
load ../lib/archive
load ../lib/store

setup() {
  setup_test
  own_store
  need dpkg-deb apt-ftparchive gpg jq script
  archive_new "$T/archive"
  deb hello 1.0
  archive_publish
  recipe_for demo hello
}

teardown() { archive_end; }

# on_a_terminal COMMAND: what it writes to a terminal
on_a_terminal() {
  TERM=xterm-256color script -qec "$1" /dev/null < /dev/null
}

@test "with --progress json every line on stderr is an event" {
  ok build demo.yaml --progress json
  [ -n "$err" ]
  while read -r line; do
    jq -e '.event | type == "string"' <<< "$line" > /dev/null || { echo "no event: $line"; return 1; }
  done <<< "$err"
  has "$err" '"fetch"'
}

@test "without a terminal lines are plain" {
  ok build demo.yaml
  lacks "$err" $'\033'
  lacks "$err" $'\r'
}

@test "--quiet says nothing when all is well" {
  ok lock demo.yaml
  ok build demo.yaml --quiet
  lacks "$err" fetch
  has "$out" demo-1.oci.tar
}

@test "NO_COLOR is honoured on a terminal" {
  printf '%s\n' 'name: demo' 'colour: red' > bad.yaml
  seen=$(NO_COLOR=1 on_a_terminal "'$ASHLAR' lint bad.yaml" || true)
  has "$seen" "bad.yaml:2:1"
  [[ $seen != *$'\033['*m* ]]
}

@test "in CI a terminal gets plain lines" {
  ok lock demo.yaml
  seen=$(CI=true on_a_terminal "'$ASHLAR' build demo.yaml")
  has "$seen" demo-1.oci.tar
  lacks "$seen" $'\033['
}

@test "an unknown mode is a usage error" {
  fails 2 build demo.yaml --progress loud
  has "$err" progress
}
