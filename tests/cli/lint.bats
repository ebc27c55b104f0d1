# SPDX-License-Identifier: Apache-2.0
load ../lib/common

setup() { setup_test; }

@test "a good recipe is fine in silence" {
  printf '%s\n' 'name: demo' 'version: "1"' 'files: [{path: /etc/motd, content: hello}]' > demo.yaml
  ok lint demo.yaml
  [ -z "$err" ]
}

@test "all errors of a recipe come at once, each with its place, its line and a caret" {
  cat > bad.yaml <<'END'
name: demo
verison: "1"
debian:
  suite: bookworm
  packges: [hello]
  recommends: perhaps
layers: {by: pakage}
END
  fails 2 lint bad.yaml
  has "$err" "bad.yaml:2:1: error:"
  has "$err" "version"
  has "$err" "bad.yaml:5:3: error:"
  has "$err" "packages"
  has "$err" "bad.yaml:6:15: error:"
  has "$err" "bad.yaml:7:14: error:"
  has "$err" "verison: \"1\""
  [ "$(grep -c '^ *|\? *\^' <<< "$err")" -ge 4 ]
}

@test "several recipes are checked in one run" {
  printf '%s\n' 'name: demo' 'version: "1"' 'colour: red' > a.yaml
  printf '%s\n' 'name: demo' 'version: "1"' 'smell: sweet' > b.yaml
  fails 2 lint a.yaml b.yaml
  has "$err" "a.yaml:3:1"
  has "$err" "b.yaml:3:1"
}

@test "what is no YAML is told with its place" {
  printf 'name: [demo\nversion: 1\n' > bad.yaml
  fails 2 lint bad.yaml
  has "$err" "bad.yaml:"
  has "$err" "error:"
}

@test "a key that stands twice is an error" {
  printf '%s\n' 'name: demo' 'version: "1"' 'name: other' > bad.yaml
  fails 2 lint bad.yaml
  has "$err" "bad.yaml:3:1: error:"
}

@test "a path that leaves the recipe's folder is an error" {
  mkdir sub
  echo secret > outside
  printf '%s\n' 'name: demo' 'version: "1"' 'files: [{path: /etc/x, from: ../outside}]' > sub/demo.yaml
  fails 2 build sub/demo.yaml -o .
  has "$err" "demo.yaml:3:"
  has "$err" "../outside"
  [ ! -e demo-1.oci.tar ]
}

@test "a symlink that leaves the recipe's folder is not followed" {
  mkdir sub
  echo secret > outside
  ln -s ../outside sub/inside
  printf '%s\n' 'name: demo' 'version: "1"' 'files: [{path: /etc/x, from: inside}]' > sub/demo.yaml
  run_ashlar build sub/demo.yaml -o .
  if [ "$status" = 0 ]; then
    run bash -c 'tar -xOf demo-1.oci.tar --wildcards "blobs/*" | grep -c secret'
    [ "$output" = 0 ]
  else
    [ "$status" = 2 ]
  fi
}

@test "an alias bomb is refused at once" {
  {
    echo 'name: demo'
    echo 'version: "1"'
    echo 'a: &a [x, x, x, x, x, x, x, x, x, x]'
    previous=a
    for level in b c d e f g h i j; do
      echo "$level: &$level [*$previous, *$previous, *$previous, *$previous, *$previous, *$previous, *$previous, *$previous]"
      previous=$level
    done
  } > bomb.yaml
  fails 2 lint bomb.yaml
  has "$err" "bomb.yaml:"
}

@test "a file that is not there, a folder, and binary bytes are errors, not crashes" {
  fails 2 lint none.yaml
  has "$err" "none.yaml"
  mkdir folder.yaml
  run_ashlar lint folder.yaml
  [ "$status" = 1 ] || [ "$status" = 2 ]
  head -c 65536 /dev/urandom > random.yaml
  fails 2 lint random.yaml
}

@test "parameters fill in, --set overrides, an unknown one is an error" {
  printf '%s\n' 'name: demo' 'version: "1"' 'params: {greeting: hello}' \
    'files: [{path: /etc/motd, content: "${greeting}\n"}]' > demo.yaml
  ok lint demo.yaml --set greeting=hi
  fails 2 lint demo.yaml --set greting=hi
  has "$err" "greting"
}

@test "the schema is JSON and knows the keys" {
  need jq
  ok lint --schema
  jq -e '.properties | has("name") and has("debian") and has("files") and has("outputs")' <<< "$out"
}

@test "the manual is a man page without faults" {
  ok lint --manual
  has "$out" ".TH"
  command -v man > /dev/null || skip "man is not installed"
  faults=$(man --warnings -E UTF-8 -l -Tutf8 <(printf '%s\n' "$out") 2>&1 > /dev/null) || true
  [ -z "$faults" ] || { echo "$faults"; return 1; }
}

@test "init makes a recipe that is fine" {
  ok init new
  ok lint new/*.yaml
  run_ashlar init new
  [ "$status" != 0 ]
}
