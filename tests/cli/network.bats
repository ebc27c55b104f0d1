# SPDX-License-Identifier: Apache-2.0
#
# Fetching over HTTP from a server on loopback that misbehaves
load ../lib/common
load ../lib/archive
load ../lib/store
load ../lib/server

setup() {
  setup_test
  own_store
  need dpkg-deb apt-ftparchive gpg python3
  archive_new "$T/archive"
  for name in hello other; do
    root=$(deb_begin $name 1.0)
    mkdir -p "$root/usr/share/$name"
    head -c 300000 /dev/urandom > "$root/usr/share/$name/data"
    deb_end $name
  done
  archive_publish
  server_start "$ARCHIVE/www"
  MIRROR=$SERVER
  recipe_for demo hello other
}

teardown() {
  server_stop
  archive_end
}

@test "a build over HTTP, and a second one that asks for nothing" {
  ok build demo.yaml
  before=$(server_requests | wc -l)
  ok build demo.yaml
  [ "$(server_requests | wc -l)" = "$before" ]
  rm demo-1.oci.tar
  server_stop
  ok build demo.yaml
}

@test "--offline works with a lock and a full store, and names what is missing without" {
  fails 1 build demo.yaml --offline
  ok lock demo.yaml
  fails 1 build demo.yaml --offline
  has "$err" hello
  has "$err" other
  ok build demo.yaml
  rm demo-1.oci.tar
  before=$(server_requests | wc -l)
  ok build demo.yaml --offline
  [ "$(server_requests | wc -l)" = "$before" ]
}

@test "503 is tried again" {
  server_fault 2 503 '*hello*.deb'
  ok build demo.yaml
  [ "$(server_requests | grep -c 'hello.*503')" = 2 ]
}

@test "a connection cut in the middle is resumed where it was" {
  server_fault 1 cut:100000 '*hello*.deb'
  ok build demo.yaml
  server_requests | grep -q 'hello.*bytes=[1-9][0-9]*- 206'
}

@test "a server that ignores ranges is coped with" {
  server_fault 1 cut:100000 '*hello*.deb'
  server_fault 5 ignore '*hello*.deb'
  ok build demo.yaml
}

@test "bytes that are wrong once are fetched again or told, never used" {
  server_fault 1 corrupt '*hello*.deb'
  run_ashlar build demo.yaml
  if [ "$status" != 0 ]; then
    has "$err" hello
    [ ! -e demo-1.oci.tar ]
    ok build demo.yaml
  fi
  ok store verify
}

@test "all packages that could not be had are told in one error" {
  ok lock demo.yaml
  server_fault 100 404 '*.deb'
  fails 1 build demo.yaml
  has "$err" hello
  has "$err" other
  [ ! -e demo-1.oci.tar ]
}

@test "two builds at once fetch each package once and give the same" {
  ok lock demo.yaml
  server_fault 100 slow:300000 '*.deb'
  mkdir one two
  "$ASHLAR" build demo.yaml -o one 2> one.err > /dev/null < /dev/null &
  first=$!
  "$ASHLAR" build demo.yaml -o two 2> two.err > /dev/null < /dev/null || { cat two.err; false; }
  wait $first || { cat one.err; false; }
  same one/demo-1.oci.tar two/demo-1.oci.tar
  [ "$(server_requests | grep -c 'GET .*hello.*\.deb')" = 1 ]
  ok store verify
}

@test "Ctrl-C ends with 130 and leaves nothing half-made" {
  ok lock demo.yaml
  server_fault 100 slow:50000 '*.deb'
  mkdir out
  "$ASHLAR" build demo.yaml -o out > /dev/null 2> err.txt < /dev/null &
  build=$!
  for ((i = 0; i < 200; i++)); do
    grep -q '\.deb' <(server_requests) && break
    sleep 0.05
  done
  kill -INT $build
  status=0
  wait $build || status=$?
  [ "$status" = 130 ]
  has "$(cat err.txt)" interrupted
  [ -z "$(ls -A out)" ]
  [ -z "$(ls -A "$ASHLAR_STORE/tmp" 2> /dev/null)" ]
  ok store verify
  : > "$SERVER_PORT_FILE.faults"
  ok build demo.yaml -o out
}

@test "a kill at any moment leaves a store that works" {
  ok lock demo.yaml
  server_fault 100 slow:600000 '*.deb'
  mkdir out
  for pause in 0.02 0.1 0.3 0.5 0.8; do
    "$ASHLAR" build demo.yaml -o out > /dev/null 2>&1 < /dev/null &
    build=$!
    sleep $pause
    kill -KILL $build 2> /dev/null || true
    wait $build || true
    ok store verify
    [ ! -e out/demo-1.oci.tar ] || tar -tf out/demo-1.oci.tar > /dev/null
  done
  : > "$SERVER_PORT_FILE.faults"
  ok build demo.yaml -o out
}

@test "credentials in a mirror's URL are never shown" {
  sed -i "s|mirror: http://|mirror: http://user:secret@|" demo.yaml
  server_fault 100 404 '*.deb'
  run_ashlar build demo.yaml --progress plain -v
  lacks "$out$err" secret
  [ ! -e demo.lock ] || lacks "$(cat demo.lock)" secret
}
