# SPDX-License-Identifier: Apache-2.0
#
# An ordinary user needs nothing but the binary and gpgv
load ../lib/common
load ../lib/archive

setup() {
  setup_test
  need dpkg-deb apt-ftparchive gpg gpgv setpriv
  need_root
  # bats' own folders are for root only
  P=$(mktemp -d)
  T=$P
  chmod 755 "$P"
  cd "$P" || return
  cp "$ASHLAR" ashlar
  archive_new "$P/archive"
  root=$(deb_begin hello 1.0)
  mkdir -p "$root/usr/bin"
  echo x > "$root/usr/bin/su-like"
  chown 0:1234 "$root/usr/bin/su-like"
  chmod 4755 "$root/usr/bin/su-like"
  DEB_OWNERS=kept deb_end hello
  archive_publish
  recipe_for demo hello
  mkdir mine
  chown 65534:65534 mine
  cp demo.yaml keyring.gpg mine/
}

teardown() {
  archive_end
  cd /
  rm -rf "$P"
}

@test "a user without any privilege builds the same bytes as root, owners and all" {
  as_nobody ./ashlar build mine/demo.yaml -o mine
  ASHLAR_STORE=$P/store ok build demo.yaml
  same demo-1.oci.tar mine/demo-1.oci.tar
  same demo.lock mine/demo.lock
}

@test "no root, no network, no programs but gpgv" {
  mkdir bin
  cp "$(command -v gpgv)" bin/
  as_nobody unshare -r -n env PATH="$P/bin" "$P/ashlar" build mine/demo.yaml -o mine
  [ -f mine/demo-1.oci.tar ]
}

@test "a folder that may not be written is told, and nothing is left" {
  mkdir theirs
  chmod 755 theirs
  run as_nobody ./ashlar build mine/demo.yaml -o theirs
  [ "$status" = 1 ]
  [[ $output == *theirs* ]]
  [ -z "$(ls -A theirs)" ]
}

@test "a lock that may not be written is told" {
  run as_nobody ./ashlar build demo.yaml -o mine
  [ "$status" = 1 ]
  [[ $output == *demo.lock* ]]
}
