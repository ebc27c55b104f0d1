# SPDX-License-Identifier: Apache-2.0
load ../lib/common
load ../lib/archive
load ../lib/store

setup() {
  setup_test
  own_store
  need dpkg-deb apt-ftparchive gpg jq
  archive_new "$T/archive"
  root=$(deb_begin big 1.0)
  mkdir -p "$root/usr/share/big"
  seq 600000 > "$root/usr/share/big/numbers"
  deb_end big
  deb hello 1.0
  archive_publish
  recipe_for demo big hello
}

teardown() { archive_end; }

# timeline FILE: it is what Chrome's format asks for, and events of one track nest or do not overlap
timeline() {
  jq -e '
    .traceEvents as $all | ($all | type == "array")
    and ($all | all(.[]; (.ph == "X" or .ph == "M") and (.name | type == "string") and .pid == 1 and (.tid | type == "number")))
    and ([$all[] | select(.ph == "X")] | length > 0 and all(.[]; .ts >= 0 and .dur >= 0 and (.cat | type == "string")
         and (.args.subject | type == "string")))
    and ([$all[] | select(.ph == "X") | .tid] - [$all[] | select(.name == "thread_name") | .tid] == [])
    and ([$all[] | select(.ph == "X")] | group_by(.tid) | all(.[];
         reduce .[] as $e ({ok: true, ends: []};
           .ends |= map(select(. > $e.ts)) | .ok = (.ok and all(.ends[]; . >= $e.ts + $e.dur)) | .ends += [$e.ts + $e.dur])
         | .ok))' "$1" > /dev/null || { echo "no good timeline: $1"; jq -c '.traceEvents[]' "$1"; return 1; }
}

# sample FILE SERIES: its value
sample() {
  awk -v "s=$2" 'substr($0, 1, length(s) + 1) == s " " {print $NF; found = 1} END {exit !found}' "$1" || { echo "no $2"; cat "$1"; return 1; }
}

judge_metrics() {
  command -v promtool > /dev/null || return 0
  if ! said=$(promtool check metrics < "$1" 2>&1) || [ -n "$said" ]; then
    echo "promtool: $said"
    return 1
  fi
}

@test "a timeline tells all phases, each worker on a track of its own" {
  mkdir keys
  ok keygen keys/k
  ok build demo.yaml --sign keys/k --trace t.json
  timeline t.json
  for phase in build resolve fetch unpack compress merge splice hash sign write; do
    jq -e --arg p $phase 'any(.traceEvents[]; .cat == $p)' t.json > /dev/null || { echo "no $phase"; return 1; }
  done
  jq -e 'any(.traceEvents[]; .name == "unpack big 1.0" and .args.bytes > 1000 and .args.outcome == "made")' t.json
  [ "$(stat -c %a t.json)" = 644 ]
  [ "$(jq '[.traceEvents[] | select(.cat == "build")] | length' t.json)" = 1 ]
}

@test "metrics tell what was fetched, made and written, then what was there" {
  ok build demo.yaml --metrics m.prom
  judge_metrics m.prom
  [ "$(sample m.prom 'ashlar_build_success{recipe="demo.yaml"}')" = 1 ]
  [ "$(sample m.prom 'ashlar_build_packages{recipe="demo.yaml"}')" = 2 ]
  [ "$(sample m.prom 'ashlar_build_cache_misses{recipe="demo.yaml",cache="pack"}')" = 2 ]
  [ "$(sample m.prom 'ashlar_build_written_bytes{recipe="demo.yaml"}')" = "$(stat -c %s demo-1.oci.tar)" ]
  fetched=$(sample m.prom 'ashlar_build_fetched_bytes{recipe="demo.yaml"}')
  [ "$fetched" -ge "$(cat "$ARCHIVE"/www/pool/*.deb | wc -c)" ]
  new=$(sample m.prom 'ashlar_build_new_bytes{recipe="demo.yaml"}')
  [ "$new" -gt 0 ]

  rm demo-1.oci.tar
  ok build demo.yaml --metrics m.prom --label a=b
  [ "$(sample m.prom 'ashlar_build_fetched_bytes{recipe="demo.yaml"}')" = 0 ]
  [ "$(sample m.prom 'ashlar_build_cache_hits{recipe="demo.yaml",cache="pack"}')" = 2 ]
  [ "$(sample m.prom 'ashlar_build_reused_bytes{recipe="demo.yaml"}')" = "$new" ]
  [ "$(sample m.prom 'ashlar_build_new_bytes{recipe="demo.yaml"}')" = 0 ]

  ok build demo.yaml --metrics m.prom --label a=b
  [ "$(sample m.prom 'ashlar_build_unchanged{recipe="demo.yaml"}')" = 1 ]
  [ "$(sample m.prom 'ashlar_build_cache_hits{recipe="demo.yaml",cache="output"}')" = 1 ]
  judge_metrics m.prom
}

@test "several recipes stand in one file" {
  recipe_for other hello
  ok build demo.yaml other.yaml --metrics m.prom --trace t.json
  judge_metrics m.prom
  timeline t.json
  [ "$(sample m.prom 'ashlar_build_packages{recipe="demo.yaml"}')" = 2 ]
  [ "$(sample m.prom 'ashlar_build_packages{recipe="other.yaml"}')" = 1 ]
}

@test "a build that fails leaves a timeline and metrics" {
  ok lock demo.yaml
  deb_drop big
  fails 1 build demo.yaml --metrics m.prom --trace t.json
  has "$err" "big 1.0"
  judge_metrics m.prom
  timeline t.json
  [ "$(sample m.prom 'ashlar_build_success{recipe="demo.yaml"}')" = 0 ]
  jq -e 'any(.traceEvents[]; .cat == "fetch" and .args.outcome == "failed")' t.json
  jq -e 'any(.traceEvents[]; .cat == "build" and .args.outcome == "failed")' t.json
}

@test "a recipe with errors leaves metrics" {
  echo 'name: [' > bad.yaml
  fails 2 build bad.yaml --metrics m.prom --trace t.json
  judge_metrics m.prom
  timeline t.json
  [ "$(sample m.prom 'ashlar_build_success{recipe="bad.yaml"}')" = 0 ]
}

@test "a build that is interrupted leaves a timeline and metrics" {
  need python3
  python3 "$TOP/tests/lib/server.py" "$ARCHIVE/www" "$T/port" &
  server=$!
  until [ -e "$T/port" ]; do sleep 0.05; done
  ok lock demo.yaml
  echo "9 slow:1000 *.deb" > "$T/port.faults"
  "$ASHLAR" build demo.yaml --mirror "http://127.0.0.1:$(cat "$T/port")" --metrics m.prom --trace t.json 2> err &
  builder=$!
  until grep -q '\.deb' "$T/port.log" 2> /dev/null; do sleep 0.05; done
  kill -TERM $builder
  status=0
  wait $builder || status=$?
  kill $server
  [ "$status" = 130 ] || { cat err; return 1; }
  judge_metrics m.prom
  timeline t.json
  [ "$(sample m.prom 'ashlar_build_success{recipe="demo.yaml"}')" = 0 ]
}

@test "where they cannot be written is told before the work" {
  fails 1 build demo.yaml --trace no/such/t.json
  has "$err" no/such
  [ ! -e demo.lock ]
  fails 1 build demo.yaml --metrics no/such/m.prom
  [ ! -e demo.lock ]
}

@test "the same image comes with a timeline and without" {
  ok build demo.yaml -o a
  own_store "$T/other"
  ok build demo.yaml -o b --trace t.json --metrics m.prom
  same a/demo-1.oci.tar b/demo-1.oci.tar
}
