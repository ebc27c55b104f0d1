# SPDX-License-Identifier: Apache-2.0
#
# ashlar lint --schema before judges of other people: ajv for JSON Schema, PyYAML for YAML
load ../lib/common

setup() {
  setup_test
  need node python3
  node -e 'require("ajv/dist/2020")' 2> .why || skip "ajv is missing: scripts/bootstrap --judges"
  python3 -c 'import yaml' 2> .why || skip "python3-yaml is missing: scripts/bootstrap --judges"
  ok lint --schema
  printf '%s\n' "$out" > schema.json
}

# verdicts FILE...: "valid FILE" or "invalid FILE" for each, as the schema sees what PyYAML reads
verdicts() {
  python3 -c '
import json, sys, yaml
time = lambda value: value.strftime("%Y-%m-%dT%H:%M:%SZ")  # editors read YAML 1.2, which knows no times
for path in sys.argv[1:]:
    print(json.dumps(yaml.load(open(path, encoding="utf-8-sig", newline=""), yaml.SafeLoader), default=time))' "$@" > values || return
  node "$TOP/tests/interop/recipe-schema.js" schema.json < values > verdicts.txt || return
  paste -d ' ' verdicts.txt <(printf '%s\n' "$@")
}

@test "the schema is a schema, and every good recipe fits it" {
  verdicts "$TOP"/tests/cases/recipe/*.yaml > found
  run ! grep '^invalid' found
  [ "$(wc -l < found)" -ge 15 ]
}

@test "the recipes that ship fit the schema" {
  compgen -G "$TOP/recipes/*.yaml" > /dev/null || skip "no recipes"
  verdicts "$TOP"/recipes/*.yaml > found
  run ! grep '^invalid' found
}

@test "a recipe with an unknown key, a wrong kind or a word that is none does not fit it" {
  bad=()
  for name in unknown-key unknown-key-near key-in-the-wrong-place key-by-another-name outputs-two-keys version-map later-keys \
    list-wanted map-wanted text-wanted not-a-number arch debian-words layers outputs-compression debian-packages file-modes \
    missing-name debian-without-suite links config-ports remove name; do
    bad+=("$TOP/tests/reject/$name.yaml")
  done
  verdicts "${bad[@]}" > found
  run ! grep '^valid' found
  [ "$(wc -l < found)" = "${#bad[@]}" ]
}
