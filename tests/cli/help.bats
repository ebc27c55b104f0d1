# SPDX-License-Identifier: Apache-2.0
load ../lib/common
load ../lib/tables

setup() { setup_test; }

@test "the list of commands goes to stdout and fits 80 columns" {
  ok --help
  [ -z "$err" ]
  has "$out" "build"
  has "$out" "Exit status"
  run ! grep -E "^.{81}" <<< "$out"
}

@test "every command has a help that fits 80 columns and goes to stdout" {
  [ "$(commands | wc -l)" -ge 10 ]
  while read -r command; do
    # shellcheck disable=SC2086 # "store gc" is two words
    ok $command --help
    has "$out" "usage: ashlar $command"
    [ -z "$err" ]
    if long=$(grep -E '^.{81}' <<< "$out"); then
      echo "$command: longer than 80 columns: $long"
      return 1
    fi
  done < <(commands)
}

@test "build --help fits a screen of 24 lines" {
  ok build --help
  [ "$(wc -l <<< "$out")" -le 24 ]
}

@test "'help COMMAND' is 'COMMAND --help', for groups too" {
  while read -r command; do
    # shellcheck disable=SC2086 # "store gc" is two words
    ok $command --help
    expected=$out
    # shellcheck disable=SC2086
    ok help $command
    [ "$out" = "$expected" ]
  done < <(commands)
  ok help store
  has "$out" "store gc"
  ok help
  has "$out" "commands:"
  fails 2 help buil
  has "$err" "did you mean 'build'"
}

@test "the program alone tells its commands and ends with 2" {
  fails 2
  has "$out$err" "commands:"
}

@test "an unknown command ends with 2 and names a near one" {
  fails 2 buil
  has "$err" "unknown command 'buil'"
  has "$err" "build"
  [ -z "$out" ]
}

@test "an unknown option ends with 2" {
  for command in build lock lint verify; do
    fails 2 $command --no-such-option x
    has "$err" "--no-such-option"
    [ -z "$out" ]
  done
}

@test "a missing argument ends with 2" {
  fails 2 build
  fails 2 verify
  fails 2 keygen
}

@test "--version tells the version" {
  ok --version
  [[ $out =~ ^ashlar\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "a full stdout is an error, not a silent success" {
  [ -e /dev/full ] || skip "no /dev/full"
  run bash -c '"$ASHLAR" lint --schema > /dev/full'
  [ "$status" = 1 ]
}
