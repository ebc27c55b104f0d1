# SPDX-License-Identifier: Apache-2.0
#
# Several recipes, architectures and outputs at once: what is the same as one after the other, and what is shared.
load ../lib/common
load ../lib/archive
load ../lib/image
load ../lib/server
load ../lib/store

setup() {
  setup_test
  own_store
  need dpkg-deb apt-ftparchive gpg jq
  archive_new "$T/archive"
}

teardown() {
  server_stop
  archive_end
}

# Twelve packages with something to compress, all of them in recipes a.yaml to d.yaml, for two architectures
four_recipes() {
  local i name packages=()
  for i in $(seq 12); do
    root=$(deb_begin "p$i" 1.0)
    mkdir -p "$root/usr/share/p$i"
    seq "$i" $((i + 20000)) > "$root/usr/share/p$i/numbers"
    deb_end "p$i"
    packages+=("p$i")
  done
  archive_publish
  for name in a b c d; do
    recipe_for $name "${packages[@]}"
    sed -i 's/^arch: .*/arch: [amd64, arm64]/' $name.yaml
    printf '%s\n' 'outputs:' '  - {oci: {compression: zstd}}' '  - {oci: {compression: gzip, layout: true}}' \
      "files: [{path: /etc/name, content: $name}]" >> $name.yaml
  done
}

@test "together they come to the same bytes as one by one" {
  four_recipes
  ok build a.yaml b.yaml c.yaml d.yaml -o together --json
  [ "$(jq -r .name <<< "$out" | xargs)" = "a b c d" ]
  mkdir locks
  mv ./*.lock locks
  for name in a b c d; do
    own_store "$T/store-$name"
    ok build $name.yaml -o apart --json
    same $name.lock locks/$name.lock
    same together/$name-1.oci.tar apart/$name-1.oci.tar
    diff -r together/$name-1.oci apart/$name-1.oci
  done
}

@test "what recipes share is fetched and packed once" {
  four_recipes
  server_start "$ARCHIVE/www"
  sed -i "s|^  mirror: .*|  mirror: $SERVER|" ./*.yaml
  ok build a.yaml b.yaml c.yaml d.yaml --progress json
  [ "$(server_requests | grep -c 'pool/.*\.deb')" = 12 ]
  [ "$(server_requests | grep -c 'by-hash')" = 1 ] # one index, whose bytes are both architectures'
  # each package once in each encoding, whatever the recipe and architecture
  [ "$(jq -r 'select(.event == "finish" and .phase == "unpack") | .subject' <<< "$err" | wc -l)" = 24 ]
  [ "$(jq -r 'select(.event == "finish" and .phase == "unpack") | .subject' <<< "$err" | sort -u | wc -l)" = 12 ]
}

@test "one that fails leaves the others to be finished, and errors come in the order of the command line" {
  four_recipes
  sed -i 's/packages: \[/&nowhere-b, /' b.yaml
  sed -i 's/packages: \[/&nowhere-d, /' d.yaml
  fails 2 build d.yaml a.yaml b.yaml c.yaml --json
  [ "$(jq -r .name <<< "$out" | xargs)" = "a c" ]
  [ -e a-1.oci.tar ] && [ -e c-1.oci.tar ] && [ ! -e b-1.oci.tar ]
  [ "$(grep -o 'nowhere-[bd]' <<< "$err" | uniq | xargs)" = "nowhere-d nowhere-b" ]
  has "$err" "b.yaml"
}

@test "a recipe that is wrong keeps all from being built, and all that is wrong is told" {
  four_recipes
  echo "package: x" >> b.yaml
  echo "colour: x" >> d.yaml
  fails 2 build a.yaml b.yaml c.yaml d.yaml
  has "$err" "b.yaml"
  has "$err" "unknown key 'package'"
  has "$err" "unknown key 'colour'"
  ! ls ./*.tar
}

@test "two recipes that would write the same file are refused" {
  four_recipes
  sed -i 's/^name: .*/name: a/' b.yaml
  fails 2 build a.yaml b.yaml
  has "$err" "b.yaml:11:5: error: 'a' 1 is written by a.yaml already"
  fails 2 build a.yaml a.yaml
  has "$err" "is written by a.yaml already"
}

@test "trace and metrics tell whose what is" {
  four_recipes
  ok build a.yaml b.yaml --trace t.json --metrics m.prom
  [ "$(jq '[.traceEvents[] | select(.cat == "build")] | length' t.json)" = 2 ]
  # what one worker does never overlaps, but nests
  jq -e '[.traceEvents[] | select(.ph == "X")] | group_by(.tid) | all(
    sort_by(.ts, -.dur) | . as $s | [range(1; length)] | all(. as $i | any(range(0; $i);
      $s[.].ts + $s[.].dur >= $s[$i].ts + $s[$i].dur) or ([range(0; $i) | $s[.].ts + $s[.].dur] | max) <= $s[$i].ts))' t.json
  [ "$(grep -c '^ashlar_build_success{.*} 1' m.prom)" = 2 ]
  [ "$(grep '^ashlar_build_success' m.prom | grep -o '[ab].yaml' | xargs)" = "a.yaml b.yaml" ]
}

@test "Ctrl-C stops all of them, and leaves nothing" {
  four_recipes
  server_start "$ARCHIVE/www"
  sed -i "s|^  mirror: .*|  mirror: $SERVER|" ./*.yaml
  server_fault 12 stall '*.deb'
  "$ASHLAR" build a.yaml b.yaml c.yaml d.yaml 2> err > out &
  builder=$!
  until server_requests | grep -q deb; do sleep 0.05; done
  kill -INT $builder
  status=0
  wait $builder || status=$?
  [ "$status" = 130 ]
  has "$(< err)" interrupted
  ! ls ./*.tar
  [ "$(find "$ASHLAR_STORE/tmp" -mindepth 1 | wc -l)" = 0 ]
}
