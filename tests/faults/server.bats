# SPDX-License-Identifier: Apache-2.0
#
# A server that stalls, lies, sends elsewhere or changes under the eyes; and what another mirror is good for
# shellcheck disable=SC2034 # what is set here is for lib/archive
load ../lib/common
load ../lib/archive
load ../lib/store
load ../lib/server

setup_file() {
  need dpkg-deb apt-ftparchive gpg python3 jq
  archive_new "$BATS_FILE_TMPDIR/archive"
  for name in hello other; do
    root=$(deb_begin $name 1.0)
    mkdir -p "$root/usr/share/$name"
    head -c 300000 /dev/urandom > "$root/usr/share/$name/data"
    deb_end $name
  done
  archive_publish
  archive_end
}

setup() {
  setup_test
  own_store
  export ASHLAR_FETCH_TIMEOUT=1
  cp -a "$BATS_FILE_TMPDIR/archive" "$T"
  ARCHIVE=$T/archive
  ARCHIVE_DATE=$((ARCHIVE_DATE + 3600))
  server_start "$ARCHIVE/www"
  MIRROR=$SERVER
  DEAD=http://127.0.0.1:1
  recipe_for demo hello other
}

teardown() {
  server_stop
  archive_end
}

# refused PART...: the build fails and tells each PART, makes nothing, and the next one succeeds without the fault
refused() {
  run_ashlar build demo.yaml
  [ "$status" = 1 ] || [ "$status" = 3 ] || told "status $status"
  for part; do has "$err" "$part" || return 1; done
  [ ! -e demo-1.oci.tar ] || return 1
  ok store verify
  : > "$SERVER_PORT_FILE.faults"
  ok build demo.yaml
}

@test "a server that stalls is asked again, and given up in the end" {
  server_fault 1 stall '*hello*.deb'
  ok build demo.yaml
  [ "$(server_requests | grep -c hello)" = 2 ]
  rm -rf "$ASHLAR_STORE" demo-1.oci.tar
  server_fault 100 stall '*other*.deb'
  refused "cannot fetch other 1.0: $SERVER/pool/other_1.0_all.deb: " "too slow"
}

@test "a body that stalls or drips is continued where it was" {
  server_fault 1 stall:100000 '*hello*.deb'
  server_fault 1 slow:50 '*other*.deb'
  ok build demo.yaml
  server_requests | grep -q 'hello.*bytes=100000- 206'
  server_requests | grep -q 'other.*bytes=[1-9][0-9]*- 206'
}

@test "the deadline is a number of seconds" {
  ASHLAR_FETCH_TIMEOUT=soon fails 2 build demo.yaml
  has "$err" "ASHLAR_FETCH_TIMEOUT: 'soon'"
}

@test "a Release that never comes" {
  server_fault 100 stall '*InRelease'
  refused "suite 'stable' at $SERVER: " "too slow"
}

@test "redirects in circles" {
  server_fault 100 loop '*hello*.deb'
  refused "cannot fetch hello 1.0: " redirects
}

@test "a redirect to a file of this machine" {
  server_fault 100 goto:file:// '*hello*.deb'
  refused "cannot fetch hello 1.0: " file
}

@test "a redirect to another server goes without the login of the first" {
  sed -i "s|mirror: http://|mirror: http://user:secret@|" demo.yaml
  server_fault 1 "goto:http://localhost:${SERVER##*:}" '*hello*.deb'
  ok build demo.yaml
  [ "$(server_requests | grep 'hello.*deb' | cut -d' ' -f4-)" = $'302 login\n200' ]
  [ "$(server_requests | grep 'other.*deb' | cut -d' ' -f4-)" = "200 login" ]
}

@test "lengths that are not so" {
  server_fault 100 length:1000 '*hello*.deb'
  server_fault 100 length:900000 '*other*.deb'
  refused "cannot fetch hello 1.0: " "it ended after"
}

@test "bodies without end" {
  ok lock demo.yaml
  server_fault 100 endless '*hello*.deb'
  refused "cannot fetch hello 1.0: " "more than the"
  rm demo.lock
  rm -rf "$ASHLAR_STORE" demo-1.oci.tar
  server_fault 100 endless '*InRelease'
  refused "suite 'stable' at $SERVER: " "larger than 16 MiB"
}

