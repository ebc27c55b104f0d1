# SPDX-License-Identifier: Apache-2.0
#
# Many at once, and ends at any instant
load ../lib/common
load ../lib/archive
load ../lib/store

setup() {
  setup_test
  own_store
  need dpkg-deb apt-ftparchive gpg gpgv jq
  archive_new "$T/archive"
  names=()
  for i in {1..8}; do
    root=$(deb_begin "pkg$i" 1.0 "Depends: base")
    mkdir -p "$root/usr/share/pkg$i"
    head -c 1500000 /dev/urandom > "$root/usr/share/pkg$i/noise"
    deb_end "pkg$i"
    names+=("pkg$i")
  done
  deb base 1.0
  archive_publish
  recipe_for demo "${names[@]}"
}

teardown() { archive_end; }

# all_of PID...: each must end well
all_of() {
  local pid
  for pid; do
    wait "$pid" || { echo "one of them failed:"; cat ./*.err; return 1; }
  done
}

@test "ten cold builds of one recipe at once make the same bytes" {
  pids=()
  for i in {1..10}; do
    "$ASHLAR" build demo.yaml -q -o "out$i" > /dev/null 2> "$i.err" &
    pids+=($!)
  done
  all_of "${pids[@]}"
  for i in {2..10}; do same "out$i/demo-1.oci.tar" out1/demo-1.oci.tar; done
  ok store verify
  [ -z "$(find "$ASHLAR_STORE/tmp" "$ASHLAR_STORE/partial" -type f)" ]
}

@test "builds and locks of one recipe into one folder at once leave one whole output" {
  pids=()
  for i in {1..4}; do
    "$ASHLAR" build demo.yaml -q > /dev/null 2> "$i.err" &
    pids+=($!)
    "$ASHLAR" lock demo.yaml -q > /dev/null 2> "$i.lock.err" &
    pids+=($!)
  done
  all_of "${pids[@]}"
  mv demo-1.oci.tar made
  own_store "$T/fresh"
  ok build demo.yaml --locked
  same demo-1.oci.tar made
}

@test "gc among builds harms none of them" {
  pids=()
  for i in {1..8}; do
    sed "s/name: demo/name: demo$i/; s/packages: .*/packages: [pkg$i, pkg$((i % 8 + 1))]/" demo.yaml > "demo$i.yaml"
    "$ASHLAR" build "demo$i.yaml" -q > /dev/null 2> "$i.err" &
    pids+=($!)
  done
  for _ in {1..10}; do
    run_ashlar store gc --max-size 0
    # nothing but builds that run may stop it
    [ "$status" = 0 ] || has "$err" "in use"
  done
  all_of "${pids[@]}"
  ok store verify
  for i in {1..8}; do ok inspect "demo$i-1.oci.tar"; done
}

@test "ten builds of three recipes in three encodings at once, repairs and gc among them" {
  sed 's/name: demo/name: gzip/; s/packages: .*/packages: [pkg1, pkg2, pkg3]/' demo.yaml > gzip.yaml
  sed 's/name: demo/name: chunked/; s/packages: .*/packages: [pkg2, pkg3, pkg4]/' demo.yaml > chunked.yaml
  sed 's/name: demo/name: plain/; s/packages: .*/packages: [pkg1, pkg3, pkg4]/' demo.yaml > plain.yaml
  echo 'outputs: [{oci: {compression: gzip}}]' >> gzip.yaml
  echo 'outputs: [{oci: {compression: "zstd:chunked"}}]' >> chunked.yaml
  pids=()
  for i in {1..10}; do
    recipes=(gzip chunked plain)
    "$ASHLAR" build "${recipes[i % 3]}.yaml" -q -o "out$i" > /dev/null 2> "$i.err" &
    pids+=($!)
    [ $((i % 3)) = 0 ] || continue
    "$ASHLAR" store verify --repair > /dev/null 2> "$i.verify.err" &
    pids+=($!)
    "$ASHLAR" store gc --max-size 3M --wait > /dev/null 2> "$i.gc.err" &
    pids+=($!)
  done
  all_of "${pids[@]}"
  ok store verify
  own_store "$T/fresh"
  for name in gzip chunked plain; do
    ok build "$name.yaml" --locked
    for made in out*/"$name-1.oci.tar"; do same "$made" "$name-1.oci.tar"; done
  done
}

@test "Ctrl-C is heard while a gc holds the store" {
  need flock
  ok store info
  flock --no-fork -x "$ASHLAR_STORE/lock" sleep 1000 3>&- &
  holder=$!
  while flock -n -s "$ASHLAR_STORE/lock" true; do sleep 0.05; done
  "$ASHLAR" build demo.yaml > /dev/null 2> err &
  pid=$!
  sleep 0.5
  kill -INT "$pid"
  status=0
  wait "$pid" || status=$?
  kill "$holder"
  [ "$status" = 130 ]
  has "$(< err)" interrupted
}

# killed_anywhere SIGNAL STATUS: at instants all over a cold build
killed_anywhere() {
  ok build demo.yaml
  mv demo-1.oci.tar whole
  for delay in 0.01 0.03 0.06 0.1 0.15 0.2 0.3 0.4; do
    rm -rf "$ASHLAR_STORE" demo.lock demo-1.oci.tar
    "$ASHLAR" build demo.yaml > /dev/null 2>&1 &
    pid=$!
    sleep "$delay"
    kill "-$1" "$pid" 2> /dev/null || true
    status=0
    wait "$pid" 2> /dev/null || status=$?
    # before the program watches for signals it ends by the signal itself
    [ "$status" = 0 ] || [ "$status" = "$2" ] || [ "$(kill -l "$status" 2> /dev/null)" = "$1" ] || { echo "after $delay s: status $status"; return 1; }
    [ ! -e demo-1.oci.tar ] || same demo-1.oci.tar whole
    [ ! -e demo.lock ] || jq -e . demo.lock > /dev/null
    [ ! -d "$ASHLAR_STORE" ] || ok store verify
    ok build demo.yaml
    same demo-1.oci.tar whole
  done
}

@test "Ctrl-C anywhere leaves the old or the new, and ends with 130" {
  killed_anywhere INT 130
}

@test "SIGTERM anywhere leaves the old or the new, and ends with 130" {
  killed_anywhere TERM 130
}

@test "SIGHUP anywhere leaves the old or the new, and ends with 130" {
  killed_anywhere HUP 130
}

@test "SIGKILL anywhere leaves the old or the new" {
  killed_anywhere KILL 137
}