@test "answers that are not HTTP" {
  server_fault 1 garbage '*hello*.deb'
  ok build demo.yaml
  rm -rf "$ASHLAR_STORE" demo-1.oci.tar
  : > "$SERVER_PORT_FILE.faults"
  server_fault 100 garbage '*hello*.deb'
  refused "cannot fetch hello 1.0: " HTTP/0.9
}

@test "the web page of a guest network in place of a file" {
  ok lock demo.yaml
  server_fault 100 html '*hello*.deb'
  refused "cannot fetch hello 1.0: "
  rm -rf "$ASHLAR_STORE" demo.lock demo-1.oci.tar
  server_fault 100 html '*InRelease'
  refused "suite 'stable' at $SERVER: " "not signed"
  rm -rf "$ASHLAR_STORE" demo.lock demo-1.oci.tar
  server_fault 100 html '*Packages*'
  server_fault 100 html '*/by-hash/*'
  refused "index of stable/main for amd64"
}

@test "TLS where there is none" {
  sed -i "s|mirror: http://|mirror: https://|" demo.yaml
  fails 1 build demo.yaml
  has "$err" "suite 'stable' at https://127.0.0.1:"
}

@test "nobody listens" {
  sed -i "s|mirror: .*|mirror: $DEAD|" demo.yaml
  fails 1 build demo.yaml
  has "$err" "suite 'stable' at $DEAD: "
  has "$err" "connect"
}

@test "a dead mirror is left for another one" {
  ok build demo.yaml -o one
  rm -rf "$ASHLAR_STORE"
  mv demo.lock one
  sed -i "s|mirror: .*|mirror: [$DEAD, $SERVER]|" demo.yaml
  ok build demo.yaml
  same demo.lock one/demo.lock
  rm -rf "$ASHLAR_STORE" demo.lock
  sed -i "s|mirror: .*|mirror: $DEAD|" demo.yaml
  ok build demo.yaml --mirror "$DEAD" --mirror "$SERVER"
  same demo.lock one/demo.lock
  sed -i "s|mirror: .*|mirror: []|" demo.yaml
  fails 2 build demo.yaml
  has "$err" "names no mirror"
}

@test "a mirror that stalls or lacks a package is left for another one" {
  cp -r "$ARCHIVE/www" second
  rm second/pool/hello*
  server_fault 100 stall '*other*.deb'
  sed -i "s|mirror: .*|mirror: ['file://$T/second', $SERVER]|" demo.yaml
  ok build demo.yaml
  [ "$(server_requests | grep -c hello)" = 1 ]
  rm -rf "$ASHLAR_STORE" demo-1.oci.tar
  sed -i "s|mirror: .*|mirror: [$SERVER, 'file://$T/second']|" demo.yaml
  ok build demo.yaml
  server_requests | grep -q 'other.*stall'
}

@test "a locked version that no mirror has any more" {
  ok lock demo.yaml
  deb_drop hello
  deb hello 2.0
  archive_publish
  fails 1 build demo.yaml
  has "$err" "the lock names packages that no mirror has any more"
  has "$err" "hello 1.0"
  has "$err" "hint: move the lock on with 'ashlar lock --update demo.yaml'"
  ok lock demo.yaml --update
  ok build demo.yaml
}

# A mirror as it is after the next push: in www/dists.next
next_push() {
  cp -r "$ARCHIVE/www/dists" dists.now
  deb_drop hello
  deb hello 2.0
  archive_publish
  mv "$ARCHIVE/www/dists" "$ARCHIVE/www/dists.next"
  mv dists.now "$ARCHIVE/www/dists"
}

@test "a mirror that changes between Release and index" {
  next_push
  server_fault 1 swap:dists.next '/dists/stable/InRelease'
  ok build demo.yaml
  jq -e '.packages.amd64[] | select(.name == "hello") | .version == "2.0"' demo.lock
}

@test "a mirror that changes between index and package" {
  next_push
  server_fault 1 swap:dists.next '*binary-amd64/by-hash/*'
  run_ashlar build demo.yaml
  [ "$status" = 1 ]
  has "$err" "hello 1.0"
  has "$err" "hint: "
  [ ! -e demo-1.oci.tar ]
  ok lock demo.yaml --update
  ok build demo.yaml
}
